import type { HttpHandler, HttpResponse } from "../../../platform/transport.js";
import { readBody, TransportError } from "../../../platform/transport.js";
import type { VirtualClock } from "../../../platform/virtual-clock.js";
import { normalise, translate } from "./normalise.js";
import { asTransportError, openStream, type RawStream } from "./raw-stream.js";
import { type RecordedEvent, type RecordedLine, recordedOffers, statusIn } from "./recording.js";

/** How one recording is played. */
export interface PlayOptions {
  readonly lines: readonly RecordedLine[];
  readonly clock: VirtualClock;
  readonly handler: HttpHandler;
  /** Other servers of the recording, by `host:port`. */
  readonly others?: ReadonlyMap<string, HttpHandler>;
  /** Recorded ids and ours. */
  readonly ids: Map<string, string>;
  /** Streams that were open before the recording began, by name. */
  readonly streams?: ReadonlyMap<string, RawStream>;
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
  readonly ids: Map<string, string>;
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
  const { lines, clock, ids, hooks, skips } = options;
  const playing: Playing = { options, streams: new Map(options.streams), answers: [], differences: [], compared: 0 };
  const skipped: string[] = [];
  const startMs = clock.monotonic();
  for (const line of lines) {
    await hooks?.[line.index]?.({ streams: playing.streams, ids });
    const reason = skips?.(line);
    if (reason === undefined) {
      await clock.advance(Math.max(0, startMs + line.t * 1000 - clock.monotonic()));
      await playLine(playing, line);
      continue;
    }
    skipped.push(`${line.index}: ${reason}`);
    if (line.event?.type === "OFFERS") bindSkippedOffers(playing, line);
    else if (line.event !== undefined) passOver(translated(playing, line.event), playing.streams.get(line.conn ?? ""));
  }
  return { compared: playing.compared, skipped, differences: [...playing.differences, ...surplus(playing)] };
}

interface Playing {
  readonly options: PlayOptions;
  readonly streams: Map<string, RawStream>;
  readonly answers: (HttpResponse | TransportError)[];
  readonly differences: Difference[];
  compared: number;
}

/** What came and was not recorded. */
function surplus({ streams }: Playing): readonly Difference[] {
  return [...streams].flatMap(([conn, { unmatched }]) =>
    unmatched.map((received) => ({ line: -1, recorded: `nothing on ${conn}`, received })),
  );
}

/** A recorded value beside the one received. */
interface Pair {
  readonly recorded: unknown;
  readonly received: unknown;
}

function compare(playing: Playing, line: RecordedLine, pair: Pair): void {
  playing.compared++;
  const recorded = normalise(translate(pair.recorded, playing.options.ids));
  const received = normalise(pair.received);
  if (!isReproduced(recorded, received)) playing.differences.push({ line: line.index, recorded, received });
}

async function playLine(playing: Playing, line: RecordedLine): Promise<void> {
  const stream = playing.streams.get(line.conn ?? "");
  switch (line.kind) {
    case "request":
      return playRequest(playing, line);
    case "response":
      return compareResponse(playing, line);
    case "response-head":
      compare(playing, line, { recorded: line.status, received: stream?.response.status });
      bindStreamId(playing, line, stream);
      return;
    case "event":
      return playEvent(playing, line, stream);
    case "client-closes":
      stream?.leave();
      return;
    case "stream-end":
    case "stream-error":
      return compareEnd(playing, line, stream);
    case "error": {
      const failure = playing.answers.pop();
      const received = failure instanceof TransportError && !failure.isSent;
      compare(playing, line, { recorded: true, received });
      return;
    }
    default:
  }
}

async function compareEnd(playing: Playing, line: RecordedLine, stream: RawStream | undefined): Promise<void> {
  await playing.options.clock.advanceUntil(() => stream?.ended() !== undefined, LATE_MS);
  if (stream?.ended() === "left") return;
  compare(playing, line, { recorded: line.kind === "stream-end" ? "end" : "reset", received: stream?.ended() });
}

