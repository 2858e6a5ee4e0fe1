import { StatusError } from "../../api-types/meta/status-error.js";
import { cloneJson, isJsonObject, type JsonObject, setOwn } from "./json.js";

/**
 * Applies a JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces. The result shares nothing
 * with the inputs. A patch that is not an object is refused, for an API object has no other shape.
 */
export function applyMergePatch(target: JsonObject, patch: unknown): Record<string, unknown> {
  if (!isJsonObject(patch)) {
    throw new StatusError("BadRequest", `applying a merge patch: the patch must be an object, not ${typeName(patch)}`);
  }
  return merge(target, patch);
}

function merge(target: unknown, patch: JsonObject): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const base = isJsonObject(target) ? target : {};
  for (const key of Object.keys(base)) {
    if (!Object.hasOwn(patch, key)) setOwn(result, key, cloneJson(base[key]));
    else mergeMember(result, { key, before: base[key], patch: patch[key] });
  }
  for (const key of Object.keys(patch)) {
    if (!Object.hasOwn(base, key)) mergeMember(result, { key, before: undefined, patch: patch[key] });
  }
  return result;
}

interface Member {
  readonly key: string;
  readonly before: unknown;
  readonly patch: unknown;
}

function mergeMember(result: Record<string, unknown>, member: Member): void {
  const { key, before, patch } = member;
  if (patch === null || patch === undefined) return;
  setOwn(result, key, isJsonObject(patch) ? merge(before, patch) : cloneJson(patch));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
