import type { JsonObject } from "../json.js";
import { isJsonObject } from "../json.js";

/** A path as Kubernetes prints it: `.spec.ports[name="http"].port`, `.metadata.finalizers[="x"]`. */
export function printPath(segments: readonly string[]): string {
  return segments.map(printSegment).join("");
}

function printSegment(segment: string): string {
  const rest = segment.slice(2);
  switch (segment.slice(0, 2)) {
    case "k:":
      return `[${printKeys(rest)}]`;
    case "v:":
      return `[=${rest}]`;
    case "i:":
      return `[${rest}]`;
    default:
      return `.${rest}`;
  }
}

function printKeys(text: string): string {
  const keys = parseKeys(text) ?? {};
  return Object.keys(keys)
    .map((name) => `${name}=${JSON.stringify(keys[name])}`)
    .join(",");
}

/** Whether `segment` is one that managedFields may hold. */
export function isSegment(segment: string): boolean {
  switch (segment.slice(0, 2)) {
    case ".":
    case "f:":
      return true;
    case "k:":
      return parseKeys(segment.slice(2)) !== undefined;
    case "v:":
      return parseJson(segment.slice(2)) !== undefined;
    case "i:":
      return /^\d+$/.test(segment.slice(2));
    default:
      return false;
  }
}

function parseKeys(text: string): JsonObject | undefined {
  const keys = parseJson(text);
  return isJsonObject(keys) ? keys : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // not JSON is the answer here
    return undefined;
  }
}
