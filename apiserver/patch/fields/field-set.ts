import type { FieldsV1 } from "../../../api-types/meta/object.js";

/**
 * A set of field paths as a trie, in the very shape in which managedFields store it. Below the root a node without members
 * is a path of the set, so is one with `.`; others are only on the way. The empty set is `undefined`. Sets are never changed,
 * and results share what they can with their operands.
 */
export type FieldSet = FieldsV1 | undefined;

/** A path that ends here. */
export const LEAF: FieldsV1 = Object.freeze({});
/** Marks a node with children as a path of the set. */
export const SELF = ".";

/** Whether a node has no members: it is a path and has none below. */
export function isLeaf(node: FieldsV1): boolean {
  for (const _ in node) return false;
  return true;
}

/** Whether the node is itself a path of the set. */
export function isMember(node: FieldsV1): boolean {
  return node[SELF] !== undefined || isLeaf(node);
}

/** The stored form as a set: an empty object is the empty set. */
export function fieldSetOf(stored: FieldsV1 | undefined): FieldSet {
  return stored === undefined || isLeaf(stored) ? undefined : stored;
}

/** All paths of both. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === undefined || left === right) return right;
  if (right === undefined) return left;
  return uniteNodes(left, right);
}

function uniteNodes(left: FieldsV1, right: FieldsV1): FieldsV1 {
  if (left === right) return left;
  if (isLeaf(left)) return isLeaf(right) ? left : withSelf(right);
  if (isLeaf(right)) return withSelf(left);
  let result: Record<string, FieldsV1> | undefined;
  for (const segment in right) {
    // `in` lists what is there
    const added = right[segment]!;
    const present = left[segment];
    const united = present === undefined ? added : uniteNodes(present, added);
    if (united === present) continue;
    result ??= { ...left };
    result[segment] = united;
  }
  return result ?? left;
}

function withSelf(node: FieldsV1): FieldsV1 {
  return isMember(node) ? node : { [SELF]: LEAF, ...node };
}

/** The paths of `left` that `right` does not have. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (left === undefined || right === undefined) return left;
  if (left === right) return undefined;
  let result: Record<string, FieldsV1> | undefined;
  for (const segment in left) {
    const removed = right[segment];
    if (removed === undefined) continue;
    // `in` lists what is there
    const rest = subtractNode(left[segment]!, removed);
    if (rest === left[segment]) continue;
    result ??= { ...left };
    if (rest === undefined) delete result[segment];
    else result[segment] = rest;
  }
  return result === undefined ? left : fieldSetOf(result);
}

function subtractNode(left: FieldsV1, right: FieldsV1): FieldsV1 | undefined {
  const isKept = isMember(left) && !isMember(right);
  if (isLeaf(left)) return isKept ? left : undefined;
  const below = isLeaf(right) ? left : (difference(left, right) ?? LEAF);
  if (isKept) return below;
  return fieldSetOf(withoutSelf(below));
}

function withoutSelf(node: FieldsV1): FieldsV1 {
  if (node[SELF] === undefined) return node;
  const { [SELF]: _, ...rest } = node;
  return rest;
}

/** The paths that both have. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (left === undefined || right === undefined) return undefined;
  if (left === right) return left;
  let result: Record<string, FieldsV1> | undefined;
  for (const segment in left) {
    const other = right[segment];
    if (other === undefined || segment === SELF) continue;
    // `in` lists what is there
    const common = intersectNodes(left[segment]!, other);
    if (common === undefined) continue;
    result ??= {};
    result[segment] = common;
  }
  return result;
}

function intersectNodes(left: FieldsV1, right: FieldsV1): FieldsV1 | undefined {
  const below = intersection(left, right);
  if (!isMember(left) || !isMember(right)) return below;
  return below === undefined ? LEAF : withSelf(below);
}

/** Whether both hold the same paths. */
export function isEqualSet(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  let count = 0;
  for (const segment in left) {
    if (!isEqualSet(left[segment], right[segment])) return false;
    count++;
  }
  for (const _ in right) count--;
  return count === 0;
}

/** Every path as its segments, parents first. */
export function pathsOf(set: FieldSet): readonly (readonly string[])[] {
  const paths: string[][] = [];
  if (set !== undefined) collectPaths(set, [], paths);
  return paths;
}

function collectPaths(node: FieldsV1, prefix: readonly string[], paths: string[][]): void {
  for (const segment in node) {
    if (segment === SELF) continue;
    const path = [...prefix, segment];
    // `in` lists what is there
    const child = node[segment]!;
    if (isMember(child)) paths.push(path);
    collectPaths(child, path, paths);
  }
}
