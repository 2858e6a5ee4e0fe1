import { parseIpv4Prefix } from "../../prefix.js";

/** The name of our statement and of our policy: a rack's identity is in all that is ours. */
export function policyName(identity: string): string {
  return `rackwright-${identity}`;
}

/** The name of the condition of one prefix; without a slash, since names are part of paths and keys. */
export function conditionName(identity: string, prefix: string): string {
  return `${policyName(identity)}-${prefix.replace("/", "_")}`;
}

/** The prefix that a condition of ours is for; undefined: the condition is somebody else's. */
export function prefixOfCondition(identity: string, name: string): string | undefined {
  const start = `${policyName(identity)}-`;
  if (!name.startsWith(start)) return undefined;
  const prefix = name.slice(start.length).replace("_", "/");
  // racks `torc` and `torc-2` may share a switch: `2-10.0.0.1/32` is no prefix
  return parseIpv4Prefix(prefix) === undefined ? undefined : prefix;
}
