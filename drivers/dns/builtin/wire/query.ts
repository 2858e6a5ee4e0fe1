import { CLASS, TYPE } from "./record.js";

/** A question as it was asked. */
export interface Query {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  /** In lower case, without a final dot; a dot inside a label is `\.`. The root is the empty string. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question section as it came: it is repeated in the reply, letter case included. */
  readonly question: Uint8Array;
  /** Undefined: the asker does not speak EDNS. */
  readonly edns: { readonly version: number; readonly udpBytes: number } | undefined;
}

/**
 * What the bytes of a message are: a question; something that asks in vain, and is told so; or nothing that deserves a
 * reply, which a message that is itself a reply never does.
 */
export type ReadMessage =
  | { readonly type: "query"; readonly query: Query }
  | {
      readonly type: "refusal";
      readonly rcode: "FORMERR" | "NOTIMP";
      readonly id: number;
      readonly isRecursionDesired: boolean;
    }
  | { readonly type: "nothing" };

export const HEADER_BYTES = 12;
const NAME_BYTES_MAX = 255;
const LABEL_BYTES_MAX = 63;

/** Reads a message that a client sent. Never throws, and never looks past the end. Pure. */
export function readMessage(message: Uint8Array): ReadMessage {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < 4) return { type: "nothing" };
  const flags = view.getUint16(2);
  if (flags & 0x8000) return { type: "nothing" };
  const asked = { id: view.getUint16(0), isRecursionDesired: (flags & 0x0100) !== 0 };
  if (((flags >> 11) & 15) !== 0) return { type: "refusal", rcode: "NOTIMP", ...asked };
  const query = message.length < HEADER_BYTES ? undefined : readQuestion(message, view);
  return query === undefined
    ? { type: "refusal", rcode: "FORMERR", ...asked }
    : { type: "query", query: { ...asked, ...query } };
}

function readQuestion(message: Uint8Array, view: DataView): Omit<Query, "id" | "isRecursionDesired"> | undefined {
  const name = readName(message, HEADER_BYTES);
  if (view.getUint16(4) !== 1 || name === undefined || name.end + 4 > message.length) return undefined;
  const end = name.end + 4;
  const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  const options = readOptions(message, view, { start: end, records });
  if (options === undefined) return undefined;
  return {
    name: name.text,
    type: view.getUint16(name.end),
    class: view.getUint16(name.end + 2),
    question: message.subarray(HEADER_BYTES, end),
    edns: options.edns,
  };
}

/** The name that starts here and where it ends; questions have nothing before them that they could point to. */
function readName(message: Uint8Array, start: number): { readonly text: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > LABEL_BYTES_MAX) return undefined;
    at += 1;
    if (at - start > NAME_BYTES_MAX) return undefined;
    if (length === 0) return { text: labels.join("."), end: at };
    if (at + length > message.length) return undefined;
    labels.push(labelText(message.subarray(at, at + length)));
    at += length;
  }
}

function labelText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").toLowerCase().replaceAll(".", "\\.");
}

/** Looks through the records behind the question for the one of EDNS; undefined when they are not whole. */
function readOptions(
  message: Uint8Array,
  view: DataView,
  { start, records }: { readonly start: number; readonly records: number },
): { readonly edns: Query["edns"] } | undefined {
  let edns: Query["edns"];
  let at = start;
  for (let index = 0; index < records; index += 1) {
    const fixed = skipName(message, at);
    if (fixed === undefined || fixed + 10 > message.length) return undefined;
    const end = fixed + 10 + view.getUint16(fixed + 8);
    if (end > message.length) return undefined;
    if (view.getUint16(fixed) === TYPE.OPT) {
      if (edns !== undefined || fixed !== at + 1) return undefined;
      edns = { udpBytes: view.getUint16(fixed + 2), version: view.getUint8(fixed + 5) };
    }
    at = end;
  }
  return { edns };
}

/** Where the name of a record ends; a pointer ends it, wherever it leads. */
function skipName(message: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > LABEL_BYTES_MAX) return undefined;
    at += 1 + length;
  }
}

/** Whether the question is of the one class that there is something to say about. */
export function isInternet(query: Query): boolean {
  return query.class === CLASS.IN || query.class === CLASS.ANY;
}
