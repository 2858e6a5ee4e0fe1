/** The stream breaks the RecordIO framing: nothing after this point can be trusted. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/** One record: the length in bytes as decimal digits, a line feed, the JSON of `value`. */
export function encodeRecord(value: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(value), "utf8");
  return Buffer.concat([Buffer.from(`${body.length}\n`, "latin1"), body]);
}

/** Takes the bytes of a stream as they come and hands out whole records. */
export interface RecordDecoder {
  /** The records that `chunk` completes, in order. Throws RecordError on a bad or oversized frame, and from then on. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** True when the bytes so far end inside a record. */
  isInsideRecord(): boolean;
}

/** Longest record accepted when nothing else is said: a master of 5,000 agents offers them in some 10 MB. */
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** Digits of the longest length line; longer ones are hostile. */
const LENGTH_DIGITS_MAX = 10;

/** Linear in the bytes however the stream is cut; holds at most twice what came of one record, never above `limitBytes`. */
export function recordDecoder(limitBytes: number = RECORD_BYTES_MAX): RecordDecoder {
  let digits = "";
  let body: PartialBody | undefined;
  let failure: RecordError | undefined;

  function fail(message: string): never {
    failure = new RecordError(message);
    throw failure;
  }

  /** Reads the length line from `at`; returns where it stopped. */
  function readLength(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LINE_FEED) {
        body = startBody(digits);
        digits = "";
        return at + 1;
      }
      if (byte === undefined || byte < DIGIT_0 || byte > DIGIT_9) fail(`byte ${byte} in the length of a record`);
      digits += String.fromCharCode(byte);
      if (digits.length > LENGTH_DIGITS_MAX) fail("the length of a record has too many digits");
    }
    return chunk.length;
  }

  function startBody(text: string): PartialBody {
    if (text === "") fail("a record without a length");
    const length = Number(text);
    if (length > limitBytes) fail(`a record of ${length} bytes exceeds ${limitBytes}`);
    return { length, size: 0, bytes: new Uint8Array(0) };
  }

  function push(chunk: Uint8Array): readonly Uint8Array[] {
    if (failure !== undefined) throw failure;
    const records: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      if (body === undefined) at = readLength(chunk, at);
      if (body === undefined) return records;
      at = fill(body, chunk, at);
      if (body.size < body.length) return records;
      records.push(body.bytes.subarray(0, body.length));
      body = undefined;
    }
  }

  return { push, isInsideRecord: () => body !== undefined || digits !== "" };
}

const LINE_FEED = 0x0a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

interface PartialBody {
  readonly length: number;
  size: number;
  bytes: Uint8Array;
}

/** Takes what the body still needs from `chunk`; returns where it stopped. The buffer doubles, so a lying length costs nothing. */
function fill(body: PartialBody, chunk: Uint8Array, from: number): number {
  const end = Math.min(chunk.length, from + body.length - body.size);
  const size = body.size + end - from;
  if (size > body.bytes.length) {
    const bigger = new Uint8Array(Math.min(body.length, Math.max(size, 2 * body.bytes.length)));
    bigger.set(body.bytes.subarray(0, body.size));
    body.bytes = bigger;
  }
  body.bytes.set(chunk.subarray(from, end), body.size);
  body.size = size;
  return end;
}
