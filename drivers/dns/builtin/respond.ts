import { isInside } from "../../../api-types/format/address.js";
import type { Forwarder } from "./forward.js";
import type { MessageHandler, MessagePeer, SocketAddress } from "./network/message-network.js";
import { type Query, type ReadMessage, readMessage } from "./wire/query.js";
import { type Rcode, type ResourceRecord, TYPE } from "./wire/record.js";
import { type Reply, type ReplyFrame, UDP_BYTES_MAX, writeReply } from "./wire/reply.js";
import { type Authority, answerQuery, REFUSED, refusal } from "./zone/answer.js";
import { transferOf } from "./zone/transfer.js";

/** What a server says at one moment; undefined while it does not know its zone yet. */
export interface Responding {
  readonly authority: Authority | undefined;
  readonly allowTransfer: readonly string[];
  readonly resolvers: readonly SocketAddress[];
}

export interface ResponderOptions {
  readonly responding: () => Responding;
  readonly forwarder: Forwarder;
  /** Called for each answer that is given. */
  readonly counted: (rcode: Rcode | "FORWARDED") => void;
}

const UDP_BYTES_MIN = 512;
const TCP_BYTES_MAX = 65_535;
const EDNS_VERSION = 0;
/** Records in one message of a transfer: however long their names are, they fit. */
const TRANSFER_RECORDS = 100;

/** Answers messages of clients; whatever they hold, it neither throws nor answers what is no question. */
export function createResponder(options: ResponderOptions): MessageHandler {
  return async function* respond(message, peer) {
    const read = readMessage(message);
    if (read.type === "nothing") return;
    const exchange = { read, peer, message, ...options.responding() };
    if (read.type === "refusal") yield written(options, refusal(read.rcode), exchange);
    else yield* answersTo(options, read.query, exchange);
  };
}

interface Exchange extends Responding {
  readonly read: Exclude<ReadMessage, { type: "nothing" }>;
  readonly peer: MessagePeer;
  readonly message: Uint8Array;
}

async function* answersTo(options: ResponderOptions, query: Query, exchange: Exchange): AsyncGenerator<Uint8Array> {
  const { authority } = exchange;
  const early = earlyRefusal(query, authority);
  if (early !== undefined || authority === undefined) return yield written(options, early ?? REFUSED, exchange);
  if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return yield* transfer(options, query, exchange);
  const reply = answerQuery(query, authority);
  if (reply !== "foreign") return yield written(options, reply, exchange);
  yield (await forwarded(options, query, exchange)) ?? written(options, foreignReply(query, exchange), exchange);
}

function earlyRefusal({ edns }: Query, authority: Authority | undefined): Reply | undefined {
  if (edns !== undefined && edns.version > EDNS_VERSION) return refusal("BADVERS");
  return authority === undefined ? refusal("SERVFAIL") : undefined;
}

/** The whole zone, to whom it is allowed, over a stream; a question for changes gets all of it, too (RFC 1995). */
function* transfer(options: ResponderOptions, query: Query, exchange: Exchange): Generator<Uint8Array> {
  const { authority, allowTransfer, peer } = exchange;
  const isAllowed = allowTransfer.some((prefix) => isInside(`${peer.address}/32`, prefix));
  if (authority === undefined || !isAllowed || peer.transport !== "tcp" || query.name !== authority.domain) {
    return yield written(options, REFUSED, exchange);
  }
  // made as fast as it is read: what changes meanwhile has a later serial, and is seen by the next transfer
  let records: ResourceRecord[] = [];
  for (const record of transferOf(authority)) {
    records.push(record);
    if (records.length < TRANSFER_RECORDS) continue;
    yield written(options, answering(records), exchange);
    records = [];
  }
  if (records.length > 0) yield written(options, answering(records), exchange);
}

function answering(answers: readonly ResourceRecord[]): Reply {
  return { rcode: "NOERROR", isAuthoritative: true, answers, authorities: [], additionals: [] };
}

async function forwarded(
  { forwarder, counted }: ResponderOptions,
  query: Query,
  { resolvers, message, peer }: Exchange,
): Promise<Uint8Array | undefined> {
  if (!query.isRecursionDesired || resolvers.length === 0) return undefined;
  const { transport } = peer;
  const answer = await forwarder.ask({ message, question: query.question, transport, resolvers });
  if (answer !== undefined) counted("FORWARDED");
  return answer;
}

/** Nobody was to be asked, or nobody could tell. */
function foreignReply({ isRecursionDesired }: Query, { resolvers }: Exchange): Reply {
  return isRecursionDesired && resolvers.length > 0 ? refusal("SERVFAIL") : REFUSED;
}

function written({ counted }: ResponderOptions, reply: Reply, exchange: Exchange): Uint8Array {
  counted(reply.rcode);
  return writeReply(reply, frameOf(exchange));
}

function frameOf({ read, peer, resolvers }: Exchange): ReplyFrame {
  const query = read.type === "query" ? read.query : undefined;
  const { id, isRecursionDesired } = query ?? (read as Extract<ReadMessage, { type: "refusal" }>); // one of the two
  const udpBytes = Math.min(Math.max(query?.edns?.udpBytes ?? UDP_BYTES_MIN, UDP_BYTES_MIN), UDP_BYTES_MAX);
  return {
    id,
    isRecursionDesired,
    isRecursionAvailable: resolvers.length > 0,
    question: query && { bytes: query.question, name: query.name },
    hasEdns: query?.edns !== undefined,
    bytesMax: peer.transport === "tcp" ? TCP_BYTES_MAX : udpBytes,
  };
}
