import type { HttpHandler, HttpResponse } from "../../platform/transport.js";
import type { Journal } from "./journal.js";

/** What can be asked of the simulated rack itself. */
export interface RackStatus {
  readonly journal: Journal;
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

/** `GET /journal?after=N` and `GET /tasks`: what happened on the wire, and what runs. For demos and tests. */
export function statusHandler(status: RackStatus): HttpHandler {
  return async (request) => {
    const url = new URL(request.url, "http://simulator");
    switch (url.pathname) {
      case "/journal":
        return json({ entries: status.journal.after(Number(url.searchParams.get("after") ?? 0)) });
      case "/tasks":
        return json({ tasks: status.tasks(), packetsWithoutRoute: status.violations() });
      default:
        return {
          status: 404,
          headers: { "content-type": "text/plain" },
          body: Buffer.from("GET /journal or /tasks\n"),
        };
    }
  };
}

function json(value: unknown): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
