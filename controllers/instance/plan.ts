import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, isTrue, TERMINAL_STATES } from "../../api-types/life.js";
import type { Service } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER, type LeaveReason } from "../../api-types/well-known.js";
import { attachedReports } from "./status/attached.js";

/** One task at the back end. */
export interface TaskKey {
  readonly taskId: string;
  readonly agentId: string;
}

/** What an Instance's tasks need. */
export type EndStep =
  /** Other layers still use it, or it was not let go. */
  | { readonly type: "wait" }
  /** Nothing runs, or nobody will ever know: the Instance may vanish. */
  | { readonly type: "release" }
  | ({ readonly type: "kill" } & TaskKey)
  /** Its own task is over: what ran beside it ends, last started first. */
  | { readonly type: "killAttached"; readonly tasks: readonly TaskKey[] };

/**
 * The last step of leaving: after DNS and route are gone, kill; then what is attached; after the ends are stored,
 * release. What is attached to a task that ended by itself ends, too.
 */
export function planEnd(instance: Instance): EndStep {
  const placement = instance.status?.placement;
  const isOver = placement === undefined || isTerminal(instance);
  const isLast = isLeaving(instance) && isWithdrawn(instance);
  if (isLast && isForgotten(instance)) return { type: "release" };
  const attached = livingAttached(instance);
  if (isOver && attached.length > 0) return { type: "killAttached", tasks: attached };
  if (!isLast) return { type: "wait" };
  return isOver ? { type: "release" } : { type: "kill", taskId: placement.taskID, agentId: placement.agentID };
}

function isWithdrawn({ metadata: { finalizers = [] } }: Instance): boolean {
  const isUsed = [FINALIZER.balancer, FINALIZER.dns, FINALIZER.route].some((layer) => finalizers.includes(layer));
  return !isUsed && finalizers.includes(FINALIZER.task);
}

const FORGOTTEN: LeaveReason = "Forgotten";

/** Out of reach for so long that its end is not waited for (`forgetAfterSeconds`); one that came back is killed as usual. */
export function isForgotten(instance: Instance): boolean {
  const isGivenUp = instance.metadata.annotations?.[ANNOTATION.leave] === FORGOTTEN;
  return isGivenUp && conditionOf(instance, "Running")?.status === "Unknown";
}

/** Attached tasks that did not end as far as is known, last started first. */
function livingAttached(instance: Instance): readonly TaskKey[] {
  const agentId = instance.status?.placement?.agentID ?? "";
  const ended = new Set(
    attachedReports(instance).flatMap(({ name, state = "" }) => (TERMINAL_STATES.includes(state) ? [name] : [])),
  );
  const living = (instance.status?.attached ?? []).filter(({ name }) => !ended.has(name));
  return living.map(({ taskID }) => ({ taskId: taskID, agentId })).reverse();
}

/** A task whose state should be known. */
export interface WatchedTask extends TaskKey {
  /** It runs, as far as is known. */
  readonly isRunning: boolean;
  /** When it was launched, milliseconds of wall time; undefined: not known. */
  readonly since: number | undefined;
}

/** When something was that happened at a stored time, immune to steps of the wall clock (R30). */
export type Steady = (what: string, at: number) => number;

/** The tasks of an instance that did not end, its own first; none when that ended. */
export function watchedTasks(instance: Instance, steady: Steady): readonly WatchedTask[] {
  const placement = instance.status?.placement;
  if (placement === undefined || isTerminal(instance)) return [];
  const running = new Set(attachedReports(instance).flatMap(({ name, state }) => (state === "Running" ? [name] : [])));
  const names = new Map((instance.status?.attached ?? []).map(({ name, taskID }) => [taskID, name]));
  // without the condition nothing tells since when: it is asked for now
  const since = scheduledAt(instance, steady) ?? 0;
  const own = { taskId: placement.taskID, agentId: placement.agentID, since };
  const attached = livingAttached(instance).map((task) => ({
    ...task,
    isRunning: running.has(names.get(task.taskId) ?? ""),
    since: undefined,
  }));
  return [{ ...own, isRunning: isTrue(instance, "Running") }, ...attached];
}

function scheduledAt(instance: Instance, steady: Steady): number | undefined {
  const scheduled = conditionOf(instance, "Scheduled");
  const at = Date.parse(scheduled?.status === "True" ? scheduled.lastTransitionTime : "");
  return Number.isNaN(at) ? undefined : steady(`placement of ${instance.metadata.uid ?? ""}`, at);
}

/** Whether a placed task is still not running after the service's start deadline; `now` in milliseconds of wall time. */
export function planOverdue(
  instance: Instance,
  { startDeadlineSeconds }: Pick<Service, "startDeadlineSeconds">,
  { now, steady }: { readonly now: number; readonly steady: Steady },
): { readonly isDue: boolean } {
  const since = scheduledAt(instance, steady);
  const state = instance.status?.lastStatus?.state;
  const isStarting = state === undefined || state === "Staging" || state === "Starting";
  return { isDue: isStarting && since !== undefined && now >= since + startDeadlineSeconds * 1000 };
}
