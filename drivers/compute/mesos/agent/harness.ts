import type { HttpHandler, HttpRequest, HttpResponse } from "../../../../platform/transport.js";
import { encodeRecord, recordDecoder } from "../recordio.js";
import type { WireExecCall, WireProcessIo } from "./wire.js";

/** An agent on which one program runs at a time, as a test tells it. */
export interface ScriptedAgent {
  readonly handler: HttpHandler;
  /** Calls of the agent API, in order; of the input stream each record. */
  readonly calls: WireExecCall[];
  /** What the program writes. */
  say(io: WireProcessIo): void;
  /** Bytes of the output stream as they are. */
  sayBytes(bytes: Uint8Array): void;
  /** The program ends. */
  exit(status: number): void;
  /** The connection breaks. */
  cut(): void;
  /** Answers of GET by path and query. */
  readonly gets: Map<string, unknown>;
  /** Undefined: the call is handled as usual. */
  intercept: (type: string) => HttpResponse | undefined;
  /** Whether the session was given up from our side. */
  isAbandoned(): boolean;
}

/** An agent that knows nothing yet. */
export function scriptedAgent(): ScriptedAgent {
  const queue: Uint8Array[] = [];
  let ending: "clean" | "broken" | undefined;
  let exitStatus: number | undefined;
  let wake = () => {};
  let session: AbortSignal | undefined;
  const end = (how: "clean" | "broken") => {
    ending ??= how;
    wake();
  };

  async function* output(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) yield chunk;
      else if (ending === "broken") throw new Error("socket hang up");
      else if (ending === "clean") return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  async function answer(request: HttpRequest): Promise<HttpResponse> {
    if (request.method === "GET") return jsonOf(agent.gets.get(request.url), 404);
    if (request.bodyStream !== undefined) return takeInput(agent, request.bodyStream);
    const body = JSON.parse(Buffer.from(request.body ?? []).toString("utf8"));
    const refused = agent.intercept(body.type);
    agent.calls.push(body);
    if (refused !== undefined) return refused;
    if (body.type === "WAIT_NESTED_CONTAINER") {
      return jsonOf({ type: body.type, wait_nested_container: { exit_status: exitStatus } }, 404);
    }
    session = request.signal;
    session?.addEventListener("abort", () => end("broken"), { once: true });
    return { status: 200, headers: { "content-type": "application/recordio" }, body: output() };
  }

  const agent: ScriptedAgent = {
    handler: answer,
    calls: [],
    say: (io) => agent.sayBytes(encodeRecord(io)),
    sayBytes(bytes) {
      queue.push(bytes);
      wake();
    },
    exit(status) {
      exitStatus = status;
      end("clean");
    },
    cut: () => end("broken"),
    gets: new Map(),
    intercept: () => undefined,
    isAbandoned: () => session?.aborted === true,
  };
  return agent;
}

async function takeInput(agent: ScriptedAgent, stream: AsyncIterable<Uint8Array>): Promise<HttpResponse> {
  const refused = agent.intercept("ATTACH_CONTAINER_INPUT");
  if (refused !== undefined) return refused;
  const decoder = recordDecoder();
  for await (const chunk of stream) {
    for (const record of decoder.push(chunk)) agent.calls.push(JSON.parse(Buffer.from(record).toString("utf8")));
  }
  return { status: 200, headers: {}, body: new Uint8Array(0) };
}

function jsonOf(value: unknown, missing: number): HttpResponse {
  if (value === undefined) return { status: missing, headers: {}, body: new Uint8Array(0) };
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}
