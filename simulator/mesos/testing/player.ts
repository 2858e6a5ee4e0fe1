import type { HttpHandler, HttpResponse } from "../../../platform/transport.js";
import { readBody, TransportError } from "../../../platform/transport.js";
import type { VirtualClock } from "../../../platform/virtual-clock.js";
import { normalise, translate } from "./normalise.js";
import { openStream, type RawStream } from "./raw-stream.js";
import { type RecordedEvent, type RecordedLine, recordedOffers, statusIn } from "./recording.js";

/** How one recording is played. */
export interface PlayOptions {
  readonly lines: readonly RecordedLine[];
  readonly clock: VirtualClock;
  readonly handler: HttpHandler;
  /** Recorded ids and ours. */
  readonly ids: Map<string, string>;
  /** What happens outside of HTTP, before the line of that index. */
  readonly hooks?: Readonly<Record<number, (scene: Scene) => unknown>>;
  /** Lines that are not reproduced, and why. */
  readonly skips?: (line: RecordedLine) => string | undefined;
  /** Whether an update is acknowledged although no ACKNOWLEDGE was recorded. */
  readonly acknowledges?: (event: RecordedEvent) => boolean;
  /** Offers that are compared by agent only: the real allocator's choice was drawn, or rests on what was not recorded. */
  readonly ignoresOffered?: (line: RecordedLine) => boolean;
}

/** What a hook can reach. */
export interface Scene {
  readonly streams: ReadonlyMap<string, RawStream>;
  /** Recorded ids and ours. */
  readonly ids: ReadonlyMap<string, string>;
}

/** What playing found. */
export interface PlayResult {
  readonly compared: number;
  readonly skipped: readonly string[];
  readonly differences: readonly Difference[];
}

/** A recorded line that was answered differently. */
export interface Difference {
  readonly line: number;
  readonly recorded: unknown;
  readonly received: unknown;
}

/** Longest wait for a recorded event beyond its time. */
const LATE_MS = 500;

