import type { Instance } from "../../../api-types/instance.js";
import { isLeaving, isTerminal, isTrue } from "../../../api-types/life.js";
import type { LeaveReason } from "../../../api-types/well-known.js";
import { badSince, type Doubt } from "../../doubt.js";
import { type GroupStep, statusOf } from "../life/model.js";
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
  const nodes = nodeRoom(
    service,
    view.rulesOf(service),
    () => view.matchingNodes(service) + drainedNodes(context, kept),
  );
  const free = { nodes, isPortBound: false };
  const hasFreeNode = nodes === undefined || nodes > wanted;
  return {
    context,
    limits: limitsOf(service.update, wanted, { ...free, isPortBound: isPortBound(service) }),
    elsewhere: limitsOf(service.update, wanted, free),
    hasFreeNode,
    health: healthLimits(service, members, { slots: kept, wanted, view }),
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

const OVERRIDE = "allow it with a DisruptionOverride of class tasks";

/** Why bad health is not believed, what is done about it, and what a person can do. */
export function doubtText({ context, health }: Round, { bad, total }: Doubt): string {
  const { service, members, target, view } = context;
  const sick = members.filter((one) => !isLeaving(one) && !isTerminal(one) && badSince(service, one) !== undefined);
  const neverServed = sick.every((one) => one.spec.revisionName === target.name && !isTrue(one, "Published"));
  if (neverServed && statusOf(view, service.name)?.availableRevision !== target.name) {
    const next = "look at their logs; change the spec, or go back with `rackctl rollout undo`";
    return `${service.name}: ${bad} of ${total} instances are unhealthy, all of ${target.name}, which was never wholly available; none is replaced for it; ${next}`;
  }
  const what = `${service.name}: ${bad} of ${total} instances turned bad at once`;
  const tried = health.trial;
  const doing =
    tried === undefined
      ? "none is replaced for it, but what stays bad for ten minutes is tried one by one beside the bad one"
      : `${tried.metadata.name} is tried, and while it does not serve no other is replaced`;
  return `${what}; ${doing}; repair what they share, or ${OVERRIDE}`;
}
