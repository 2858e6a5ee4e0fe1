import { StatusError } from "../../api-types/meta/status-error.js";
import type { HttpHandler, HttpRequest, HttpResponse } from "../../platform/transport.js";
import type { Journal } from "./journal.js";
import type { Outages } from "./outages.js";
import type { Trouble } from "./trouble.js";

/** What can be asked of the simulated rack itself. */
export interface RackStatus {
  readonly journal: Journal;
  readonly trouble: Trouble;
  readonly outages: Outages;
  tasks(): readonly {
    readonly taskId: string;
    readonly node: string;
    readonly address: string;
    readonly image: string | undefined;
    readonly pid: number;
    readonly counters: Readonly<Record<string, number>>;
  }[];
  /** Packets that routed tasks received while the switch had no /32 for them, by task. */
  violations(): Readonly<Record<string, number>>;
}

const USAGE = [
  "GET /journal?after=N, GET /tasks, GET or PUT /faults, POST /restart?backend=NAME&wipe=true",
  "GET /outages, PUT /outages?part=PART&outage=stopped|cut|crashed, DELETE /outages?part=PART",
  "",
].join("\n");

/** What happened on the wire, what runs, and what shall go wrong. For demos and tests; on loopback only. */
export function statusHandler(status: RackStatus): HttpHandler {
  return async (request) => {
    try {
      return answer(status, request);
    } catch (error) {
      if (error instanceof StatusError) return text(error.code, `${error.message}\n`);
      return text(400, "the body must be JSON\n");
    }
  };
}

function answer(status: RackStatus, request: HttpRequest): HttpResponse {
  const url = new URL(request.url, "http://simulator");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /journal":
      return json({ entries: status.journal.after(Number(url.searchParams.get("after") ?? 0)) });
    case "GET /tasks":
      return json({ tasks: status.tasks(), packetsWithoutRoute: status.violations() });
    case "GET /faults":
      return json(status.trouble.asked());
    case "PUT /faults":
      status.trouble.set(JSON.parse(Buffer.from(request.body ?? []).toString()));
      return json(status.trouble.asked());
    case "POST /restart":
      status.trouble.restart(url.searchParams.get("backend"), url.searchParams.get("wipe") === "true");
      return json({});
    case "GET /outages":
      return outagesOf(status);
    case "PUT /outages":
      status.outages.begin(url.searchParams.get("part") ?? "", url.searchParams.get("outage") ?? "");
      return outagesOf(status);
    case "DELETE /outages":
      status.outages.end(url.searchParams.get("part") ?? undefined);
      return outagesOf(status);
    default:
      return text(404, USAGE);
  }
}

function outagesOf({ outages }: RackStatus): HttpResponse {
  return json({ parts: outages.list() });
}

function json(value: unknown): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

function text(status: number, message: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain" }, body: Buffer.from(message) };
}
