import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable, isTerminal, isTrue } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import type { InstanceCause } from "../../../api-types/well-known.js";
import type { Backoff, GroupStep, GroupView } from "../life/model.js";
import { isOutdated, type Target, templateOf } from "../life/target.js";
import { isUnhealthy } from "./health.js";
import { replacementDueAt } from "./reach.js";
import { slotSince } from "./slots.js";

/** One service of a group while it is planned. */
export interface ServiceContext {
  readonly view: GroupView;
  readonly service: Service;
  /** All instances of the service, in any state. */
  readonly members: readonly Instance[];
  readonly wanted: number;
  readonly target: Target;
  /** What the service depends on is available, and nothing else is in the way. */
  readonly canStart: boolean;
  /** What the service depends on is updated, too. */
  readonly canUpdate: boolean;
  readonly backoff: Backoff | undefined;
}

/** What a new instance is created for. */
export interface Creation {
  readonly number: number;
  readonly cause: InstanceCause;
  readonly revisionName: string;
  readonly old?: Instance | undefined;
  /** Had the number before, and left first. */
  readonly before?: Instance | undefined;
  readonly restarts?: number;
}

/** The step that creates an instance, with the template of its revision. */
export function creation({ view, service, target }: ServiceContext, wanted: Creation): GroupStep {
  const { number, cause, old, restarts = 0 } = wanted;
  const predecessor = old ?? wanted.before;
  const isToday = wanted.revisionName === target.specName;
  const template = isToday ? service : templateOf(view, service, wanted.revisionName);
  return {
    type: "createInstance",
    service: template ?? service,
    number,
    revisionName: template === undefined ? target.name : wanted.revisionName,
    replaces: old?.metadata.name,
    restarts,
    cause,
    slotSince: predecessor === undefined ? undefined : slotSince(predecessor),
  };
}

/** Whether its health says that it is to be replaced, and it is not to be replaced for another reason anyway. */
export function isSick({ service }: ServiceContext, instance: Instance): boolean {
  return !isTerminal(instance) && isUnhealthy(service, instance);
}

/** When an instance out of reach is replaced; undefined: it is not, because nothing could take it or nobody is believed. */
export function lossDueAt({ view, service }: ServiceContext, instance: Instance, hasRoom: boolean): number | undefined {
  return view.isRackBlind || !hasRoom ? undefined : replacementDueAt(service, instance, view.steady);
}

/** Its node is to become empty. */
export function isDrained({ view }: ServiceContext, instance: Instance): boolean {
  const node = instance.status?.placement?.node;
  return node !== undefined && !isTerminal(instance) && view.drainOf(node) !== undefined;
}

/** Its node was to be empty by now; undefined: it is not drained, or without a deadline. */
export function drainDeadline({ view }: ServiceContext, instance: Instance): number | undefined {
  const node = instance.status?.placement?.node;
  return node === undefined || isTerminal(instance) ? undefined : view.drainOf(node)?.deadlineAt;
}

/** It has another revision than the service is to have, or is older than the last wanted restart. */
export function isOld({ view, target }: ServiceContext, instance: Instance): boolean {
  return isOutdated(view, instance, target.name);
}

/** Nothing is lost when it goes before its successor is there: it ended or never had a node, and no name leads to it. */
export function isSpent(context: ServiceContext, instance: Instance): boolean {
  if (isTerminal(instance)) return !isTrue(instance, "Published");
  return instance.status?.placement === undefined && isOld(context, instance);
}

/** Every offering node refused it. */
export function isRefused(instance: Instance): boolean {
  return conditionOf(instance, "Scheduled")?.reason === "NoNodeFits" && !isAvailable(instance);
}
