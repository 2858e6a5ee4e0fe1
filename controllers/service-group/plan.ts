import type { Instance } from "../../api-types/instance.js";
import { isAvailable, isDeleting, isLeaving, isTerminal } from "../../api-types/life.js";
import type { Revision } from "../../api-types/revision.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import type { LeaveReason } from "../../api-types/well-known.js";
import { relabelPatch } from "../service-labels.js";
import { isUnhealthy, planSlot, type SlotContext } from "./slot.js";

/** Everything the plan of one group rests on, as plain data. Times in milliseconds of wall time. */
export interface GroupView {
  readonly group: ServiceGroup;
  /** All Instances of the group, in any state. */
  readonly instances: readonly Instance[];
  readonly revisions: readonly Revision[];
  /** How many nodes of the rack match the placement of a service. */
  readonly matchingNodes: (service: Service) => number;
  /** Whether a node still matches the placement of a service. */
  readonly isMatchingNode: (service: Service, node: string) => boolean;
  /** Whether all groups this one depends on are available. */
  readonly areGroupsAvailable: boolean;
  /** Whether groups that depend on this one still have instances while they, too, are being deleted. */
  readonly hasDyingDependents: boolean;
  readonly isSameTemplate: (a: Service, b: Service) => boolean;
  readonly now: number;
}

/** One change of objects that the loop makes; in order. */
export type GroupStep =
  | { readonly type: "createRevision"; readonly service: Service; readonly name: string }
  | {
      readonly type: "createInstance";
      readonly service: Service;
      readonly number: number;
      readonly revisionName: string;
      readonly replaces: string | undefined;
      readonly restarts: number;
    }
  | { readonly type: "release"; readonly instance: Instance; readonly reason: LeaveReason }
  /** Labels and annotations follow their service in place: nothing is restarted. */
  | { readonly type: "relabel"; readonly instance: Instance; readonly patch: unknown };

export interface GroupPlan {
  readonly steps: readonly GroupStep[];
  /** Per service name: when the next waiting restart is due. */
  readonly nextAttempts: ReadonlyMap<string, number>;
  /** Services that wait for what they depend on. */
  readonly waiting: readonly string[];
}

/** Decides which Instances of a group are created and which may leave. Pure; a converged group gives no steps. */
export function planGroup(unordered: GroupView): GroupPlan {
  const byName = (a: Instance, b: Instance) => (a.metadata.name < b.metadata.name ? -1 : 1);
  const view = { ...unordered, instances: [...unordered.instances].sort(byName) };
  const steps: GroupStep[] = [];
  const nextAttempts = new Map<string, number>();
  const waiting: string[] = [];
  for (const service of view.group.spec.services) {
    const plan = planService(view, service);
    steps.push(...plan.steps, ...relabelSteps(view, service));
    if (plan.nextAttempt !== undefined) nextAttempts.set(service.name, plan.nextAttempt);
    if (plan.isWaiting) waiting.push(service.name);
  }
  steps.push(...removedServices(view));
  return { steps, nextAttempts, waiting };
}

function relabelSteps(view: GroupView, service: Service): GroupStep[] {
  const staying = membersOf(view.instances, service.name).filter((instance) => !isLeaving(instance));
  return staying.flatMap((instance) => {
    const patch = relabelPatch(instance, service);
    return patch === undefined ? [] : [{ type: "relabel", instance, patch }];
  });
}

interface ServicePlan {
  readonly steps: readonly GroupStep[];
  readonly nextAttempt?: number;
  readonly isWaiting?: boolean;
}

function planService(view: GroupView, service: Service): ServicePlan {
  const members = membersOf(view.instances, service.name);
  const wanted = wantedCount(view, service);
  if (wanted === 0) return { steps: stopService(view, service, members) };
  const revision = revisionOf(view, service);
  const canStart = view.areGroupsAvailable && areDependenciesAvailable(view, service);
  const context: SlotContext = { view, service, canStart, revisionName: revision.name, members, wanted };
  const slots = planSlots(context);
  const isWaiting = !canStart && slots.steps.length === 0 && members.length < wanted;
  const steps = slots.steps.some((step) => step.type === "createInstance")
    ? [...revision.steps, ...slots.steps]
    : slots.steps;
  return { steps, isWaiting, ...(slots.nextAttempt === undefined ? {} : { nextAttempt: slots.nextAttempt }) };
}