async function playRequest({ options, streams, answers }: Playing, line: RecordedLine): Promise<void> {
  const request = requestOf(line, options.ids);
  const handler = options.others?.get(line.to ?? "") ?? options.handler;
  if (line.conn === undefined) {
    answers.push(await handler(request).catch(asTransportError));
    return;
  }
  const opened = await openStream(handler, request, options.acknowledges ?? (() => false));
  if (opened instanceof TransportError) answers.push(opened);
  else if (opened.response.body instanceof Uint8Array) answers.push(opened.response);
  else streams.set(line.conn, opened);
}

async function compareResponse(playing: Playing, line: RecordedLine): Promise<void> {
  const response = playing.answers.shift();
  if (response === undefined || response instanceof TransportError) {
    compare(playing, line, { recorded: line.status, received: response });
    return;
  }
  const text = Buffer.from(await readBody(response)).toString("utf8");
  const isJson = response.headers["content-type"] === "application/json";
  const headers = COMPARED_HEADERS.filter((name) => line.headers?.[name] !== undefined);
  compare(playing, line, {
    recorded: [line.status, line.body ?? line.body_text ?? "", headers.map((name) => line.headers?.[name])],
    received: [
      response.status,
      isJson ? JSON.parse(text) : text,
      headers.map((name) => response.headers[name.toLowerCase()]),
    ],
  });
}

/** Headers of answers that clients act on. */
const COMPARED_HEADERS = ["Location", "WWW-Authenticate", "Allow"];

function bindStreamId({ options }: Playing, line: RecordedLine, stream: RawStream | undefined): void {
  const recorded = line.headers?.["Mesos-Stream-Id"];
  const ours = stream?.response.headers["mesos-stream-id"];
  if (recorded !== undefined && ours !== undefined) options.ids.set(recorded, ours);
}

async function playEvent(playing: Playing, line: RecordedLine, stream: RawStream | undefined): Promise<void> {
  const { event } = line;
  if (event === undefined || stream === undefined || event.type === "HEARTBEAT") return;
  if (event.type === "OFFERS") return playOffers(playing, line, stream);
  const find = () => {
    const wanted = signature(translated(playing, event));
    return stream.unmatched.findIndex((entry) => signature(entry) === wanted);
  };
  await playing.options.clock.advanceUntil(() => find() >= 0, LATE_MS);
  const [received] = find() < 0 ? [] : stream.unmatched.splice(find(), 1);
  if (received !== undefined) bind(playing, event, received);
  compare(playing, line, { recorded: event, received });
}

/** Offers may be spread over several OFFERS: they are matched one by one. */
async function playOffers(playing: Playing, line: RecordedLine, stream: RawStream): Promise<void> {
  const { ids, clock, ignoresOffered } = playing.options;
  for (const offer of recordedOffers(line.event ?? { type: "OFFERS" })) {
    const agentId = ids.get(offer.agent_id.value);
    const recorded = normalise({ ...(translate(offer, ids) as object), id: "" });
    const isSame = (entry: (typeof stream.offers)[number]) =>
      entry.agent_id.value === agentId &&
      (ignoresOffered?.(line) === true || isEqual(recorded, normalise({ ...entry, id: "" })));
    await clock.advanceUntil(() => stream.offers.some(isSame), LATE_MS);
    const index = stream.offers.findIndex(isSame);
    const [received] = index < 0 ? [] : stream.offers.splice(index, 1);
    playing.compared++;
    if (received !== undefined) ids.set(offer.id.value, received.id.value);
    else playing.differences.push({ line: line.index, recorded, received: [...stream.offers] });
  }
}

/** Later lines may accept what a line that is not compared offered. */
function bindSkippedOffers({ options, streams }: Playing, line: RecordedLine): void {
  const stream = streams.get(line.conn ?? "");
  for (const offer of recordedOffers(line.event ?? { type: "OFFERS" })) {
    const agentId = options.ids.get(offer.agent_id.value);
    const index = stream?.offers.findIndex((entry) => entry.agent_id.value === agentId) ?? -1;
    const [received] = index < 0 ? [] : (stream?.offers.splice(index, 1) ?? []);
    if (received !== undefined) options.ids.set(offer.id.value, received.id.value);
  }
}

