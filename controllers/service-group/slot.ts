import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isAvailable, isDeleting, isTerminal, isTrue } from "../../api-types/life.js";
import type { Service } from "../../api-types/service-group.js";
import { ANNOTATION } from "../../api-types/well-known.js";
import type { GroupStep, GroupView } from "./plan.js";

/** One service of a group while it is planned. */
export interface SlotContext {
  readonly view: GroupView;
  readonly service: Service;
  /** What the service depends on is available. */
  readonly canStart: boolean;
  /** The revision that new instances get. */
  readonly revisionName: string;
  readonly members: readonly Instance[];
  readonly wanted: number;
}

/** A number that is kept: its instances, oldest first, none of them on its way out. */
interface Slot {
  readonly number: number;
  readonly slot: readonly Instance[];
  /** Whether an update may begin: every slot of the service is available and none is in change. */
  readonly canUpdate: boolean;
}

interface SlotPlan {
  readonly steps: readonly GroupStep[];
  readonly isUpdate?: boolean;
  readonly nextAttempt?: number;
}

/** After so long a run a failure starts the back-off anew. */
const STABLE_RUN_MS = 60_000;
/** An exit with code 0 sooner than this counts as a failure. */
const SHORT_RUN_MS = 10_000;

/**
 * Keeps one number served.
 *
 * | newest instance            | then                                                     |
 * |----------------------------|----------------------------------------------------------|
 * | available                  | the older ones may leave; an outdated one is updated      |
 * | ended                      | a successor when the restart is due; none when done       |
 * | deleted by a person        | a successor, or leave first where there is no room        |
 * | unreachable or unhealthy   | a successor; the old one stays until that is Published    |
 * | a successor that will not  | it leaves; what it was to replace goes on serving         |
 */
export function planSlot(context: SlotContext, { number, slot, canUpdate }: Slot): SlotPlan {
  const newest = slot.at(-1);
  if (newest === undefined) return { steps: [] };
  const older = slot.slice(0, -1);
  const spent = older.filter((instance) => isAvailable(newest) || isSpent(instance)).map(release);
  if (isTerminal(newest)) {
    const plan = restart(context, newest, number);
    return { ...plan, steps: [...spent, ...plan.steps] };
  }
  if (older.length > 0) return { steps: [...spent, ...giveUp(context, { newest, older, number })] };
  if (isDeleting(newest)) return replace(context, newest, number);
  if (needsSuccessor(context, newest)) return { steps: [successor(context, newest, number)] };
  if (mustLeaveFirst(context, newest)) return { steps: [{ type: "release", instance: newest, reason: "StopFirst" }] };
  const due = successorDue(context, newest);
  if (due !== undefined) return { steps: [], nextAttempt: due };
  return isOutdated(context, newest) ? update(context, newest, { number, canUpdate }) : { steps: [] };
}

/** It ended and no name leads to it: nothing is lost when it goes before its successor is there. */
function isSpent(instance: Instance): boolean {
  return isTerminal(instance) && !isTrue(instance, "Published");
}

function release(instance: Instance): GroupStep {
  return { type: "release", instance, reason: "Replaced" };
}

interface Succession {
  readonly newest: Instance;
  readonly older: readonly Instance[];
  readonly number: number;
}

/** A successor that will not do: it makes room for the next one, while what it was to replace goes on serving. */
function giveUp(context: SlotContext, { newest, older, number }: Succession): GroupStep[] {
  if (isAvailable(newest)) return [];
  const isLost = needsSuccessor(context, newest) || isUnhealthy(context.service, newest);
  if (!isLost && !isOutdated(context, newest)) return [];
  if (!isTrue(newest, "Published") || older.some(isAvailable)) return [release(newest)];
  return isLost ? [successor(context, newest, number)] : [];
}

function restart(context: SlotContext, ended: Instance, number: number): SlotPlan {
  if (isDone(context.service, ended)) {
    // deleted by a person: the number is free again
    return { steps: isDeleting(ended) ? [{ type: "release", instance: ended, reason: "Terminated" }] : [] };
  }
  // what failed was another version: the new one begins without its back-off
  const failures = ended.spec.revisionName === context.revisionName ? restartsBefore(ended) : 0;
  const dueAt = restartDueAt(context, ended, failures);
  if (context.view.now < dueAt) return { steps: [], nextAttempt: dueAt };
  if (!context.canStart) return { steps: [] };
  const step: GroupStep = {
    type: "createInstance",
    service: context.service,
    number,
    revisionName: context.revisionName,
    replaces: ended.metadata.name,
    restarts: failures + 1,
  };
  return { steps: [step] };
}

/** It ended as its restart policy lets it: nothing follows. */
export function isDone(service: Service, ended: Instance): boolean {
  const policy = service.restart?.policy ?? "Always";
  if (policy === "Always") return false;
  if (policy === "Never") return true;
  return ended.status?.lastStatus?.state === "Finished" && runTimeMs(ended) >= SHORT_RUN_MS;
}

