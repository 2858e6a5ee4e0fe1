import type { HttpHandler, HttpRequest, HttpResponse } from "../../../../platform/transport.js";
import { encodeRecord } from "../recordio.js";
import type { WireOperatorAnswer } from "../wire-operator.js";

/** A call as a master received it. */
export interface ReceivedCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into calls of every type
  readonly body: any;
}

/** A master that says what a test tells it to say. */
export interface ScriptedMaster {
  readonly handler: HttpHandler;
  /** Everything but SUBSCRIBE, in order of arrival. */
  readonly calls: ReceivedCall[];
  readonly subscribes: ReceivedCall[];
  /** Scheduler calls of one type. */
  callsOf(type: string): readonly ReceivedCall[];
  /** A record on the newest stream. */
  push(event: unknown): void;
  /** Bytes on the newest stream, as they are. */
  pushBytes(bytes: Uint8Array): void;
  /** The newest stream ends cleanly, or breaks. */
  endStream(how: "clean" | "broken"): void;
  isStreaming(): boolean;
  /** What the operator API says. */
  readonly state: MasterState;
}

/** The master's answers; a test changes them as it goes. */
export interface MasterState {
  masterId: string;
  tasks: unknown[];
  unreachableTasks: unknown[];
  agents: unknown[];
  recoveredAgents: unknown[];
  frameworks: unknown[];
  executors: unknown[];
  /** The maintenance schedule. */
  windows: unknown[];
  /** Undefined: the call is handled as usual. */
  intercept: (request: HttpRequest, body: { readonly type?: string }) => HttpResponse | undefined;
}

/** A JSON answer. */
export function jsonResponse(value: unknown, status = 200): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

/** A text answer, as masters send with errors. */
export function textResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  return { status, headers: { "content-type": "text/plain", ...headers }, body: Buffer.from(text) };
}

function emptyState(): MasterState {
  return {
    masterId: "master-1",
    tasks: [],
    unreachableTasks: [],
    agents: [],
    recoveredAgents: [],
    frameworks: [],
    executors: [],
    windows: [],
    intercept: () => undefined,
  };
}

/** A master with nothing in it. */
export function scriptedMaster(): ScriptedMaster {
  const calls: ReceivedCall[] = [];
  const subscribes: ReceivedCall[] = [];
  const state = emptyState();
  let stream: ByteStream | undefined;

  async function handler(request: HttpRequest): Promise<HttpResponse> {
    const body = JSON.parse(Buffer.from(request.body ?? new Uint8Array()).toString("utf8"));
    const received = { path: request.url, headers: request.headers, body };
    if (body.type === "SUBSCRIBE") subscribes.push(received);
    else calls.push(received);
    const answer = state.intercept(request, body);
    if (answer !== undefined) return answer;
    if (!request.url.endsWith("/scheduler")) return jsonResponse(operatorAnswer(body.type));
    if (body.type !== "SUBSCRIBE") return { status: 202, headers: {}, body: new Uint8Array() };
    stream = byteStream(request.signal);
    const headers = { "content-type": "application/json", "mesos-stream-id": `stream-${subscribes.length}` };
    return { status: 200, headers, body: stream.body };
  }

  function operatorAnswer(type: WireOperatorAnswer["type"]): unknown {
    switch (type) {
      case "GET_TASKS":
        return { type, get_tasks: { tasks: state.tasks, unreachable_tasks: state.unreachableTasks } };
      case "GET_AGENTS":
        return { type, get_agents: { agents: state.agents, recovered_agents: state.recoveredAgents } };
      case "GET_MAINTENANCE_SCHEDULE":
        return { type, get_maintenance_schedule: { schedule: { windows: state.windows } } };
      case "GET_FRAMEWORKS":
        return { type, get_frameworks: { frameworks: state.frameworks } };
      case "GET_EXECUTORS":
        return { type, get_executors: { executors: state.executors } };
      case "GET_MASTER":
        return { type, get_master: { master_info: { id: state.masterId } } };
      default:
        return type satisfies never;
    }
  }

  return {
    handler,
    calls,
    subscribes,
    state,
    callsOf: (type) => calls.filter(({ body }) => body.type === type),
    push: (event) => stream?.push(encodeRecord(event)),
    pushBytes: (bytes) => stream?.push(bytes),
    endStream: (how) => stream?.end(how),
    isStreaming: () => stream?.isOpen() === true,
  };
}

interface ByteStream {
  readonly body: AsyncIterable<Uint8Array>;
  push(bytes: Uint8Array): void;
  end(how: "clean" | "broken"): void;
  isOpen(): boolean;
}

function byteStream(signal: AbortSignal | undefined): ByteStream {
  const queue: Uint8Array[] = [];
  let ending: "clean" | "broken" | undefined;
  let wake = () => {};
  const end = (how: "clean" | "broken") => {
    ending ??= how;
    wake();
  };
  signal?.addEventListener("abort", () => end("clean"), { once: true });

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) yield chunk;
      else if (ending === "broken") throw new Error("aborted");
      else if (ending === "clean") return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  return {
    body: read(),
    push(bytes) {
      queue.push(bytes);
      wake();
    },
    end,
    isOpen: () => ending === undefined,
  };
}
