import type { Instance } from "../../../api-types/instance.js";
import { isLeaving } from "../../../api-types/life.js";
import type { LeaveReason } from "../../../api-types/well-known.js";
import type { GroupStep } from "../life/model.js";
import { type Hold, holdOf } from "../life/target.js";
import { isDrained, lossDueAt, type ServiceContext } from "./context.js";
import { type HealthLimits, healthLimits } from "./health.js";
import { isPortBound, type Limits, limitsOf, nodeRoom } from "./limits.js";
import { isServed, type Slot, takesRoom } from "./slots.js";

/** What a slot needs that takes room or availability. */
export type Demand =
  | { readonly type: "restart"; readonly slot: Slot; readonly ended: Instance }
  | { readonly type: "replace"; readonly slot: Slot; readonly old: Instance; readonly cause: ReplaceCause }
  /** Its successor fits nowhere while the old one is there. */
  | { readonly type: "makeRoom"; readonly slot: Slot; readonly old: Instance };

/** Why an instance that has not ended is replaced. */
export type ReplaceCause = "Deleted" | "Unhealthy" | "Unreachable" | "Drained" | "Update";

/** What is left to give while the slots of a service are planned, one after the other. */
export interface Round {
  readonly context: ServiceContext;
  readonly limits: Limits;
  /** For successors that will not run on the node of their predecessor. */
  readonly elsewhere: Limits;
  /** Another node may take an instance besides the wanted ones. */
  readonly hasFreeNode: boolean;
  readonly health: HealthLimits;
  readonly hold: Hold;
  /** Wanted numbers that nobody has. */
  readonly missing: number;
  readonly steps: GroupStep[];
  readonly attempts: number[];
  readonly wakes: number[];
  /** Instances that take room. */
  live: number;
  /** Numbers that are served. */
  available: number;
  /** Numbers whose instance was replaced for bad health in this plan. */
  healed: number;
  /** New instances by update in this plan. */
  updated: number;
}

/** The limits of a service, with nothing decided yet. */
export function openRound(context: ServiceContext, kept: readonly Slot[]): Round {
  const { view, service, wanted, target } = context;
  const numbers = new Set(kept.map(({ number }) => number));
  // what is let go in this plan because less is wanted takes no room
  const members = context.members.filter((one) => isLeaving(one) || numbers.has(one.spec.number));
  const nodes = nodeRoom(service, view.rulesOf(service), view.matchingNodes(service) + drainedNodes(context, kept));
  const free = { nodes, isPortBound: false };
  const hasFreeNode = nodes === undefined || nodes > wanted;
  return {
    context,
    limits: limitsOf(service.update, wanted, { ...free, isPortBound: isPortBound(service) }),
    elsewhere: limitsOf(service.update, wanted, free),
    hasFreeNode,
    health: healthLimits(service, members, { slots: kept, wanted, hasOverride: view.hasOverride, now: view.now }),
    hold: holdOf(view, service, { slots: kept, target }),
    missing: Math.max(0, wanted - kept.length),
    steps: [],
    attempts: [],
    wakes: [],
    live: members.filter((instance) => takesRoom(instance) && !isLost(context, instance, hasFreeNode)).length,
    available: kept.filter(isServed).length,
    healed: 0,
    updated: 0,
  };
}

/** Nodes that are to become empty and still hold an instance: their room moves along with it. */
function drainedNodes(context: ServiceContext, kept: readonly Slot[]): number {
  const drained = kept.flatMap(({ members }) => members.filter((instance) => isDrained(context, instance)));
  return new Set(drained.map(({ status }) => status?.placement?.node)).size;
}

/** Out of reach for long enough to be replaced. */
export function isLost(context: ServiceContext, instance: Instance, hasFreeNode: boolean): boolean {
  const due = lossDueAt(context, instance, hasFreeNode);
  return due !== undefined && due <= context.view.now;
}

/** Lets an instance go. */
export function release(round: Round, instance: Instance, reason: LeaveReason): void {
  round.steps.push({ type: "release", instance, reason });
}
