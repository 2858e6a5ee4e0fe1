import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import { isShare, shareOf } from "../../../api-types/service/share.js";
import type { Service, ServiceUpdate } from "../../../api-types/service-group.js";

/** How many instances of a service there may be, and how many must be available, while it changes. */
export interface Limits {
  readonly floor: number;
  readonly cap: number;
  /** Nothing may start beside what is there: one stops before the next starts, and why; undefined: one may. */
  readonly stopsFirstBecause: string | undefined;
}

/** What keeps successors from starting beside their predecessors. */
export interface Room {
  /** Most instances that all matching nodes hold together, by rules such as Unique; undefined: no rule says. */
  readonly nodes: number | undefined;
  /** A port that only one task of a node can have. */
  readonly isPortBound: boolean;
}

/**
 * Floor and cap in exact arithmetic, both shares rounded down (Marathon's floor = ceil, cap = floor).
 *
 * | surge, as far as there is room | maxUnavailable | then                              |
 * |--------------------------------|----------------|-----------------------------------|
 * | ≥ 1                            | any            | as written                        |
 * | 0                              | ≥ 1            | stop first, down to the floor     |
 * | 0, but there is room           | 0              | one more than wanted              |
 * | 0, for there is no room        | 0              | stop first, one at a time         |
 */
export function limitsOf(update: ServiceUpdate, wanted: number, room: Room): Limits {
  const unavailable = Math.min(wanted, share(update.maxUnavailable, wanted, 0));
  const free = freeRoom(room, wanted);
  const surge = Math.min(share(update.maxSurge, wanted, wanted), free);
  if (surge > 0) return { floor: wanted - unavailable, cap: wanted + surge, stopsFirstBecause: undefined };
  if (unavailable === 0 && free > 0) return { floor: wanted, cap: wanted + 1, stopsFirstBecause: undefined };
  const stopsFirstBecause = free > 0 ? "maxSurge allows none beside it" : reasonOf(room);
  return { floor: Math.max(0, wanted - Math.max(1, unavailable)), cap: wanted, stopsFirstBecause };
}

function reasonOf({ isPortBound }: Room): string {
  return isPortBound ? "its ports are fixed" : "no other node may take it";
}

function share(value: number | string, total: number, otherwise: number): number {
  return isShare(value) ? shareOf(value, total) : otherwise;
}

/** How many more than wanted fit; without a rule there is no end. */
function freeRoom({ nodes, isPortBound }: Room, wanted: number): number {
  if (isPortBound) return 0;
  return nodes === undefined ? Number.POSITIVE_INFINITY : Math.max(0, nodes - wanted);
}

/** Ports of the node that are the same for each instance, or for each instance of one number. */
export function isPortBound({ network }: Service): boolean {
  if (network.mode !== "Host" && network.mode !== "Bridge") return false;
  return (network.ports ?? []).some((port) => (port.hostPort ?? 0) > 0 || port.numberOffset !== undefined);
}

/** Ports that belong to a number: it cannot be used again while its old task may run. */
export function isNumberBound({ network }: Service): boolean {
  return (network.ports ?? []).some(({ numberOffset }) => numberOffset !== undefined);
}

/** How many instances so many matching nodes hold, by the strictest rule about hostnames. */
export function nodeRoom(service: Service, rules: readonly PlacementRule[], nodes: () => number): number | undefined {
  const perNode = rules.flatMap(({ operator, attribute, value }) => {
    if (attribute !== "hostname") return [];
    if (operator === "Unique") return [1];
    // an unused node is always accepted, whatever the number
    return operator === "MaxPer" ? [Math.max(1, Number(value) || 1)] : [];
  });
  const most = service.mode === "EachNode" ? [1, ...perNode] : perNode;
  return most.length === 0 ? undefined : Math.min(...most) * nodes();
}
