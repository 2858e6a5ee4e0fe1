import { keyOf } from "../../../api-types/life.js";
import type { Steps } from "../../../platform/steps.js";
import { isLiving } from "../../orphans.js";
import { groupOf, instancesIn, memoryOf, type Place, templateOf } from "../loop.js";
import type { WaitingTask } from "../place/model.js";
import { placing } from "../place/place.js";
import { attachedDue, type DueAttached } from "./attached-due.js";
import type { RackFacts } from "./facts.js";
import { type IntentTools, writeAttached } from "./intents.js";
import type { Intent } from "./launch-all.js";
import { waitingAttached } from "./waiting.js";

/** What is attached to placed Instances and starts again. */
export interface AttachedRound {
  readonly intents: readonly Intent[];
  /** Keys of all that are due. */
  readonly waiting: readonly string[];
  /** Those of them that found no room. */
  readonly unplaced: readonly string[];
  /** After which others are due. */
  readonly dueMs: readonly number[];
}

interface Due {
  readonly task: WaitingTask;
  readonly agentId: string;
  /** Of the Instance. */
  readonly key: string;
  readonly due: DueAttached;
}

/**
 * Finds room for attached tasks that start again. They go before Instances, and to nodes that are closed, too: the Instance
 * that they belong to stays there.
 */
export function* attachedRound(tools: IntentTools, where: Place, facts: () => Steps<RackFacts>): Steps<AttachedRound> {
  const { loop, rack } = tools;
  const dueMs: number[] = [];
  const due = dueOf(tools, where, dueMs);
  if (due.length === 0) return { intents: [], waiting: [], unplaced: [], dueMs };
  const { heldUntil } = memoryOf(loop, rack.metadata.name);
  const free = due.filter(({ task }) => !heldUntil.has(task.key));
  const agents = new Set(free.map(({ agentId }) => agentId));
  const known = yield* facts();
  const offers = known.offers.filter(({ agentId }) => agents.has(agentId));
  const homes = new Set(offers.map(({ node }) => node));
  const nodes = known.nodes
    .filter(({ name }) => homes.has(name))
    .map((node) => ({ ...node, closedBecause: undefined }));
  const waiting = free.map(({ task }) => task);
  const result = yield* placing({ waiting, placed: [], nodes, offers, portSeed: 0 });
  const byKey = new Map(free.map((one) => [one.task.key, one]));
  const intents = result.placements.flatMap((placement): readonly Intent[] => {
    const found = byKey.get(placement.key);
    return found === undefined ? [] : [{ ...placement, write: () => writeAttached(tools, placement, found) }];
  });
  const unplaced = result.refusals.map(({ key }) => key);
  return { intents, waiting: due.map(({ task }) => task.key), unplaced, dueMs };
}

/** What is due now; the times of what is due later go to `dueMs`. */
function dueOf({ loop, rack }: IntentTools, { compute }: Place, dueMs: number[]): readonly Due[] {
  const now = loop.context.clock.now();
  const tasks = compute.tasks.value();
  const known = tasks.type === "Unknown" ? new Map() : tasks.items;
  return [...instancesIn(loop, rack.metadata.name, "attached")].flatMap((instance) => {
    const service = templateOf(loop, instance);
    const placement = instance.status?.placement;
    if (service === undefined || placement === undefined) return [];
    const waiter = { instance, service, group: groupOf(loop, instance), rack, nodes: 0 };
    return attachedDue(instance, service, now).flatMap((due): readonly Due[] => {
      if (due.dueAt > now) {
        dueMs.push(due.dueAt - now);
        return [];
      }
      const former = instance.status?.attached?.find(({ name }) => name === due.name);
      const task = known.get(former?.taskID ?? "");
      const next = waitingAttached(waiter, due.name, placement.node);
      // whatever its status says: two of them would run
      if (next === undefined || (task !== undefined && isLiving(task))) return [];
      return [{ task: next, agentId: placement.agentID, key: keyOf(instance), due }];
    });
  });
}