/** Sends the recorded requests at their times and compares every answer and event. */
export async function play(options: PlayOptions): Promise<PlayResult> {
  const streams = new Map<string, RawStream>();
  const answers: { readonly response: Promise<HttpResponse | TransportError> }[] = [];
  const differences: Difference[] = [];
  const skipped: string[] = [];
  const startMs = options.clock.monotonic();
  let compared = 0;

  function compare(line: RecordedLine, recorded: unknown, received: unknown): void {
    compared++;
    const want = normalise(translate(recorded, options.ids));
    const got = normalise(received);
    if (!isEqual(want, got)) differences.push({ line: line.index, recorded: want, received: got });
  }

  async function playLine(line: RecordedLine): Promise<void> {
    const stream = streams.get(line.conn ?? "");
    switch (line.kind) {
      case "request":
        return playRequest(line);
      case "response":
        return compareResponse(line);
      case "response-head":
        compare(line, line.status, stream?.response.status);
        if (stream !== undefined) bindStreamId(line, stream.response);
        return;
      case "event":
        return playEvent(line, stream);
      case "client-closes":
        stream?.leave();
        return;
      case "stream-end":
        await options.clock.advanceUntil(() => stream?.ended() !== undefined, LATE_MS);
        if (stream?.ended() !== "left") compare(line, "end", stream?.ended());
        return;
      case "stream-error":
        if (stream?.ended() !== "left") compare(line, "reset", stream?.ended());
        return;
      case "error": {
        const answer = await answers.pop()?.response;
        compare(line, true, answer instanceof TransportError && !answer.isSent);
        return;
      }
      default:
    }
  }

  async function playRequest(line: RecordedLine): Promise<void> {
    const request = requestOf(line, options.ids);
    if (line.conn === undefined) {
      const response = options.handler(request).catch((error: unknown) => {
        if (error instanceof TransportError) return error;
        throw error;
      });
      answers.push({ response });
      await response;
      return;
    }
    const opened = await openStream(options.handler, request, options.acknowledges ?? (() => false));
    if (opened instanceof TransportError) answers.push({ response: Promise.resolve(opened) });
    else streams.set(line.conn, opened);
  }

  async function compareResponse(line: RecordedLine): Promise<void> {
    const response = await answers.shift()?.response;
    if (response === undefined || response instanceof TransportError) return compare(line, line.status, response);
    const text = Buffer.from(await readBody(response)).toString("utf8");
    const isJson = response.headers["content-type"] === "application/json";
    compare(
      line,
      [line.status, line.body ?? line.body_text ?? ""],
      [response.status, isJson ? JSON.parse(text) : text],
    );
  }

  function bindStreamId(line: RecordedLine, response: HttpResponse): void {
    const recorded = line.headers?.["Mesos-Stream-Id"];
    const ours = response.headers["mesos-stream-id"];
    if (recorded !== undefined && ours !== undefined) options.ids.set(recorded, ours);
  }

  async function playEvent(line: RecordedLine, stream: RawStream | undefined): Promise<void> {
    const { event } = line;
    if (event === undefined || stream === undefined || event.type === "HEARTBEAT") return;
    if (event.type === "OFFERS") return playOffers(line, stream);
    const find = () => stream.unmatched.findIndex((entry) => signature(entry) === wanted());
    const wanted = () => signature(translate(event, options.ids) as RecordedEvent);
    await options.clock.advanceUntil(() => find() >= 0, LATE_MS);
    const [received] = find() < 0 ? [] : stream.unmatched.splice(find(), 1);
    if (received !== undefined) bind(event, received);
    compare(line, event, received);
  }

  /** Offers may be spread over several OFFERS: they are matched one by one. */
  async function playOffers(line: RecordedLine, stream: RawStream): Promise<void> {
    for (const offer of recordedOffers(line.event ?? { type: "OFFERS" })) {
      const agentId = options.ids.get(offer.agent_id.value);
      const want = normalise({ ...(translate(offer, options.ids) as object), id: "" });
      const isSame = (entry: (typeof stream.offers)[number]) =>
        entry.agent_id.value === agentId &&
        (options.ignoresOffered?.(line) === true || isEqual(want, normalise({ ...entry, id: "" })));
      await options.clock.advanceUntil(() => stream.offers.some(isSame), LATE_MS);
      const index = stream.offers.findIndex(isSame);
      const [received] = index < 0 ? [] : stream.offers.splice(index, 1);
      compared++;
      if (received === undefined) differences.push({ line: line.index, recorded: want, received: stream.offers });
      else options.ids.set(offer.id.value, received.id.value);
    }
  }

  function bind(recorded: RecordedEvent, received: RecordedEvent): void {
    const a = statusIn(recorded) as { readonly uuid?: string } | undefined;
    const b = statusIn(received) as { readonly uuid?: string } | undefined;
    if (a?.uuid !== undefined && b?.uuid !== undefined) options.ids.set(a.uuid, b.uuid);
    const id = frameworkIdIn(recorded);
    const ours = frameworkIdIn(received);
    if (id !== undefined && ours !== undefined) options.ids.set(id, ours);
  }

  for (const line of options.lines) {
    await options.hooks?.[line.index]?.({ streams, ids: options.ids });
    const reason = options.skips?.(line);
    if (reason !== undefined) {
      skipped.push(`${line.index}: ${reason}`);
      if (line.event !== undefined) {
        passOver(translate(line.event, options.ids) as RecordedEvent, streams.get(line.conn ?? ""));
      }
      continue;
    }
    await options.clock.advance(Math.max(0, startMs + line.t * 1000 - options.clock.monotonic()));
    await playLine(line);
  }
  for (const [conn, stream] of streams) {
    for (const event of stream.unmatched)
      differences.push({ line: -1, recorded: `nothing on ${conn}`, received: event });
  }
  return { compared, skipped, differences };
}

/** Takes an event out that is there but cannot be compared. */
function passOver(event: RecordedEvent, stream: RawStream | undefined): void {
  const index = stream?.unmatched.findIndex((entry) => signature(entry) === signature(event)) ?? -1;
  if (index >= 0) stream?.unmatched.splice(index, 1);
}

function frameworkIdIn(event: RecordedEvent): string | undefined {
  const subscribed = event.subscribed as { readonly framework_id?: { readonly value: string } } | undefined;
  return subscribed?.framework_id?.value;
}

function requestOf(line: RecordedLine, ids: ReadonlyMap<string, string>) {
  const headers = Object.fromEntries(
    Object.entries(line.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(translate(value, ids))]),
  );
  const text = line.body === undefined ? (line.body_text ?? "") : JSON.stringify(translate(line.body, ids));
  return { method: line.method ?? "POST", url: line.path ?? "/", headers, body: Buffer.from(text, "utf8") };
}

/** What makes two events the same but for their content. */
function signature(event: RecordedEvent): string {
  const status = statusIn(event);
  if (status !== undefined) return [event.type, status.task_id.value, status.state, status.reason].join(" ");
  const added = event.task_added as { readonly task: { readonly task_id: { readonly value: string } } } | undefined;
  if (added !== undefined) return `${event.type} ${added.task.task_id.value}`;
  return event.type === "RESCIND" || event.type === "FAILURE" ? JSON.stringify(event) : event.type;
}

function isEqual(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
