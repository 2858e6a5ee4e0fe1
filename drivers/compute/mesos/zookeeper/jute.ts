/** What came is not what the protocol says. */
export class JuteError extends Error {
  override readonly name = "JuteError";
}

/** Reads the fields of one record in order. Throws JuteError past its end. */
export interface JuteReader {
  int(): number;
  long(): bigint;
  boolean(): boolean;
  /** Undefined: the record has none here (length -1). */
  bytes(): Uint8Array | undefined;
  text(): string;
  texts(): readonly string[];
  /** Whether all was read. */
  isAtEnd(): boolean;
}

/** A reader of `record`; all numbers are big-endian. */
export function juteReader(record: Uint8Array): JuteReader {
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  let at = 0;

  function advance(length: number): number {
    if (length < 0 || at + length > buffer.length) throw new JuteError(`a record ends ${length} bytes too early`);
    const from = at;
    at += length;
    return from;
  }

  function bytes(): Uint8Array | undefined {
    const length = buffer.readInt32BE(advance(4));
    if (length === -1) return undefined;
    const from = advance(length);
    return buffer.subarray(from, from + length);
  }

  const text = () => Buffer.from(bytes() ?? []).toString("utf8");
  return {
    int: () => buffer.readInt32BE(advance(4)),
    long: () => buffer.readBigInt64BE(advance(8)),
    boolean: () => buffer.readUInt8(advance(1)) !== 0,
    bytes,
    text,
    texts() {
      const count = buffer.readInt32BE(advance(4));
      // a lying count ends at the end of the record, before it costs anything
      const found: string[] = [];
      for (let index = 0; index < count; index++) found.push(text());
      return found;
    },
    isAtEnd: () => at === buffer.length,
  };
}

/** One field of a record. */
export type JuteField =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "bytes"; readonly value: Uint8Array };

export const int = (value: number): JuteField => ({ type: "int", value });
export const long = (value: bigint): JuteField => ({ type: "long", value });
export const boolean = (value: boolean): JuteField => ({ type: "boolean", value });
export const bytes = (value: Uint8Array): JuteField => ({ type: "bytes", value });
export const text = (value: string): JuteField => ({ type: "bytes", value: Buffer.from(value, "utf8") });

/** The fields as a frame: the length in four bytes, then the record. */
export function juteFrame(fields: readonly JuteField[]): Uint8Array {
  const record = Buffer.concat(fields.map(encode));
  return Buffer.concat([intBytes(record.length), record]);
}

function encode(field: JuteField): Uint8Array {
  switch (field.type) {
    case "int":
      return intBytes(field.value);
    case "long": {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64BE(field.value);
      return buffer;
    }
    case "boolean":
      return Uint8Array.of(field.value ? 1 : 0);
    case "bytes":
      return Buffer.concat([intBytes(field.value.length), field.value]);
    default:
      return field satisfies never;
  }
}

function intBytes(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

/** Takes bytes as they come and hands out whole records. */
export interface FrameDecoder {
  /** Throws JuteError on a length that no server sends. */
  push(chunk: Uint8Array): readonly Uint8Array[];
}

/** Four times what ZooKeeper itself allows by default (`jute.maxbuffer`). */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/** Cuts a stream into records; holds at most one incomplete record. */
export function frameDecoder(limitBytes: number = FRAME_BYTES_MAX): FrameDecoder {
  let pending: Uint8Array[] = [];
  let size = 0;

  return {
    push(chunk) {
      // the first piece holds the whole length: it is read again with every later one
      if ((pending[0]?.length ?? 0) < 4) pending = [Buffer.concat([...pending, chunk])];
      else pending.push(chunk);
      size += chunk.length;
      const records: Uint8Array[] = [];
      for (;;) {
        const length = size < 4 ? undefined : lengthAt(pending);
        if (length !== undefined && (length < 0 || length > limitBytes)) {
          throw new JuteError(`a record of ${length} bytes exceeds ${limitBytes}`);
        }
        if (length === undefined || size < 4 + length) return records;
        const whole = Buffer.concat(pending);
        records.push(whole.subarray(4, 4 + length));
        pending = [whole.subarray(4 + length)];
        size = whole.length - 4 - length;
      }
    },
  };
}

function lengthAt([head = new Uint8Array(0)]: readonly Uint8Array[]): number {
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).readInt32BE(0);
}
