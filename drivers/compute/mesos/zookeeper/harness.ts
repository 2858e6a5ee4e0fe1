import { boolean, bytes, frameDecoder, int, type JuteField, juteFrame, juteReader, long, text } from "./jute.js";
import type { ByteSocket, ConnectSocket } from "./socket.js";

/** An ensemble in memory, for tests: what it holds, and what goes wrong with it. */
export interface FakeEnsemble {
  readonly connect: ConnectSocket;
  /** Contents by path; a change is told to who watches. */
  set(path: string, data: string): void;
  remove(path: string): void;
  /** Servers that refuse connections, by host. */
  readonly down: Set<string>;
  /** Servers that accept and say nothing, by host. */
  readonly mute: Set<string>;
  /** Nodes that clients may not read. */
  readonly denied: Set<string>;
  /** Breaks all connections. */
  cut(): void;
  /** Forgets all sessions. */
  expire(): void;
  /** Starts over with the past forgotten: transaction ids begin anew. */
  recreate(): void;
  /** Hosts in the order of connections. */
  readonly asked: string[];
  /** Session ids as presented, 0 for none. */
  readonly presented: bigint[];
}

/** An ensemble that holds nothing. */
export function fakeEnsemble(): FakeEnsemble {
  const state: State = {
    nodes: new Map(),
    sessions: new Set(),
    watches: new Map(),
    presented: [],
    denied: new Set(),
    zxid: 1n,
    nextSession: 1n,
  };
  const open = new Set<Channel>();
  const asked: string[] = [];
  const down = new Set<string>();
  const mute = new Set<string>();
  return {
    async connect({ host }) {
      asked.push(host);
      if (down.has(host)) throw new Error("connect ECONNREFUSED");
      const socket = serverFor(state, () => mute.has(host));
      open.add(socket);
      return socket;
    },
    set(path, data) {
      state.nodes.set(path, data);
      changed(state, path);
    },
    remove(path) {
      state.nodes.delete(path);
      changed(state, path);
    },
    down,
    mute,
    denied: state.denied,
    cut() {
      for (const socket of open) socket.end();
      open.clear();
      state.watches.clear();
    },
    expire: () => state.sessions.clear(),
    recreate() {
      state.sessions.clear();
      state.zxid = 1n;
    },
    asked,
    presented: state.presented,
  };
}

interface State {
  readonly nodes: Map<string, string>;
  readonly sessions: Set<bigint>;
  readonly watches: Map<Channel, Set<string>>;
  readonly presented: bigint[];
  readonly denied: Set<string>;
  zxid: bigint;
  nextSession: bigint;
}

/** Tells who watches the node above. */
function changed(state: State, path: string): void {
  state.zxid += 1n;
  const parent = path.slice(0, path.lastIndexOf("/"));
  for (const [socket, paths] of state.watches) {
    if (!paths.delete(parent)) continue;
    socket.send(juteFrame([int(-1), long(-1n), int(0), int(4), int(3), text(parent)]));
  }
}

/** The client's end of a connection to a server with this state. */
function serverFor(state: State, isMute: () => boolean): Channel {
  const decoder = frameDecoder();
  let isBegun = false;
  const socket = channel((chunk) => {
    if (isMute()) return;
    for (const record of decoder.push(chunk)) {
      if (isBegun) answer(state, socket, record);
      else begin(state, socket, record);
      isBegun = true;
    }
  });
  return socket;
}

function begin(state: State, socket: Channel, record: Uint8Array): void {
  const reader = juteReader(record);
  reader.int();
  const lastZxid = reader.long();
  const timeoutMs = reader.int();
  const id = reader.long();
  state.presented.push(id);
  // a server that knows less than the client has seen hangs up
  if (lastZxid > state.zxid) {
    socket.end();
    return;
  }
  const isExpired = id !== 0n && !state.sessions.has(id);
  const session = id === 0n ? state.nextSession++ : id;
  if (!isExpired) state.sessions.add(session);
  const head = isExpired ? [int(0), int(0), long(0n)] : [int(0), int(timeoutMs), long(session)];
  socket.send(juteFrame([...head, bytes(new Uint8Array(16)), boolean(false)]));
  if (isExpired) socket.end();
}

function answer(state: State, socket: Channel, record: Uint8Array): void {
  const reader = juteReader(record);
  const xid = reader.int();
  const type = reader.int();
  const head = [int(xid), long(state.zxid)];
  if (type === PING) socket.send(juteFrame([...head, int(0)]));
  else if (type === GET_DATA || type === GET_CHILDREN) {
    const path = reader.text();
    const fields = readNode(state, socket, { type, path });
    const error = state.denied.has(path) ? NO_AUTH : NO_NODE;
    socket.send(juteFrame(fields === undefined ? [...head, int(error)] : [...head, int(0), ...fields]));
  } else socket.end();
}

const GET_DATA = 4;
const PING = 11;
const GET_CHILDREN = 12;
const NO_NODE = -101;
const NO_AUTH = -102;

function readNode(
  { nodes, watches, denied }: State,
  socket: Channel,
  { type, path }: { readonly type: number; readonly path: string },
): readonly JuteField[] | undefined {
  const data = denied.has(path) ? undefined : nodes.get(path);
  if (data === undefined) return undefined;
  if (type === GET_DATA) return [text(data)];
  watches.set(socket, (watches.get(socket) ?? new Set()).add(path));
  const below = [...nodes.keys()].filter((key) => key.startsWith(`${path}/`));
  return [int(below.length), ...below.map((key) => text(key.slice(path.length + 1)))];
}

/** The client's end of a connection, and the server's. */
export interface Channel extends ByteSocket {
  send(bytes: Uint8Array): void;
  end(): void;
}

/** A connection in memory; `onWrite` is the server. */
export function channel(onWrite: (bytes: Uint8Array) => void): Channel {
  const queue: Uint8Array[] = [];
  let isOpen = true;
  let wake = () => {};
  const end = () => {
    isOpen = false;
    wake();
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    while (isOpen || queue.length > 0) {
      const chunk = queue.shift();
      if (chunk !== undefined) yield chunk;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    write: (bytes) => {
      if (isOpen) onWrite(bytes);
    },
    chunks: read(),
    close: end,
    send(bytes) {
      queue.push(bytes);
      wake();
    },
    end,
  };
}
