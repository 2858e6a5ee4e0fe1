import { StatusError } from "../../api-types/meta/status-error.js";
import { copyObject, isEqualJson, isJsonObject, type JsonObject, setOwn } from "./json.js";

/**
 * Applies a JSON patch (RFC 6902), all operations or none. Only the changed paths are copied: the rest is shared with the
 * inputs, which are not changed. Throws BadRequest for an unusable patch, Invalid for an operation that does not apply.
 */
export function applyJsonPatch(target: JsonObject, operations: unknown): Record<string, unknown> {
  const parsed = parseOperations(operations);
  const copies = { remaining: COPIED_SIZE_MAX };
  let document: unknown = target;
  for (const operation of parsed) document = applyOperation(document, operation, copies);
  if (!isJsonObject(document)) throw refused("the result is not an object");
  return document;
}

/** As Kubernetes: more operations are refused. */
const OPERATIONS_MAX = 10_000;
/** Characters and nodes that `copy` may add in all: a patch that doubles itself is stopped. */
const COPIED_SIZE_MAX = 3 * 1024 * 1024;

type Pointer = readonly string[];

type Operation =
  | { readonly type: "add" | "replace" | "test"; readonly path: Pointer; readonly value: unknown }
  | { readonly type: "remove"; readonly path: Pointer }
  | { readonly type: "move" | "copy"; readonly path: Pointer; readonly from: Pointer };