function bind({ options }: Playing, recorded: RecordedEvent, received: RecordedEvent): void {
  const a = statusIn(recorded) as { readonly uuid?: string } | undefined;
  const b = statusIn(received) as { readonly uuid?: string } | undefined;
  if (a?.uuid !== undefined && b?.uuid !== undefined) options.ids.set(a.uuid, b.uuid);
  const operation = operationUuid(recorded);
  const ownOperation = operationUuid(received);
  if (operation !== undefined && ownOperation !== undefined) options.ids.set(operation, ownOperation);
  bindContainer(options, a, b);
  const inverse = inverseIdsIn(recorded);
  for (const [index, value] of inverseIdsIn(received).entries()) options.ids.set(inverse[index] ?? value, value);
  const id = frameworkIdIn(recorded);
  const ours = frameworkIdIn(received);
  if (id !== undefined && ours !== undefined) options.ids.set(id, ours);
}

function inverseIdsIn({ inverse_offers }: RecordedEvent): readonly string[] {
  const part = inverse_offers as
    | { readonly inverse_offers: readonly { readonly id: { readonly value: string } }[] }
    | undefined;
  return part?.inverse_offers.map(({ id }) => id.value) ?? [];
}

function operationUuid({ update_operation_status }: RecordedEvent): string | undefined {
  const part = update_operation_status as
    | { readonly status: { readonly uuid?: { readonly value: string } } }
    | undefined;
  return part?.status.uuid?.value;
}

interface WithContainer {
  readonly container_status?: {
    readonly container_id?: { readonly value: string; readonly parent?: { readonly value: string } };
  };
}

function bindContainer({ ids }: PlayOptions, recorded: unknown, received: unknown): void {
  // statuses of both sides have the same fields
  const a = (recorded as WithContainer | undefined)?.container_status?.container_id;
  const b = (received as WithContainer | undefined)?.container_status?.container_id;
  if (a !== undefined && b !== undefined) ids.set(a.value, b.value);
  if (a?.parent !== undefined && b?.parent !== undefined) ids.set(a.parent.value, b.parent.value);
}

function translated({ options }: Playing, event: RecordedEvent): RecordedEvent {
  // translation keeps the shape
  return translate(event, options.ids) as RecordedEvent;
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
  const operation = event.update_operation_status as
    | { readonly status: { readonly operation_id: unknown } }
    | undefined;
  if (operation !== undefined) return `${event.type} ${JSON.stringify(operation.status.operation_id)}`;
  return event.type === "RESCIND" || event.type === "FAILURE" ? JSON.stringify(event) : event.type;
}

function isEqual(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Equal but for what the recording cut: a text `(cut…` stands for anything, a key `(rest)` or `(cut)` for further fields. */
function isReproduced(recorded: unknown, received: unknown): boolean {
  if (typeof recorded === "string" && recorded.startsWith("(cut")) return true;
  if (Array.isArray(recorded)) {
    if (!Array.isArray(received) || recorded.length !== received.length) return false;
    return recorded.every((entry, index) => isReproduced(entry, received[index]));
  }
  if (typeof recorded !== "object" || recorded === null) return recorded === received;
  if (typeof received !== "object" || received === null) return false;
  const fields = received as Readonly<Record<string, unknown>>;
  const wanted = Object.entries(recorded).filter(([name]) => name !== "(rest)" && name !== "(cut)");
  // of an agent whose description was cut the other fields were cut, too
  const isCut = wanted.length < Object.keys(recorded).length || wanted.some(([, value]) => isCutShort(value));
  if (!isCut && Object.keys(fields).length !== wanted.length) return false;
  return wanted.every(([name, value]) => name in fields && isReproduced(value, fields[name]));
}

/** Whether something below was cut. */
function isCutShort(value: unknown): boolean {
  return typeof value === "object" && value !== null && JSON.stringify(value).includes('"(rest)"');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
