import type { KubeObject } from "../../api-types/meta/object.js";

/** The JSON of an object; encoded once per revision and shared by every reader and watcher. */
export function bytesOf(object: KubeObject): Buffer {
  const known = encoded.get(object);
  if (known !== undefined) return known;
  const bytes = Buffer.from(JSON.stringify(object));
  encoded.set(object, bytes);
  return bytes;
}

const encoded = new WeakMap<KubeObject, Buffer>();

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** One line of a watch stream; built once per object and type, then shared. */
export function eventLine(type: EventType, object: KubeObject): Buffer {
  const known = lines.get(object);
  if (known?.type === type) return known.line;
  const line = Buffer.concat([EVENT_HEADS[type], bytesOf(object), EVENT_TAIL]);
  lines.set(object, { type, line });
  return line;
}

const lines = new WeakMap<KubeObject, { readonly type: EventType; readonly line: Buffer }>();

/** The same line as parts, for objects that are sent to one watcher only (its initial state). */
export function eventLineParts(type: EventType, object: KubeObject): readonly Buffer[] {
  return [EVENT_HEADS[type], bytesOf(object), EVENT_TAIL];
}

/** A line whose object is not a cached one: bookmarks, errors, tables. */
export function plainEventLine(type: EventType | "BOOKMARK" | "ERROR", object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}

const EVENT_HEADS: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const EVENT_TAIL = Buffer.from("}\n");
