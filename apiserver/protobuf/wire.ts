/** A field as it stands on the wire. */
export type WireField =
  | { readonly type: "integer"; readonly number: number; readonly value: bigint }
  | { readonly type: "bytes"; readonly number: number; readonly value: Uint8Array };

/** The bytes are no protobuf message. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** The fields of a message in their order; fixed-width ones, which none of our messages has, are passed over. */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  const reader: Reader = { bytes, position: 0 };
  while (reader.position < bytes.length) {
    const tag = Number(readVarint(reader));
    const number = Math.floor(tag / 8);
    if (number < 1 || number > FIELD_NUMBER_MAX) throw new WireError(`field number ${number} is out of range`);
    const field = readField(reader, number, tag % 8);
    if (field !== undefined) yield field;
  }
}

const FIELD_NUMBER_MAX = 2 ** 29 - 1;

interface Reader {
  readonly bytes: Uint8Array;
  position: number;
}

function readField(reader: Reader, number: number, wireType: number): WireField | undefined {
  switch (wireType) {
    case 0:
      return { type: "integer", number, value: readVarint(reader) };
    case 1:
      take(reader, 8);
      return undefined;
    case 2:
      return { type: "bytes", number, value: take(reader, Number(readVarint(reader))) };
    case 5:
      take(reader, 4);
      return undefined;
    default:
      throw new WireError(`field ${number} has the unknown wire type ${wireType}`);
  }
}

function take(reader: Reader, length: number): Uint8Array {
  const end = reader.position + length;
  if (end > reader.bytes.length) throw new WireError("the message is cut off");
  const taken = reader.bytes.subarray(reader.position, end);
  reader.position = end;
  return taken;
}

/** At most ten bytes, seven bits each, the lowest first. */
function readVarint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes[reader.position++];
    if (byte === undefined) throw new WireError("the message is cut off");
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new WireError("an integer is longer than ten bytes");
}