/** How many instances a service wants now. Zero for a group that is suspended or deleted. */
export function wantedCount(view: Pick<GroupView, "group" | "matchingNodes">, service: Service): number {
  const { spec, metadata } = view.group;
  if (spec.suspend || metadata.deletionTimestamp !== undefined) return 0;
  if (service.mode === "EachNode") return spec.replicas === 0 ? 0 : view.matchingNodes(service);
  const perCopy = spec.scale?.[service.name] ?? service.instances ?? 1;
  const wanted = spec.replicas * perCopy;
  return service.ordinals?.slots === undefined ? wanted : Math.min(wanted, service.ordinals.slots);
}

function membersOf(instances: readonly Instance[], service: string): readonly Instance[] {
  return instances.filter((instance) => instance.spec.service === service);
}

/** Slots that are kept, slots that go, and new ones up to the wanted number. */
function planSlots(context: SlotContext): { steps: readonly GroupStep[]; nextAttempt?: number } {
  const slots = slotsOf(context.members);
  const victims = victimsOf(context, slots);
  const steps: GroupStep[] = victims.flatMap((slot) =>
    slot.map((instance): GroupStep => ({ type: "release", instance, reason: reasonOf(context, instance) })),
  );
  const kept = [...slots.entries()].filter(([, slot]) => !victims.includes(slot));
  let nextAttempt: number | undefined;
  // a number that left first and is not back yet is in change, too
  let canUpdate = kept.length >= context.wanted && kept.every(([, slot]) => isSettled(slot));
  for (const [number, slot] of kept) {
    const plan = planSlot(context, { number, slot, canUpdate });
    steps.push(...plan.steps);
    if (plan.isUpdate) canUpdate = false;
    if (plan.nextAttempt !== undefined) nextAttempt = Math.min(nextAttempt ?? plan.nextAttempt, plan.nextAttempt);
  }
  steps.push(...newSlots(context, new Set(kept.map(([number]) => number))));
  return { steps, ...(nextAttempt === undefined ? {} : { nextAttempt }) };
}

function isSettled(slot: readonly Instance[]): boolean {
  return slot.length === 1 && slot.every((instance) => isAvailable(instance) && !isDeleting(instance));
}

/** Instances by number, oldest first, those on their way out left out. */
function slotsOf(members: readonly Instance[]): Map<number, Instance[]> {
  const slots = new Map<number, Instance[]>();
  for (const instance of members.filter((member) => !isLeaving(member))) {
    const slot = slots.get(instance.spec.number) ?? [];
    slot.push(instance);
    slots.set(instance.spec.number, slot);
  }
  for (const slot of slots.values()) slot.sort(byAge);
  return new Map([...slots.entries()].sort(([a], [b]) => a - b));
}

function byAge(a: Instance, b: Instance): number {
  const order = (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? "");
  if (order !== 0) return order;
  if (a.spec.replaces === b.metadata.name) return 1;
  return b.spec.replaces === a.metadata.name ? -1 : a.metadata.name.localeCompare(b.metadata.name);
}

function newSlots(context: SlotContext, kept: ReadonlySet<number>): GroupStep[] {
  if (!context.canStart) return [];
  const { service, revisionName, wanted } = context;
  const start = service.ordinals?.start ?? 1;
  const step = service.ordinals?.step ?? 1;
  const steps: GroupStep[] = [];
  for (let number = start; kept.size + steps.length < wanted; number += step) {
    if (kept.has(number)) continue;
    steps.push({ type: "createInstance", service, number, revisionName, replaces: undefined, restarts: 0 });
  }
  return steps;
}

/** The slots above the wanted number, in the order of API.md's killSelection, and those whose node no longer matches. */
function victimsOf(context: SlotContext, slots: ReadonlyMap<number, Instance[]>): Instance[][] {
  const all = [...slots.values()];
  const strayed = context.service.mode === "EachNode" ? all.filter((slot) => hasStrayed(context, slot)) : [];
  const surplus = all.length - strayed.length - context.wanted;
  if (surplus <= 0) return strayed;
  const candidates = all
    .filter((slot) => !strayed.includes(slot))
    .sort((a, b) => compareVictims(context.service, a, b));
  return [...strayed, ...candidates.slice(0, surplus)];
}