function parseOperations(operations: unknown): readonly Operation[] {
  if (!Array.isArray(operations)) throw bad("the patch must be a list of operations");
  if (operations.length > OPERATIONS_MAX) {
    throw new StatusError(
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${operations.length}`,
    );
  }
  return operations.map(parseOperation);
}

function parseOperation(operation: unknown, index: number): Operation {
  if (!isJsonObject(operation)) throw bad(`operation ${index} is not an object`);
  const path = parsePointer(operation.path, `operation ${index}: path`);
  switch (operation.op) {
    case "add":
    case "replace":
    case "test":
      if (!Object.hasOwn(operation, "value")) throw bad(`operation ${index}: ${operation.op} needs a value`);
      return { type: operation.op, path, value: operation.value };
    case "remove":
      return { type: "remove", path };
    case "move":
    case "copy":
      return { type: operation.op, path, from: parsePointer(operation.from, `operation ${index}: from`) };
    default:
      throw bad(`operation ${index}: unknown op ${JSON.stringify(operation.op)}`);
  }
}

function parsePointer(pointer: unknown, what: string): Pointer {
  if (typeof pointer !== "string") throw bad(`${what} must be a string`);
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw bad(`${what} must be empty or begin with a slash: ${JSON.stringify(pointer)}`);
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function applyOperation(document: unknown, operation: Operation, copies: { remaining: number }): unknown {
  switch (operation.type) {
    case "add":
      return add(document, operation.path, operation.value);
    case "replace":
      return replace(document, operation.path, operation.value);
    case "remove":
      return remove(document, operation.path);
    case "test":
      return test(document, operation.path, operation.value);
    case "move":
      return move(document, operation.from, operation.path);
    case "copy": {
      const value = read(document, operation.from, "copy");
      copies.remaining -= sizeOf(value, copies.remaining);
      if (copies.remaining < 0) throw new StatusError("RequestEntityTooLarge", "the JSON patch copies too much");
      return add(document, operation.path, value);
    }
    default: {
      const unreachable: never = operation;
      return unreachable;
    }
  }
}

function add(document: unknown, path: Pointer, value: unknown): unknown {
  return change(document, path, {
    operation: "add",
    atRoot: () => value,
    inObject: (object, key) => setOwn(object, key, value),
    inList: (list, token) => list.splice(token === "-" ? list.length : indexOf(token, list.length, "add"), 0, value),
  });
}

function replace(document: unknown, path: Pointer, value: unknown): unknown {
  return change(document, path, {
    operation: "replace",
    atRoot: () => value,
    inObject(object, key) {
      if (!Object.hasOwn(object, key)) throw missing("replace", path);
      setOwn(object, key, value);
    },
    inList(list, token) {
      list[indexOf(token, list.length - 1, "replace")] = value;
    },
  });
}

function remove(document: unknown, path: Pointer): unknown {
  return change(document, path, {
    operation: "remove",
    atRoot: () => {
      throw refused("remove operation does not apply: the whole object cannot be removed");
    },
    inObject(object, key) {
      if (!Object.hasOwn(object, key)) throw missing("remove", path);
      delete object[key];
    },
    inList: (list, token) => list.splice(indexOf(token, list.length - 1, "remove"), 1),
  });
}

function move(document: unknown, from: Pointer, path: Pointer): unknown {
  const isIntoItself = path.length > from.length && from.every((token, index) => token === path[index]);
  if (isIntoItself) throw refused(`move operation does not apply: ${print(from)} cannot move into itself`);
  const value = read(document, from, "move");
  if (from.length === 0) return document;
  return add(remove(document, from), path, value);
}

function test(document: unknown, path: Pointer, value: unknown): unknown {
  if (!isEqualJson(read(document, path, "test"), value)) throw refused(`testing path ${print(path)} failed`);
  return document;
}

function read(document: unknown, path: Pointer, operation: string): unknown {
  let value = document;
  for (const token of path) {
    if (Array.isArray(value)) value = value[indexOf(token, value.length - 1, operation)];
    else if (isJsonObject(value) && Object.hasOwn(value, token)) value = value[token];
    else throw missing(operation, path);
  }
  return value;
}

interface Change {
  readonly operation: string;
  readonly atRoot: () => unknown;
  readonly inObject: (object: Record<string, unknown>, key: string) => void;
  readonly inList: (list: unknown[], token: string) => void;
}

/** Copies the containers on the way to `path`, then changes the last copy. */
function change(document: unknown, path: Pointer, how: Change): unknown {
  if (path.length === 0) return how.atRoot();
  return changeBelow(document, { path, depth: 0 }, how);
}

interface Position {
  readonly path: Pointer;
  readonly depth: number;
}

function changeBelow(container: unknown, position: Position, how: Change): unknown {
  const { path, depth } = position;
  const token = path[depth] ?? "";
  const isLast = depth === path.length - 1;
  const below = { path, depth: depth + 1 };
  if (Array.isArray(container)) {
    const list: unknown[] = [...container];
    if (isLast) {
      how.inList(list, token);
      return list;
    }
    const index = indexOf(token, list.length - 1, how.operation);
    list[index] = changeBelow(list[index], below, how);
    return list;
  }
  if (!isJsonObject(container)) throw missing(how.operation, path);
  const object = copyObject(container);
  if (isLast) {
    how.inObject(object, token);
    return object;
  }
  if (!Object.hasOwn(object, token)) throw missing(how.operation, path);
  setOwn(object, token, changeBelow(object[token], below, how));
  return object;
}

/** The index that a token names, at most `max`. */
function indexOf(token: string, max: number, operation: string): number {
  const index = /^(0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > max) {
    throw refused(`${operation} operation does not apply: invalid index ${JSON.stringify(token)}`);
  }
  return index;
}

/** Roughly the characters of `value`; stops counting above `limit`. */
function sizeOf(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length + 1;
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const key of Object.keys(value)) {
    size += key.length + sizeOf((value as JsonObject)[key], limit - size); // a list reads by index alike
    if (size > limit) return size;
  }
  return size;
}

function print(path: Pointer): string {
  return JSON.stringify(path.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""));
}

function missing(operation: string, path: Pointer): StatusError {
  return refused(`${operation} operation does not apply: doc is missing path: ${print(path)}: missing value`);
}

/** Without details: kubectl then prints the message itself. */
function refused(message: string): StatusError {
  return new StatusError("Invalid", `the server rejected our request due to an error in our request: ${message}`);
}

function bad(message: string): StatusError {
  return new StatusError("BadRequest", `error decoding patch: ${message}`);
}
