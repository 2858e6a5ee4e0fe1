import type { Clock } from "../../../../platform/clock.js";

/** An item of a list in an answer, which is parsed when somebody needs it. */
export interface Piece {
  /** The same text has the same mark; two texts have the same one by a chance of 2^-53. */
  readonly mark: number;
  /** Throws on what is not JSON. */
  parse(): unknown;
}

/** The field that bears the number of a piece where it was cut out. */
export const PIECE = "piece";

/** A JSON answer whose lists hold, instead of their objects, others with nothing but the number of a piece. */
export interface CutAnswer {
  readonly skeleton: unknown;
  readonly pieces: readonly Piece[];
}

/**
 * Cuts the objects out of the lists of an answer of the operator API, `{"type":…,"get_tasks":{"tasks":[{…},{…}]}}`, so that
 * an answer of many megabytes is never parsed in one turn of the event loop. Throws on what is not JSON around them.
 */
export async function cutAnswer(bytes: Uint8Array, clock: Clock): Promise<CutAnswer> {
  const scan: Scan = { bytes, at: 0, open: [], skeleton: [] };
  const pieces: Piece[] = [];
  for (let piece = nextPiece(scan); piece !== undefined; piece = nextPiece(scan)) {
    scan.skeleton.push(`{"${PIECE}":${pieces.length}}`);
    pieces.push(piece);
    const breath = clock.breathe?.();
    if (breath !== undefined) await breath;
  }
  return { skeleton: JSON.parse(scan.skeleton.join("")), pieces };
}

interface Scan {
  readonly bytes: Uint8Array;
  at: number;
  /** What is open around the place, outermost first. */
  readonly open: number[];
  /** Everything between the pieces, and their numbers. */
  readonly skeleton: string[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const LIST = 0x5b;
const LIST_END = 0x5d;

/** Objects in a list in an object in an object are pieces. */
const LIST_DEPTH = 3;

/** Goes on to the end of the next piece; undefined: to the end of all. */
function nextPiece(scan: Scan): Piece | undefined {
  const { bytes, open } = scan;
  const from = scan.at;
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if (byte === OBJECT && open.length === LIST_DEPTH && open[LIST_DEPTH - 1] === LIST) break;
    else if (byte === OBJECT || byte === LIST) open.push(byte);
    else if (byte === OBJECT_END || byte === LIST_END) open.pop();
  }
  scan.at = Math.min(at, bytes.length);
  scan.skeleton.push(textOf(bytes, from, scan.at));
  return scan.at < bytes.length ? cut(scan) : undefined;
}

/** The place of the quote that ends the string which begins at `at`. */
function stringEnd(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end;
}

/** How many levels deeper it is after a byte. */
const STEPS = new Int8Array(256);
STEPS[OBJECT] = STEPS[LIST] = 1;
STEPS[OBJECT_END] = STEPS[LIST_END] = -1;

/** The object that begins here. One that does not end is no JSON: whoever parses it is told so. */
function cut(scan: Scan): Piece {
  const { bytes } = scan;
  const from = scan.at;
  let at = from;
  let depth = 0;
  let isInString = false;
  let first = 0x811c9dc5;
  let second = 0;
  do {
    const byte = bytes[at++] ?? 0;
    first = Math.imul(first ^ byte, 0x01000193);
    second = Math.imul(second ^ byte, 0x5bd1e995);
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) at += byte === BACKSLASH ? 1 : 0;
    else depth += STEPS[byte] ?? 0;
  } while (depth > 0 && at < bytes.length);
  scan.at = at;
  return { mark: (first >>> 0) * 2 ** 21 + (second >>> 11), parse: () => JSON.parse(textOf(bytes, from, at)) };
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
}
