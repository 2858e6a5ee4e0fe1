/**
 * How a field is shown as JSON. Go writes fields that are not pointers even when they are empty: those are left out, as JSON
 * leaves them out; pointers (`isPointer`) were set and stay, whatever their value.
 */
export type Shape =
  | { readonly type: "text" | "integer" | "flag"; readonly isPointer: boolean }
  | { readonly type: "bytes" | "time" | "microTime" | "fields" }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "list"; readonly item: Shape }
  | { readonly type: "map"; readonly value: Shape };

/** Names and shapes by field number. */
export type Message = Readonly<Record<number, readonly [name: string, shape: Shape]>>;

export const text: Shape = { type: "text", isPointer: false };
export const integer: Shape = { type: "integer", isPointer: false };
export const flag: Shape = { type: "flag", isPointer: false };
export const textPointer: Shape = { type: "text", isPointer: true };
export const integerPointer: Shape = { type: "integer", isPointer: true };
export const flagPointer: Shape = { type: "flag", isPointer: true };
export const bytes: Shape = { type: "bytes" };
/** RFC 3339, whole seconds. */
export const time: Shape = { type: "time" };
/** RFC 3339, six digits. */
export const microTime: Shape = { type: "microTime" };
/** FieldsV1: JSON inside. */
export const fields: Shape = { type: "fields" };

/** A nested message. */
export function nested(message: Message): Shape {
  return { type: "message", message };
}

/** A repeated field. */
export function listOf(item: Shape): Shape {
  return { type: "list", item };
}

/** A map with text keys. */
export function mapOf(value: Shape): Shape {
  return { type: "map", value };
}
