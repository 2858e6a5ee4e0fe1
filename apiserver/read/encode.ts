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

/**
 * The JSON of an object as it is stored: without its version, which is known only afterwards, and with its metadata last,
 * so that the version can be put behind it.
 */
export function storedBytes(object: KubeObject): Buffer {
  const { metadata, ...others } = object;
  const { resourceVersion: _version, ...stored } = metadata;
  return Buffer.from(`${JSON.stringify(others).slice(0, -1)},"metadata":${JSON.stringify(stored)}}`);
}

/** Spares the encoding of an object of which `stored` are the `storedBytes`. */
export function rememberServed(object: KubeObject, stored: Uint8Array): void {
  const version = Buffer.from(`,"resourceVersion":${JSON.stringify(object.metadata.resourceVersion)}}}`);
  encoded.set(object, Buffer.concat([stored.subarray(0, -END.length), version]));
}

/** How `storedBytes` end: metadata, then the object. */
const END = "}}";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** One line of a watch stream; built once for all watchers, who are served one after the other. */
export function eventLine(type: EventType, object: KubeObject): Buffer {
  if (last?.object === object && last.type === type) return last.line;
  const line = Buffer.concat([EVENT_HEADS[type], bytesOf(object), EVENT_TAIL]);
  last = { type, object, line };
  return line;
}

/** The line just built: a change goes to all its watchers before the next change comes. */
let last: { readonly type: EventType; readonly object: KubeObject; readonly line: Buffer } | undefined;

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
