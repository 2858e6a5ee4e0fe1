import type { Instance } from "../../../api-types/instance.js";
import { isLeaving, isTerminal } from "../../../api-types/life.js";
import type { AttachedTask, Service } from "../../../api-types/service-group.js";
import { attachedTaskId, hasEnded, runOf } from "../../attached.js";

/** After so long a run a failure starts the back-off anew. */
const STABLE_RUN_MS = 60_000;
/** Clocks of two machines differ by so much without harm. */
const SKEW_MAX_MS = 30_000;

type Item = NonNullable<NonNullable<Instance["status"]>["attached"]>[number];

/** A task attached to a placed Instance that is to start again. */
export interface DueAttached {
  readonly name: string;
  /** Of the next run. */
  readonly taskId: string;
  /** Wall time: not before. */
  readonly dueAt: number;
}

/**
 * The attached tasks of an Instance that ended and start again; nothing for an Instance that ended or leaves. One that is
 * required and does not start again is the end of its Instance, which the service-group loop replaces.
 *
 * | ended        | Always | OnFailure | Never |
 * |--------------|--------|-----------|-------|
 * | with success | again  | done      | done  |
 * | by a failure | again  | again     | done  |
 */
export function attachedDue(
  instance: Instance,
  service: Pick<Service, "attached">,
  now: number,
): readonly DueAttached[] {
  const own = instance.status?.placement?.taskID;
  if (own === undefined || isTerminal(instance) || isLeaving(instance)) return [];
  return (service.attached ?? []).flatMap((attached) => {
    const item = instance.status?.attached?.find(({ name }) => name === attached.name);
    if (item === undefined || !hasEnded(instance, item) || !isRestarted(attached, item)) return [];
    const run = runOf(own, attached.name, item.taskID) + 1;
    return [
      { name: attached.name, taskId: attachedTaskId(own, attached.name, run), dueAt: dueAt(attached, item, now) },
    ];
  });
}

function isRestarted({ restart }: AttachedTask, { state }: Item): boolean {
  const { policy = "Always" } = restart ?? {};
  return policy === "Always" || (policy === "OnFailure" && state !== "Finished");
}

/** The delay, or the back-off after so many runs, whichever is longer, from the end on. */
function dueAt({ restart }: AttachedTask, item: Item, now: number): number {
  const { delaySeconds = 1, backoff } = restart ?? {};
  const { initialSeconds = 1, factor = 1.15, maxSeconds = 300 } = backoff ?? {};
  const failures = runTimeMs(item) >= STABLE_RUN_MS ? 0 : (item.restarts ?? 0);
  const backoffSeconds = Math.min(maxSeconds, initialSeconds * factor ** failures);
  return endedAt(item, now) + Math.max(delaySeconds, backoffSeconds) * 1000;
}

/** A back end whose clock is far ahead must not put the start off (R30): then it is due at once. */
function endedAt({ at }: Item, now: number): number {
  const told = Date.parse(at ?? "");
  return Number.isNaN(told) || told > now + SKEW_MAX_MS ? 0 : told;
}

function runTimeMs({ startedAt, at }: Item): number {
  const ranMs = Date.parse(at ?? "") - Date.parse(startedAt ?? "");
  return Number.isNaN(ranMs) ? 0 : ranMs;
}