/** When an ended instance is to be replaced: the delay, or the back-off after so many failures, whichever is longer. */
function restartDueAt({ service, view }: SlotContext, ended: Instance, failures: number): number {
  const { delaySeconds = 1, backoff } = service.restart ?? {};
  const { initialSeconds = 1, factor = 1.15, maxSeconds = 300 } = backoff ?? {};
  const backoffSeconds = Math.min(maxSeconds, initialSeconds * factor ** failures);
  return endedAt(ended, view.now) + Math.max(delaySeconds, backoffSeconds) * 1000;
}

/** By the back end's clock, unless that goes wrong against ours, by which the end was noted to the second (R30). */
function endedAt(ended: Instance, now: number): number {
  const told = timeOf(ended.status?.lastStatus?.at);
  const noted = timeOf(conditionOf(ended, "Running")?.lastTransitionTime);
  return told > now ? noted : Math.max(told, noted);
}

function timeOf(text: string | undefined): number {
  const time = Date.parse(text ?? "");
  return Number.isNaN(time) ? 0 : time;
}

function restartsBefore(ended: Instance): number {
  if (runTimeMs(ended) >= STABLE_RUN_MS) return 0;
  const restarts = Number(ended.metadata.annotations?.[ANNOTATION.restarts] ?? 0);
  return Number.isSafeInteger(restarts) ? restarts : 0;
}

function runTimeMs(ended: Instance): number {
  const startedAt = Date.parse(ended.status?.startedAt ?? "");
  const endedAt = Date.parse(ended.status?.lastStatus?.at ?? "");
  return Number.isNaN(startedAt) || Number.isNaN(endedAt) ? 0 : endedAt - startedAt;
}

function replace(context: SlotContext, old: Instance, number: number): SlotPlan {
  if (isStopFirst(context)) return { steps: [{ type: "release", instance: old, reason: "StopFirst" }] };
  return { steps: [successor(context, old, number)] };
}

function update(
  context: SlotContext,
  old: Instance,
  { number, canUpdate }: { number: number; canUpdate: boolean },
): SlotPlan {
  const mayBegin = context.canStart && (canUpdate || !isAvailable(old));
  if (!mayBegin) return { steps: [] };
  return { ...replace(context, old, number), isUpdate: true };
}

function successor(context: SlotContext, old: Instance, number: number): GroupStep {
  return {
    type: "createInstance",
    service: context.service,
    number,
    revisionName: context.revisionName,
    replaces: old.metadata.name,
    restarts: 0,
  };
}

function isOutdated(context: SlotContext, instance: Instance): boolean {
  if (instance.spec.revisionName === context.revisionName) return restartedBefore(context, instance);
  return true;
}

/** `restartedAt` is newer than the instance; a time that has not come yet would restart its own successors for ever. */
function restartedBefore({ view }: SlotContext, instance: Instance): boolean {
  const restartedAt = Date.parse(view.group.spec.restartedAt ?? "");
  if (Number.isNaN(restartedAt) || restartedAt > view.now) return false;
  return Date.parse(instance.metadata.creationTimestamp ?? "") < Math.floor(restartedAt / 1000) * 1000;
}

/** One for each node, or as many as there are nodes to be apart on: a successor finds no room beside it. */
function isStopFirst(context: SlotContext): boolean {
  return hasNoFreeNode(context) || (context.service.network?.ports ?? []).some((port) => (port.hostPort ?? 0) > 0);
}

/** No other node may take a successor. */
function hasNoFreeNode({ view, service, wanted }: SlotContext): boolean {
  if (service.mode === "EachNode") return true;
  const isUnique = (service.placement?.constraints ?? []).some((constraint) => /^unique$/i.test(constraint.operator));
  return isUnique && view.matchingNodes(service) <= wanted;
}

function needsSuccessor(context: SlotContext, instance: Instance): boolean {
  if (isUnhealthy(context.service, instance)) return !isStopFirst(context);
  const due = unreachableDueAt(context, instance);
  return due !== undefined && due <= context.view.now;
}

/** Unhealthy without room for a successor: it goes first, unless it is the last one that serves (R11). */
function mustLeaveFirst(context: SlotContext, instance: Instance): boolean {
  if (!isUnhealthy(context.service, instance) || !isStopFirst(context)) return false;
  return !isTrue(instance, "Published") || context.members.some((other) => other !== instance && isAvailable(other));
}

function successorDue(context: SlotContext, instance: Instance): number | undefined {
  const due = unreachableDueAt(context, instance);
  return due !== undefined && due > context.view.now ? due : undefined;
}

/** So many health checks failed in a row that it is to be replaced. */
export function isUnhealthy(service: Service, instance: Instance): boolean {
  const threshold = service.healthChecks?.[0]?.failureThreshold ?? 3;
  return threshold > 0 && (instance.status?.health?.consecutiveFailures ?? 0) >= threshold;
}

/** When an instance whose agent is out of reach is replaced; a fixed port is in the way on its own node only. */
function unreachableDueAt(context: SlotContext, instance: Instance): number | undefined {
  const running = conditionOf(instance, "Running");
  if (running?.status !== "Unknown" || hasNoFreeNode(context)) return undefined;
  const { service } = context;
  const seconds = service.unreachable?.replaceAfterSeconds ?? ((service.volumes ?? []).length > 0 ? -1 : 30);
  if (seconds < 0) return undefined;
  const since = Date.parse(running.lastTransitionTime ?? "");
  return Number.isNaN(since) ? undefined : since + seconds * 1000;
}
