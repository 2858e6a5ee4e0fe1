import { boolean, bytes, int, type JuteReader, juteFrame, juteReader, long, text } from "./jute.js";

/** A session that a server holds for us; presented again to another server within its timeout, it goes on. */
export interface ZooKeeperSessionId {
  readonly id: bigint;
  readonly password: Uint8Array;
}

/** What a server answers to a new connection. */
export type ConnectAnswer =
  | { readonly type: "connected"; readonly session: ZooKeeperSessionId; readonly timeoutMs: number }
  | { readonly type: "expired" };

/** What comes after that. */
export type ServerMessage =
  /** `body` is what follows the header; an error has none. */
  | {
      readonly type: "reply";
      readonly xid: number;
      readonly zxid: bigint;
      readonly error: number;
      readonly body: JuteReader;
    }
  /** A watch fired, and is gone. */
  | { readonly type: "event"; readonly path: string; readonly event: number; readonly state: number };

/** Numbers of the requests that only read. */
const GET_DATA = 4;
const PING = 11;
const GET_CHILDREN_2 = 12;
const CLOSE = -11;

const PING_XID = -2;
const EVENT_XID = -1;

/** The error of a node that does not exist. */
export const NO_NODE = -101;

/** The first frame of a connection. `lastZxid`: a server that knows less than we have seen must refuse us. */
export function connectRequest(options: {
  readonly lastZxid: bigint;
  readonly timeoutMs: number;
  readonly session: ZooKeeperSessionId | undefined;
}): Uint8Array {
  const { lastZxid, timeoutMs, session } = options;
  const password = session?.password ?? new Uint8Array(16);
  // protocol version first, at the end: a server that only reads will do
  return juteFrame([int(0), long(lastZxid), int(timeoutMs), long(session?.id ?? 0n), bytes(password), boolean(true)]);
}

/** The first record from a server. */
export function parseConnectAnswer(record: Uint8Array): ConnectAnswer {
  const reader = juteReader(record);
  reader.int();
  const timeoutMs = reader.int();
  const id = reader.long();
  const password = reader.bytes() ?? new Uint8Array(0);
  // old servers leave the last field out: it is not read
  return timeoutMs <= 0 ? { type: "expired" } : { type: "connected", session: { id, password }, timeoutMs };
}

export const pingRequest = (): Uint8Array => juteFrame([int(PING_XID), int(PING)]);
export const closeRequest = (xid: number): Uint8Array => juteFrame([int(xid), int(CLOSE)]);

/** Names of the nodes below `path`, with a watch on them. */
export const childrenRequest = (xid: number, path: string): Uint8Array =>
  juteFrame([int(xid), int(GET_CHILDREN_2), text(path), boolean(true)]);

/** What a node holds. */
export const dataRequest = (xid: number, path: string): Uint8Array =>
  juteFrame([int(xid), int(GET_DATA), text(path), boolean(false)]);

/** Every record after the first. */
export function parseServerMessage(record: Uint8Array): ServerMessage {
  const body = juteReader(record);
  const xid = body.int();
  const zxid = body.long();
  const error = body.int();
  if (xid !== EVENT_XID) return { type: "reply", xid, zxid, error, body };
  const event = body.int();
  const state = body.int();
  return { type: "event", path: body.text(), event, state };
}
