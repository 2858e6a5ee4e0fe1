import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isLeaving } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { newestOf, type Slot, slotsOf, timeOf } from "../slot/slots.js";
import { type GroupStep, type GroupView, statusOf } from "./model.js";
import { isPastDeadline } from "./progress.js";

/** Which revision the instances of a service are to have. */
export interface Target {
  /** The revision of today's template. */
  readonly specName: string;
  /** Stores that revision when it is not yet. */
  readonly steps: readonly GroupStep[];
  /** What new instances get: the revision of the template, or the last good one after its deadline was missed. */
  readonly name: string;
  /** Set when the revision of the template missed its deadline and the last good one runs instead. */
  readonly failedRevision: string | undefined;
}

/** The revision of the template, unless it missed its deadline: then the last one that was wholly available. */
export function targetOf(view: GroupView, service: Service, members: readonly Instance[]): Target {
  const { name: specName, steps } = revisionOf(view, service);
  const good = lastGood(view, service, { members, specName });
  const { group } = view;
  const noted = [statusOf(view, service.name)?.failedRevision, view.failedRevisions.get(service.name)];
  const wasFailed = noted.includes(specName);
  const isRollback =
    group.spec.rollback === "OnDeadline" &&
    good !== undefined &&
    (wasFailed || isPastDeadline(view, { service, members, revisionName: specName }));
  return isRollback
    ? { specName, steps, name: good, failedRevision: specName }
    : { specName, steps, name: specName, failedRevision: undefined };
}

/** The revision that holds today's template, or a new one with the next number. */
function revisionOf(view: GroupView, service: Service): { name: string; steps: readonly GroupStep[] } {
  const own = view.revisions.filter((revision) => revision.spec.service === service.name);
  const same = own.find((revision) => view.isSameTemplate(revision.spec.template, service));
  if (same !== undefined) return { name: same.metadata.name, steps: [] };
  const last = Math.max(0, ...own.map((revision) => revision.spec.number));
  const name = `${view.group.metadata.name}-${service.name}-${last + 1}`;
  return { name, steps: [{ type: "createRevision", service, name }] };
}

/** The last revision that was wholly available; where that was never noted, the newest one that serves now. */
function lastGood(
  view: GroupView,
  service: Service,
  { members, specName }: { members: readonly Instance[]; specName: string },
): string | undefined {
  const noted = statusOf(view, service.name)?.availableRevision;
  const serving = new Set(members.filter(isAvailable).map(({ spec }) => spec.revisionName));
  const known = view.revisions
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== specName && (noted === undefined ? serving.has(name) : name === noted));
  return known.at(-1);
}

/** The template of a revision with today's labels and in-place fields left to the spec; undefined: it is not stored. */
export function templateOf(view: GroupView, service: Service, revisionName: string): Service | undefined {
  const template = view.revisions.find(({ metadata }) => metadata.name === revisionName)?.spec.template;
  if (template === undefined) return undefined;
  const { labels: _, annotations: __, ...rest } = template;
  const { labels, annotations, metered } = service;
  return {
    ...rest,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    metered,
  };
}

/** Whether an instance is to be replaced by one of this revision. */
export function isOutdated(view: GroupView, instance: Instance, revisionName: string): boolean {
  return instance.spec.revisionName !== revisionName || restartedBefore(view, instance);
}

/** `restartedAt` is newer than the instance; a time that has not come yet would restart its own successors for ever. */
function restartedBefore({ group, now }: GroupView, instance: Instance): boolean {
  if (group.spec.restartedAt === undefined) return false;
  const restartedAt = Date.parse(group.spec.restartedAt);
  if (Number.isNaN(restartedAt) || restartedAt > now) return false;
  const noted = instance.metadata.annotations?.[ANNOTATION.restartedAt];
  if (noted !== undefined) return noted !== group.spec.restartedAt;
  // created without one: in the same second it was there before
  return timeOf(instance.metadata.creationTimestamp) <= restartedAt;
}

/** What holds an update back, if anything does. */
export interface Hold {
  /** How many more instances of the new revision may be created. */
  readonly allowance: number;
  /** What instances get that are not of the new revision and have to be created nevertheless. */
  readonly stable: string | undefined;
  /** For people; undefined: nothing is held. */
  readonly message: string | undefined;
}

const FREE: Hold = { allowance: Number.POSITIVE_INFINITY, stable: undefined, message: undefined };

/** Paused: nothing new while anything old is there. Canary: at most that many new ones, unless it is the way back. */
export function holdOf(
  view: GroupView,
  service: Service,
  { slots, target }: { slots: readonly Slot[]; target: Target },
): Hold {
  const old = slots.filter((slot) => isOutdated(view, newestOf(slot), target.name));
  const { paused, canary } = service.update;
  if (old.length === 0 || (!paused && (canary === 0 || isWayBack(view, service, { old, target })))) return FREE;
  const stable = mostCommon(
    slots.flatMap(({ members }) => members.map(({ spec }) => spec.revisionName)),
    target.name,
  );
  if (paused) return { allowance: 0, stable, message: `${service.name} is paused with ${old.length} old instances` };
  const created = slots.length - old.length;
  const allowance = Math.max(0, canary - created);
  const message = `${service.name} holds at ${canary} new instances; set update.canary to 0 to go on`;
  return { allowance, stable, message: allowance > 0 ? undefined : message };
}

/** From a version that is being tried to the last one that was wholly available: what is proven is not tried first. */
function isWayBack(
  view: GroupView,
  { name }: Service,
  { old, target }: { old: readonly Slot[]; target: Target },
): boolean {
  if (target.failedRevision !== undefined) return true;
  const isOther = (slot: Slot) => newestOf(slot).spec.revisionName !== target.name;
  return statusOf(view, name)?.availableRevision === target.name && old.some(isOther);
}

function mostCommon(names: readonly string[], except: string): string | undefined {
  const counts = new Map<string, number>();
  for (const name of names) if (name !== except) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Whether every wanted number is served by this revision and nothing is in change. */
export function isWhole(
  view: GroupView,
  members: readonly Instance[],
  { wanted, revisionName }: { wanted: number; revisionName: string },
): boolean {
  const slots = slotsOf(members);
  const isSettled = ({ members: [only, ...more] }: Slot) =>
    more.length === 0 && isAvailable(only) && !isOutdated(view, only, revisionName);
  return wanted > 0 && slots.length >= wanted && slots.every(isSettled) && !members.some(isLeaving);
}
