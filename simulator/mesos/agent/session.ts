import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { Node, NodeTask, World } from "../cluster/world.js";
import type { RunnerSession, WindowSize } from "../task-runner.js";
import { type EventStream, eventStream } from "../wire/event-stream.js";
import { text } from "../wire/http.js";
import { liveTasks } from "./containers.js";

/** A container id with those it lies in. */
export interface ContainerId {
  readonly value: string;
  readonly parent?: ContainerId;
}

/** A program in a container inside of a task's. */
interface Session {
  readonly program: RunnerSession;
  readonly streams: Set<EventStream>;
  readonly waiting: ((end: SessionEnd) => void)[];
  end: SessionEnd | undefined;
}

/** How a program ended; exactly one is set. */
export interface SessionEnd {
  readonly code?: number;
  readonly signal?: string;
}

/** The sessions of one agent by container id, those that ended recently included. */
export type Sessions = Map<string, Session>;

/** What LAUNCH_NESTED_CONTAINER_SESSION asks for. */
export interface SessionOrder {
  readonly container_id: ContainerId;
  readonly command?: {
    readonly shell?: boolean;
    readonly value?: string;
    readonly arguments?: readonly string[];
    readonly environment?: { readonly variables?: readonly { readonly name: string; readonly value?: string }[] };
  };
  readonly container?: { readonly tty_info?: TtyInfo };
}

interface TtyInfo {
  readonly window_size?: WindowSize;
}

interface Site {
  readonly world: World;
  readonly node: Node;
  readonly sessions: Sessions;
}

/** Runs a program beside a task; the answer is its output, and ends with it. Whoever goes away kills it. */
export function launchSession(site: Site, request: HttpRequest, order: SessionOrder): HttpResponse {
  const { world, node, sessions } = site;
  const { value: id, parent } = order.container_id;
  if (parent === undefined) return text(400, "Expecting 'container_id.parent' to be present");
  if (sessions.has(id)) return text(409, `Container ${id} is already running`);
  const task = taskIn(node, parent);
  if (task === undefined) return text(404, `Container ${parent.value} cannot be found`);
  const stream = eventStream(request.signal, () => sessions.get(id)?.program.kill());
  const streams = new Set([stream]);
  const program = world.runner.session?.(task.info.task_id.value, programOf(order), {
    output: (from, bytes) => push(streams, dataRecord(from, bytes)),
    end: (end) => finish(sessions.get(id), end),
  });
  if (program === undefined) return text(500, "this container runs no programs");
  sessions.set(id, { program, streams, waiting: [], end: undefined });
  forgetOldest(sessions);
  beat(world, stream);
  return streamed(request, stream);
}

function programOf({ command = {}, container }: SessionOrder) {
  const { shell = true, value = "", arguments: argv = [] } = command;
  const window = container?.tty_info?.window_size;
  const env = (command.environment?.variables ?? []).map(({ name, value: text = "" }) => [name, text] as const);
  return {
    argv: shell ? ["/bin/sh", "-c", value] : [value, ...argv.slice(1)],
    env: Object.fromEntries(env),
    isTerminal: container?.tty_info !== undefined,
    ...(window === undefined ? {} : { window }),
  };
}

/** The running task of a container: its own id, or that of its executor where they are one. */
function taskIn(node: Node, id: ContainerId): NodeTask | undefined {
  return liveTasks(node).find((task) => task.containerId === id.value);
}

const SESSIONS_MAX = 200;

function forgetOldest(sessions: Sessions): void {
  for (const [id, session] of sessions) {
    if (sessions.size <= SESSIONS_MAX) return;
    if (session.end !== undefined) sessions.delete(id);
  }
}

function push(streams: ReadonlySet<EventStream>, record: unknown): void {
  for (const stream of streams) stream.push(record);
}

function dataRecord(from: "stdout" | "stderr", bytes: Uint8Array) {
  return { type: "DATA", data: { type: from.toUpperCase(), data: Buffer.from(bytes).toString("base64") } };
}

function finish(session: Session | undefined, end: SessionEnd): void {
  if (session === undefined) return;
  session.end = end;
  for (const stream of session.streams) stream.end();
  for (const resolve of session.waiting.splice(0)) resolve(end);
}

const HEARTBEAT_MS = 30_000;

function beat(world: World, stream: EventStream): void {
  world.clock.schedule(HEARTBEAT_MS, () => {
    if (!stream.isOpen()) return;
    const heartbeat = { interval: { nanoseconds: HEARTBEAT_MS * 1e6 } };
    stream.push({ type: "CONTROL", control: { type: "HEARTBEAT", heartbeat } });
    beat(world, stream);
  });
}

function streamed(request: HttpRequest, stream: EventStream): HttpResponse {
  const isRecordIo = (request.headers.accept ?? "").includes("application/recordio");
  const type: Readonly<Record<string, string>> = isRecordIo
    ? { "content-type": "application/recordio", "message-content-type": "application/json" }
    : { "content-type": "application/json" };
  return { status: 200, headers: { ...type, "transfer-encoding": "chunked" }, body: stream.body };
}

/** Further output of a session, from now on. */
export function attachOutput({ world, sessions }: Site, request: HttpRequest, id: ContainerId): HttpResponse {
  const session = sessions.get(id.value);
  if (session === undefined) return text(404, `Container ${id.value} cannot be found`);
  const stream = eventStream(request.signal, () => session.streams.delete(stream));
  session.streams.add(stream);
  if (session.end !== undefined) stream.end();
  beat(world, stream);
  return streamed(request, stream);
}

/** One record of ATTACH_CONTAINER_INPUT. */
export interface InputRecord {
  readonly type?: string;
  readonly container_id?: ContainerId;
  readonly process_io?: {
    readonly type?: string;
    readonly data?: { readonly data?: string };
    readonly control?: { readonly type?: string; readonly tty_info?: TtyInfo };
  };
}

/** Passes input and sizes of the window on until the input ends; data of no length is the end of file. */
export async function attachInput({ sessions }: Site, records: AsyncIterable<InputRecord>): Promise<HttpResponse> {
  let session: Session | undefined;
  for await (const { type, container_id, process_io } of records) {
    if (type === "CONTAINER_ID") session = sessions.get(container_id?.value ?? "");
    if (session === undefined) return text(404, `Container ${container_id?.value ?? ""} cannot be found`);
    if (type === "PROCESS_IO" && process_io !== undefined) take(session.program, process_io);
  }
  return text(200, "");
}

function take(program: RunnerSession, { type, data, control }: NonNullable<InputRecord["process_io"]>): void {
  const size = control?.tty_info?.window_size;
  if (size !== undefined) program.resize(size);
  if (type !== "DATA") return;
  const bytes = Buffer.from(data?.data ?? "", "base64");
  if (bytes.length === 0) program.endInput();
  else program.write(bytes);
}

/** Resolves when the program ended; undefined: there is none. */
export function waitFor({ sessions }: Site, id: ContainerId): Promise<SessionEnd> | undefined {
  const session = sessions.get(id.value);
  if (session === undefined) return undefined;
  if (session.end !== undefined) return Promise.resolve(session.end);
  return new Promise((resolve) => session.waiting.push(resolve));
}

/** Kills a program; false: there is none. */
export function killSession({ sessions }: Site, id: ContainerId): boolean {
  const session = sessions.get(id.value);
  session?.program.kill();
  return session !== undefined;
}
