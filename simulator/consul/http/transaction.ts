import type { Keys } from "../keys.js";
import { type Decoded, decodeObject, type Shape, textOf } from "./decode.js";
import { HttpError } from "./http-error.js";
import { keyView } from "./view.js";

const OPERATIONS_MAX = 64;
const OPERATION = {
  KV: {
    Verb: "string",
    Key: "string",
    Value: "string",
    Flags: "number",
    Index: "number",
    Session: "string",
    Namespace: "string",
  },
} as const satisfies Shape;

type Step = { readonly result: unknown } | { readonly what: string };

/** PUT /v1/txn over keys: all operations or none. Verbs set, cas, get, get-tree, delete, delete-tree, delete-cas, check-index, check-not-exists. */
export function runTransaction(
  keys: Keys,
  body: Uint8Array | undefined,
): { readonly status: number; readonly value: unknown } {
  const operations = decodeOperations(body);
  const undo = new Map<string, ReturnType<Keys["get"]>>();
  const results: unknown[] = [];
  const errors: unknown[] = [];
  for (const [index, operation] of operations.entries()) {
    for (const row of keys.list(textOf(operation, "Key"))) if (!undo.has(row.key)) undo.set(row.key, row);
    if (!undo.has(textOf(operation, "Key"))) undo.set(textOf(operation, "Key"), undefined);
    const step = run(keys, operation);
    if ("what" in step) errors.push({ OpIndex: index, What: step.what });
    else if (step.result !== undefined) results.push(...[step.result].flat());
  }
  if (errors.length === 0) return { status: 200, value: { Results: results, Errors: null } };
  for (const [key, row] of undo) restore(keys, key, row);
  return { status: 409, value: { Results: null, Errors: errors } };
}

function decodeOperations(body: Uint8Array | undefined): readonly Decoded[] {
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(body ?? []).toString("utf8"));
  } catch (error) {
    throw new HttpError(400, `Failed to parse body: ${error instanceof Error ? error.message : "invalid JSON"}`);
  }
  if (!Array.isArray(list)) throw new HttpError(400, "Failed to parse body: not a list");
  if (list.length > OPERATIONS_MAX) {
    throw new HttpError(413, `Transaction contains too many operations (${list.length} > ${OPERATIONS_MAX})`);
  }
  // the shape was checked when decoding
  return list.map((item) => (decodeObject(item, OPERATION).KV ?? {}) as Decoded);
}

function run(keys: Keys, operation: Decoded): Step {
  const verb = textOf(operation, "Verb");
  const key = textOf(operation, "Key");
  const known = keys.get(key);
  const cas = numberOf(operation.Index);
  switch (verb) {
    case "set":
      return put(keys, operation, undefined);
    case "cas":
      return put(keys, operation, cas);
    case "get":
      return known === undefined ? { what: `key "${key}" doesn't exist` } : shown(keys, key, true);
    case "get-tree":
      return { result: keys.list(key).map((row) => ({ KV: keyView(row) })) };
    case "delete":
    case "delete-tree":
      keys.delete(key, { isRecursive: verb === "delete-tree", cas: undefined });
      return { result: undefined };
    case "delete-cas":
      return keys.delete(key, { isRecursive: false, cas }) ? { result: undefined } : stale(key);
    case "check-index":
      return known?.modifyIndex === cas ? shown(keys, key, false) : stale(key);
    case "check-not-exists":
      return known === undefined ? { result: undefined } : { what: `key "${key}" exists` };
    default:
      return { what: `unknown KV verb "${verb}"` };
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function put(keys: Keys, operation: Decoded, cas: number | undefined): Step {
  const key = textOf(operation, "Key");
  const write = { key, value: textOf(operation, "Value"), flags: numberOf(operation.Flags), cas };
  return keys.put(write) ? shown(keys, key, false) : stale(key);
}

function shown(keys: Keys, key: string, withValue: boolean): Step {
  const row = keys.get(key);
  return { result: row === undefined ? undefined : { KV: keyView(row, withValue) } };
}

function stale(key: string): Step {
  return { what: `failed to set key "${key}", index is stale` };
}

function restore(keys: Keys, key: string, row: ReturnType<Keys["get"]>): void {
  const known = keys.get(key);
  if (known === row) return;
  if (row === undefined) keys.delete(key, { isRecursive: false, cas: undefined });
  else keys.restore(row);
}
