import type { Clock } from "../../platform/clock.js";
import type { HttpHandler, HttpRequest } from "../../platform/transport.js";

/** One request that changes something, as it came over the wire. */
export interface JournalEntry {
  readonly number: number;
  /** Wall time, milliseconds. */
  readonly at: number;
  readonly backend: "mesos" | "consul" | "switch";
  /** e.g. `KILL`, `PUT /v1/catalog/deregister`, `DELETE config/IPv4Route`. */
  readonly call: string;
  /** What it is about: task ids, a service id, a prefix. */
  readonly subject: string;
  readonly status: number;
}

const ENTRIES_MAX = 20_000;

/** Keeps the last requests in the order in which they were answered: the proof of what happened first. */
export function createJournal(clock: Clock) {
  const entries: JournalEntry[] = [];
  let number = 0;
  return {
    /** Entries after the given number. */
    after: (last: number): readonly JournalEntry[] => entries.filter((entry) => entry.number > last),
    /** The same handler, whose changing requests are written down. */
    recorded(backend: JournalEntry["backend"], handler: HttpHandler): HttpHandler {
      return async (request) => {
        const response = await handler(request);
        const told = describe(backend, request);
        if (told === undefined) return response;
        number += 1;
        entries.push({ number, at: clock.now(), backend, ...told, status: response.status });
        if (entries.length > ENTRIES_MAX) entries.shift();
        return response;
      };
    },
  };
}

export type Journal = ReturnType<typeof createJournal>;

type Told = Pick<JournalEntry, "call" | "subject">;

function describe(backend: JournalEntry["backend"], request: HttpRequest): Told | undefined {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  const path = request.url.split("?")[0] ?? "";
  const body = parsed(request.body);
  if (backend === "mesos") return describeMesos(body);
  if (backend === "consul") {
    const service = textAt(body, "Service", "ID") ?? textAt(body, "ServiceID") ?? textAt(body, "ID") ?? "";
    return { call: `${request.method} ${path}`, subject: service };
  }
  const subject = [textAt(body, "DestinationNw"), textAt(body, "NetworkMask")]
    .filter((part) => part !== undefined)
    .join(" ");
  return { call: `${request.method} ${path.replace(/^\/public\/v1\//i, "")}`, subject };
}

/** Calls that only ask or confirm are left out. */
const QUIET_CALLS: readonly string[] = ["ACKNOWLEDGE", "RECONCILE", "SUPPRESS", "REVIVE", "DECLINE"];

function describeMesos(body: unknown): Told | undefined {
  const call = textAt(body, "type");
  if (call === undefined || call.startsWith("GET_") || QUIET_CALLS.includes(call)) return undefined;
  return { call, subject: call === "ACCEPT" ? launchedTasks(body) : (textAt(body, "kill", "task_id", "value") ?? "") };
}

function launchedTasks(body: unknown): string {
  const operations = valueAt(body, "accept", "operations");
  const infos = Array.isArray(operations)
    ? operations.flatMap((operation) => valueAt(operation, "launch", "task_infos") ?? [])
    : [];
  return infos.map((info) => textAt(info, "task_id", "value") ?? "").join(",");
}

function parsed(body: Uint8Array | undefined): unknown {
  try {
    return body === undefined ? undefined : JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, field) =>
      typeof at === "object" && at !== null ? Object.getOwnPropertyDescriptor(at, field)?.value : undefined,
    value,
  );
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : undefined;
}
