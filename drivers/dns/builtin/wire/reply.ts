import { type Bytes, createBytes } from "./bytes.js";
import { HEADER_BYTES } from "./query.js";
import { CLASS, RCODE, type Rcode, type ResourceRecord, TYPE } from "./record.js";

/** What is to be said, before it is cut to the size that the asker takes. */
export interface Reply {
  readonly rcode: Rcode;
  readonly isAuthoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  /** What the asker will want to know next; the first to be left out. */
  readonly additionals: readonly ResourceRecord[];
}

/** How a reply answers its question. */
export interface ReplyFrame {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  readonly isRecursionAvailable: boolean;
  /** The question to repeat, and its name in lower case; undefined: none. */
  readonly question: { readonly bytes: Uint8Array; readonly name: string } | undefined;
  readonly hasEdns: boolean;
  readonly bytesMax: number;
}

/** What we take in one datagram, told to those who speak EDNS. */
export const UDP_BYTES_MAX = 4096;
const OPTION_BYTES = 11;

/**
 * The reply as bytes, with names compressed. What does not fit is left out: additional records without a word, anything
 * before them from its end on, and the reply is marked as truncated. Pure.
 */
export function writeReply(reply: Reply, frame: ReplyFrame): Uint8Array {
  const bytes = createBytes();
  const bytesMax = frame.bytesMax - (frame.hasEdns ? OPTION_BYTES : 0);
  bytes.raw(new Uint8Array(HEADER_BYTES));
  if (frame.question !== undefined) writeQuestion(bytes, frame.question);
  const answers = writeRecords(bytes, reply.answers, bytesMax);
  const areAnswersWhole = answers === reply.answers.length;
  const authorities = areAnswersWhole ? writeRecords(bytes, reply.authorities, bytesMax) : 0;
  const isTruncated = !areAnswersWhole || authorities < reply.authorities.length;
  const additionals = isTruncated ? 0 : writeRecords(bytes, reply.additionals, bytesMax);
  if (frame.hasEdns) writeOption(bytes, RCODE[reply.rcode]);
  const counts = [frame.question === undefined ? 0 : 1, answers, authorities, additionals + (frame.hasEdns ? 1 : 0)];
  for (const [index, value] of [frame.id, flagsOf(reply, frame, isTruncated), ...counts].entries()) {
    bytes.setUint16(index * 2, value);
  }
  return bytes.take();
}

function flagsOf(
  { rcode, isAuthoritative }: Reply,
  { isRecursionDesired, isRecursionAvailable }: ReplyFrame,
  isTruncated: boolean,
): number {
  return (
    0x8000 |
    (isAuthoritative ? 0x0400 : 0) |
    (isTruncated ? 0x0200 : 0) |
    (isRecursionDesired ? 0x0100 : 0) |
    (isRecursionAvailable ? 0x0080 : 0) |
    (RCODE[rcode] & 15)
  );
}

function writeQuestion(bytes: Bytes, { bytes: asked, name }: NonNullable<ReplyFrame["question"]>): void {
  const start = bytes.length();
  bytes.raw(asked);
  // with an escaped dot, places in the text are not places in the bytes
  if (name.includes("\\")) return;
  let rest = name;
  while (rest !== "") {
    bytes.noteName(rest, start + name.length - rest.length);
    const dot = rest.indexOf(".");
    rest = dot < 0 ? "" : rest.slice(dot + 1);
  }
}

/** How many of them, from the first on, fit. */
function writeRecords(bytes: Bytes, records: readonly ResourceRecord[], bytesMax: number): number {
  for (const [index, record] of records.entries()) {
    const before = bytes.length();
    writeRecord(bytes, record);
    if (bytes.length() <= bytesMax) continue;
    bytes.cut(before);
    return index;
  }
  return records.length;
}

function writeRecord(bytes: Bytes, record: ResourceRecord): void {
  bytes.name(record.name);
  bytes.uint16(TYPE[record.type]);
  bytes.uint16(CLASS.IN);
  bytes.uint32(record.ttl);
  const lengthAt = bytes.length();
  bytes.uint16(0);
  writeData(bytes, record);
  bytes.setUint16(lengthAt, bytes.length() - lengthAt - 2);
}

function writeData(bytes: Bytes, record: ResourceRecord): void {
  switch (record.type) {
    case "A":
      bytes.raw(Uint8Array.from(record.address.split("."), Number));
      break;
    case "NS":
    case "PTR":
      bytes.name(record.target);
      break;
    case "SRV":
      for (const number of [record.priority, record.weight, record.port]) bytes.uint16(number);
      // RFC 2782: readers need not know pointers here
      bytes.name(record.target, false);
      break;
    case "SOA": {
      const { serial, refresh, retry, expire, minimum } = record;
      bytes.name(record.mname);
      bytes.name(record.rname);
      for (const number of [serial, refresh, retry, expire, minimum]) bytes.uint32(number);
      break;
    }
    default:
      record satisfies never;
  }
}

function writeOption(bytes: Bytes, rcode: number): void {
  bytes.raw(Uint8Array.of(0));
  bytes.uint16(TYPE.OPT);
  bytes.uint16(UDP_BYTES_MAX);
  bytes.raw(Uint8Array.of(rcode >> 4, 0, 0, 0));
  bytes.uint16(0);
}
