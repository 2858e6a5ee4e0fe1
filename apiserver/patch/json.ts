/** A JSON object whose members are not looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets an own member, also when its name is `__proto__`. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    object[key] = value;
    return;
  }
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A mutable shallow copy that keeps an own `__proto__` an ordinary member. */
export function copyObject(object: JsonObject): Record<string, unknown> {
  return { ...object };
}

/** A deep copy of a JSON value. */
export function cloneJson(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwn(copy, key, cloneJson((value as JsonObject)[key])); // arrays and null are gone
  return copy;
}

/** Whether two JSON values are the same; the order of members does not matter, an undefined member counts as absent. */
export function isEqualJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left)) return Array.isArray(right) && isEqualList(left, right);
  // both are objects here: not null, and the left one is no list
  return !Array.isArray(right) && isEqualObject(left as JsonObject, right as JsonObject);
}

function isEqualList(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (!isEqualJson(left[index], right[index])) return false;
  }
  return true;
}

function isEqualObject(left: JsonObject, right: JsonObject): boolean {
  let count = 0;
  for (const key of Object.keys(left)) {
    const value = left[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(right, key) || !isEqualJson(value, right[key])) return false;
    count++;
  }
  for (const key of Object.keys(right)) {
    if (right[key] !== undefined) count--;
  }
  return count === 0;
}
