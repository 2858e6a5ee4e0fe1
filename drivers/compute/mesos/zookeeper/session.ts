import { setMaxListeners } from "node:events";
import type { Clock, Timer } from "../../../../platform/clock.js";
import type { HostPort } from "./address.js";
import { frameDecoder, type JuteReader } from "./jute.js";
import {
  childrenRequest,
  closeRequest,
  connectRequest,
  dataRequest,
  NO_NODE,
  parseConnectAnswer,
  parseServerMessage,
  pingRequest,
  type ZooKeeperSessionId,
} from "./messages.js";
import type { ByteSocket, ConnectSocket } from "./socket.js";

/** A live connection to one server of an ensemble; calls reject when it is lost. */
export interface ZooKeeperConnection {
  /** Names below `path`; `onChange` runs once when they change. Undefined: there is no such node, and no watch. */
  children(path: string, onChange: () => void): Promise<readonly string[] | undefined>;
  /** What a node holds; undefined: there is no such node. */
  data(path: string): Promise<Uint8Array | undefined>;
  /** Aborts when the connection is lost. */
  readonly signal: AbortSignal;
}

/** What outlives a connection. */
export interface SessionMemory {
  session: ZooKeeperSessionId | undefined;
  /** The newest state that was seen: no server may show us an older one. */
  lastZxid: bigint;
}

/** What one connection needs. */
export interface ConnectionOptions {
  readonly connect: ConnectSocket;
  readonly clock: Clock;
  readonly memory: SessionMemory;
  onConnected(connection: ZooKeeperConnection): void;
}

/** As Mesos' own masters ask for. */
const SESSION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** One connection from its first to its last byte. Resolves with the reason of its end; never rejects. */
export async function runConnection(
  server: HostPort,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<string> {
  const run = newRun(options, server);
  const onAbort = () => {
    // gives the session back: its server need not wait for its end
    if (run.xid > 0) run.socket?.write(closeRequest(run.xid + 1));
    end(run, "closed");
  };
  signal.addEventListener("abort", onAbort, { once: true });
  run.silence = options.clock.schedule(CONNECT_TIMEOUT_MS, () => end(run, "no answer"));
  try {
    if (!signal.aborted) await talk(run);
    return run.endReason ?? "closed by the server";
  } catch (error) {
    return run.endReason ?? (error instanceof Error ? error.message : String(error));
  } finally {
    signal.removeEventListener("abort", onAbort);
    end(run, "closed");
    for (const { reject } of run.waiting.values()) reject(new Error(`${nameOf(server)}: ${run.endReason}`));
  }
}

interface Waiting {
  resolve(body: JuteReader | undefined): void;
  reject(error: Error): void;
}

interface Run {
  readonly options: ConnectionOptions;
  readonly server: HostPort;
  readonly abort: AbortController;
  readonly waiting: Map<number, Waiting>;
  readonly watches: Map<string, () => void>;
  socket: ByteSocket | undefined;
  xid: number;
  timeoutMs: number;
  endReason: string | undefined;
  silence: Timer | undefined;
  ping: Timer | undefined;
}

function newRun(options: ConnectionOptions, server: HostPort): Run {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return {
    options,
    server,
    abort,
    waiting: new Map(),
    watches: new Map(),
    socket: undefined,
    xid: 0,
    timeoutMs: SESSION_TIMEOUT_MS,
    endReason: undefined,
    silence: undefined,
    ping: undefined,
  };
}

function end(run: Run, reason: string): void {
  run.endReason ??= reason;
  run.silence?.cancel();
  run.ping?.cancel();
  run.abort.abort();
  run.socket?.close();
}

async function talk(run: Run): Promise<void> {
  const { memory } = run.options;
  run.socket = await untilAbort(run.options.connect(run.server, run.abort.signal), run.abort.signal);
  if (run.socket === undefined) return;
  run.socket.write(connectRequest({ ...memory, timeoutMs: SESSION_TIMEOUT_MS }));
  const decoder = frameDecoder();
  let isConnected = false;
  for await (const chunk of run.socket.chunks) {
    for (const record of decoder.push(chunk)) {
      if (run.abort.signal.aborted) return;
      if (isConnected) take(run, record);
      else isConnected = begin(run, record);
    }
  }
}

/** The socket, or nothing when that took longer than the connection may last. */
async function untilAbort(socket: Promise<ByteSocket>, signal: AbortSignal): Promise<ByteSocket | undefined> {
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const first = await Promise.race([socket, aborted]);
  // one that opens too late is closed, a failure that comes too late concerns nobody
  if (first === undefined) socket.then((late) => late.close()).catch(() => {});
  return first;
}

/** The server's first word; false: it is its last, too. */
function begin(run: Run, record: Uint8Array): boolean {
  const { memory, onConnected } = run.options;
  const answer = parseConnectAnswer(record);
  if (answer.type === "expired") {
    memory.session = undefined;
    end(run, "the session has expired");
    return false;
  }
  memory.session = answer.session;
  run.timeoutMs = answer.timeoutMs;
  hear(run);
  keepAlive(run);
  onConnected({
    children: async (path, onChange) => {
      const body = await ask(
        run,
        (xid) => childrenRequest(xid, path),
        () => run.watches.set(path, onChange),
      );
      return body?.texts();
    },
    data: async (path) => (await ask(run, (xid) => dataRequest(xid, path)))?.bytes(),
    signal: run.abort.signal,
  });
  return true;
}

/** Nothing heard for two thirds of the session's timeout: another server has the last third. */
function hear(run: Run): void {
  run.silence?.cancel();
  run.silence = run.options.clock.schedule((run.timeoutMs * 2) / 3, () => end(run, "no heartbeat"));
}

function keepAlive(run: Run): void {
  run.ping = run.options.clock.schedule(run.timeoutMs / 3, () => {
    run.socket?.write(pingRequest());
    keepAlive(run);
  });
}

function ask(run: Run, request: (xid: number) => Uint8Array, onSent?: () => void): Promise<JuteReader | undefined> {
  return new Promise((resolve, reject) => {
    if (run.abort.signal.aborted) return reject(new Error(`${nameOf(run.server)}: ${run.endReason}`));
    run.xid += 1;
    run.waiting.set(run.xid, { resolve, reject });
    run.socket?.write(request(run.xid));
    onSent?.();
  });
}

/** Throws on what the protocol does not allow. */
function take(run: Run, record: Uint8Array): void {
  hear(run);
  const message = parseServerMessage(record);
  if (message.type === "event") {
    const onChange = run.watches.get(message.path);
    run.watches.delete(message.path);
    onChange?.();
    return;
  }
  const { memory } = run.options;
  if (message.zxid > memory.lastZxid) memory.lastZxid = message.zxid;
  const waiting = run.waiting.get(message.xid);
  run.waiting.delete(message.xid);
  if (message.error === 0) waiting?.resolve(message.body);
  else if (message.error === NO_NODE) waiting?.resolve(undefined);
  else waiting?.reject(new Error(`${nameOf(run.server)} answered with error ${message.error}`));
}

function nameOf({ host, port }: HostPort): string {
  return `${host}:${port}`;
}
