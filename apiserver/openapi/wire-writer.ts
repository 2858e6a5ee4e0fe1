/** An encoded field of a protobuf message. */
export type Encoded = Uint8Array;

/** A message made of encoded fields. */
export function message(...fields: readonly (Encoded | readonly Encoded[])[]): Encoded {
  return Buffer.concat(fields.flat());
}

/** A field that holds a message or bytes. */
export function bytesField(number: number, value: Encoded): Encoded {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

/** A text; nothing when it is absent or empty, as in proto3. */
export function textField(number: number, value: unknown): readonly Encoded[] {
  return typeof value === "string" && value !== "" ? [bytesField(number, Buffer.from(value))] : [];
}

/** Texts of a repeated field. */
export function textFields(number: number, values: unknown): readonly Encoded[] {
  return Array.isArray(values) ? values.map((value) => bytesField(number, Buffer.from(String(value)))) : [];
}

/** A flag; nothing when it is false. */
export function flagField(number: number, value: unknown): readonly Encoded[] {
  return value === true ? [Buffer.concat([varint(number * 8), varint(1)])] : [];
}

/** A whole number that is not negative; nothing when it is absent. */
export function countField(number: number, value: unknown): readonly Encoded[] {
  return typeof value === "number" ? [Buffer.concat([varint(number * 8), varint(value)])] : [];
}

/** A double; nothing when it is absent. */
export function doubleField(number: number, value: unknown): readonly Encoded[] {
  if (typeof value !== "number") return [];
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [Buffer.concat([varint(number * 8 + 1), bytes])];
}

function varint(value: number): Encoded {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