function hasStrayed({ view, service }: SlotContext, slot: readonly Instance[]): boolean {
  return slot.every((instance) => {
    const node = instance.status?.placement?.node;
    return node !== undefined && !view.isMatchingNode(service, node);
  });
}

function reasonOf(context: SlotContext, instance: Instance): LeaveReason {
  if (isTerminal(instance)) return "Terminated";
  return context.service.mode === "EachNode" && hasStrayed(context, [instance]) ? "NodeRemoved" : "ScaledDown";
}

/** Negative when slot `a` leaves first: unhealthy, then not available, then cheap to delete, then by the service's own order. */
function compareVictims(service: Service, a: readonly Instance[], b: readonly Instance[]): number {
  const isSick = (slot: readonly Instance[]) => slot.every((instance) => isUnhealthy(service, instance));
  const health = Number(isSick(b)) - Number(isSick(a));
  if (health !== 0) return health;
  const available = Number(a.some(isAvailable)) - Number(b.some(isAvailable));
  if (available !== 0) return available;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost !== 0) return cost;
  const [first, second] = [a[0], b[0]];
  if (first === undefined || second === undefined) return 0;
  if (service.killSelection === "HighestNumberFirst") return second.spec.number - first.spec.number;
  const age = byAge(first, second) || first.spec.number - second.spec.number;
  return service.killSelection === "OldestFirst" ? age : -age;
}

function deletionCost(slot: readonly Instance[]): number {
  const costs = slot.map((instance) => Number(instance.metadata.annotations?.["rackwright.dev/deletion-cost"] ?? 0));
  return Math.max(...costs.map((cost) => (Number.isFinite(cost) ? cost : 0)));
}

/** Lets a whole service go, unless something that depends on it still runs. */
function stopService(view: GroupView, service: Service, members: readonly Instance[]): GroupStep[] {
  const hasDependents = view.group.spec.services.some(
    (other) =>
      (other.dependsOn ?? []).includes(service.name) &&
      wantedCount(view, other) === 0 &&
      membersOf(view.instances, other.name).length > 0,
  );
  if (hasDependents || view.hasDyingDependents) return [];
  const reason = stopReason(view.group);
  return members.filter((instance) => !isLeaving(instance)).map((instance) => ({ type: "release", instance, reason }));
}

function stopReason(group: ServiceGroup): LeaveReason {
  if (group.metadata.deletionTimestamp !== undefined) return "GroupDeleted";
  return group.spec.suspend ? "Suspended" : "ScaledDown";
}

function removedServices(view: GroupView): GroupStep[] {
  const names = new Set(view.group.spec.services.map((service) => service.name));
  return view.instances
    .filter((instance) => !names.has(instance.spec.service) && !isLeaving(instance))
    .map((instance) => ({ type: "release", instance, reason: "ServiceRemoved" }));
}

/** Every service it depends on has all the instances it wants, available. */
function areDependenciesAvailable(view: GroupView, service: Service): boolean {
  return (service.dependsOn ?? []).every((name) => {
    const dependency = view.group.spec.services.find((other) => other.name === name);
    if (dependency === undefined) return false;
    const available = membersOf(view.instances, name).filter(isAvailable);
    // an old and a new instance of one number count once
    return new Set(available.map((instance) => instance.spec.number)).size >= wantedCount(view, dependency);
  });
}

/** The revision that holds today's template, or a new one with the next number. */
function revisionOf(view: GroupView, service: Service): { name: string; steps: GroupStep[] } {
  const prefix = `${view.group.metadata.name}-${service.name}-`;
  const own = view.revisions.filter((revision) => revision.spec.service === service.name);
  const same = own.find((revision) => view.isSameTemplate(revision.spec.template, service));
  if (same !== undefined) return { name: same.metadata.name, steps: [] };
  const last = Math.max(0, ...own.map((revision) => revision.spec.number));
  const name = `${prefix}${last + 1}`;
  return { name, steps: [{ type: "createRevision", service, name }] };
}
