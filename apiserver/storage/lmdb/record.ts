import { crc32 } from "node:zlib";
import type { Entry } from "../store.js";

/** A stored change, as an undo record: what the key held before it. The value after it is the object's, or the next undo's. */
export interface UndoRecord {
  readonly key: string;
  readonly isDeletion: boolean;
  readonly previous: Entry | undefined;
  /** Wall time of the change. */
  readonly atMs: number;
}

/** Bytes that do not carry their own checksum: the disk or someone else changed them. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";
}

/** The key of an undo record: revision, then its place among the changes of that revision. */
export function undoKey(revision: number, index: number): Buffer {
  const key = Buffer.alloc(10);
  key.writeBigUInt64BE(BigInt(revision), 0);
  key.writeUInt16BE(index, 8);
  return key;
}

/** The revision in the key of an undo record. */
export function revisionOf(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE(0));
}

/** An entry's value with its revision and a checksum; the key is the key of the row. */
export function encodeEntry({ value, revision }: Entry): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(revision));
  return sealed([head, value]);
}

/** The reverse of `encodeEntry`; throws DamagedRecordError. */
export function decodeEntry(key: string, row: Uint8Array): Entry {
  const content = unsealed(row, `the value of ${key}`);
  return { key, revision: Number(content.readBigUInt64BE(0)), value: own(content.subarray(8)) };
}

/** flags 1, wall time 8, previous revision 8, length of the key 4, key, previous value. */
export function encodeUndo({ key, isDeletion, previous, atMs }: UndoRecord): Buffer {
  const name = Buffer.from(key);
  const head = Buffer.alloc(UNDO_HEAD);
  head.writeUInt8((isDeletion ? 1 : 0) + (previous === undefined ? 0 : 2), 0);
  head.writeDoubleBE(atMs, 1);
  head.writeBigUInt64BE(BigInt(previous?.revision ?? 0), 9);
  head.writeUInt32BE(name.length, 17);
  return sealed([head, name, previous?.value ?? NOTHING]);
}

/** The reverse of `encodeUndo`; throws DamagedRecordError. */
export function decodeUndo(row: Uint8Array): UndoRecord {
  const content = unsealed(row, "a change in the history");
  const flags = content.readUInt8(0);
  const end = UNDO_HEAD + content.readUInt32BE(17);
  const key = content.toString("utf8", UNDO_HEAD, end);
  const revision = Number(content.readBigUInt64BE(9));
  const previous = (flags & 2) === 0 ? undefined : { key, revision, value: own(content.subarray(end)) };
  return { key, isDeletion: (flags & 1) !== 0, previous, atMs: content.readDoubleBE(1) };
}

const UNDO_HEAD = 21;
const NOTHING = new Uint8Array(0);

function sealed(parts: readonly Uint8Array[]): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(parts.reduce((sum, part) => crc32(part, sum), 0));
  return Buffer.concat([checksum, ...parts]);
}

function unsealed(row: Uint8Array, what: string): Buffer {
  const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
  const content = bytes.subarray(4);
  if (bytes.length < 12 || bytes.readUInt32BE(0) !== crc32(content)) throw new DamagedRecordError(`${what} is damaged`);
  return content;
}

/** A copy that does not keep the engine's buffer alive. */
function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
