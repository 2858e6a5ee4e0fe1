import { isTerminal } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { type Balance, balanceOf, type Spread } from "./balance.js";
import { isUnhealthy } from "./health.js";
import { isOutOfReach, isServed, newestOf, oldestOf, type Slot, slotSince } from "./slots.js";

/** So many of these slots, in the order in which they leave (API.md, killSelection). */
export function victimsOf(
  service: Service,
  slots: readonly Slot[],
  options: Spread & { count: number },
): readonly Slot[] {
  if (options.count <= 0) return [];
  const ranks = new Map<number, Candidate[]>();
  for (const slot of slots) {
    const rank = rankOf(service, slot);
    const equal = ranks.get(rank) ?? [];
    equal.push(weigh(slot));
    ranks.set(rank, equal);
  }
  const balance = balanceOf(options, slots.map(newestOf));
  const taken: Candidate[] = [];
  for (const [, equal] of [...ranks.entries()].sort(([a], [b]) => a - b)) {
    const sorted = equal.sort((a, b) => compare(service, a, b));
    const room = options.count - taken.length;
    taken.push(...(balance === undefined ? sorted.slice(0, room) : mostCrowded(balance, sorted, room)));
  }
  return taken.map(({ slot }) => slot);
}

/** Unhealthy, then not available: what ended, what waits, what nobody reaches, what is not ready yet; then the rest. */
function rankOf(service: Service, slot: Slot): number {
  const { members } = slot;
  if (members.every((instance) => isUnhealthy(service, instance) && !isTerminal(instance))) return 0;
  if (isServed(slot)) return 5;
  if (members.every(isTerminal)) return 1;
  if (members.every((instance) => instance.status?.placement === undefined)) return 2;
  return members.every((instance) => isTerminal(instance) || isOutOfReach(instance)) ? 3 : 4;
}

/** A slot with what it is compared by. */
interface Candidate {
  readonly slot: Slot;
  readonly cost: number;
  readonly since: string;
}

function weigh(slot: Slot): Candidate {
  const costs = slot.members.map((instance) => Number(instance.metadata.annotations?.[ANNOTATION.deletionCost] ?? 0));
  return {
    slot,
    cost: Math.max(...costs.map((cost) => (Number.isFinite(cost) ? cost : 0))),
    since: slotSince(oldestOf(slot)),
  };
}

/** Cheap to delete, then by the service's own order. */
function compare({ killSelection }: Service, a: Candidate, b: Candidate): number {
  if (a.cost !== b.cost) return a.cost - b.cost;
  const number = a.slot.number - b.slot.number;
  if (killSelection === "HighestNumberFirst") return -number;
  const age = a.since < b.since ? -1 : Number(a.since > b.since) || number;
  return killSelection === "OldestFirst" ? age : -age;
}

/** Each time the first one of those with the most crowded values. */
function mostCrowded(balance: Balance, sorted: readonly Candidate[], count: number): readonly Candidate[] {
  const queues = new Map<string, { readonly order: number; readonly candidate: Candidate }[]>();
  for (const [order, candidate] of sorted.entries()) {
    const key = balance.keyOf(newestOf(candidate.slot));
    const queue = queues.get(key) ?? [];
    queue.push({ order, candidate });
    queues.set(key, queue);
  }
  for (const queue of queues.values()) queue.reverse();
  const taken: Candidate[] = [];
  while (taken.length < count) {
    const [best] = [...queues]
      .flatMap(([key, queue]) => {
        const head = queue.at(-1);
        return head === undefined ? [] : [{ key, queue, order: head.order, crowd: balance.crowdOf(key) }];
      })
      .sort((a, b) => b.crowd - a.crowd || a.order - b.order);
    const next = best?.queue.pop();
    if (best === undefined || next === undefined) break;
    balance.remove(best.key);
    taken.push(next.candidate);
  }
  return taken;
}
