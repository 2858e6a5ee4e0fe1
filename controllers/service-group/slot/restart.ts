import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isTerminal, restartsBefore } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import type { Backoff, Steady } from "../life/model.js";
import { timeOf } from "./slots.js";

/** So long without a failure, after the last delay was over, and the back-off begins anew. */
const STABLE_MS = 60_000;
/** An exit with code 0 sooner than this counts as a failure. */
const SHORT_RUN_MS = 10_000;
/** Ends that say nothing about the service: its machine is gone, or somebody ended it. */
const BLAMELESS: readonly string[] = ["Gone", "GoneByOperator"];

/** It ended as its restart policy lets it: nothing follows. */
export function isDone(service: Service, ended: Instance): boolean {
  const { policy } = service.restart;
  const state = ended.status?.lastStatus?.state;
  if (service.mode === "Job") return state === "Finished";
  if (policy === "Always") return false;
  return policy === "Never" || (state === "Finished" && runTimeMs(ended) >= SHORT_RUN_MS);
}

/**
 * Whether an end counts for the back-off.
 *
 * | state                    | counts                                |
 * |--------------------------|---------------------------------------|
 * | Failed, Error, Dropped   | yes                                   |
 * | Finished                 | within 10 s of Running, unless a job  |
 * | Killed                   | when it never ran: its start was overdue |
 * | Gone, GoneByOperator     | no                                    |
 */
export function isFailure(service: Service, ended: Instance): boolean {
  const state = ended.status?.lastStatus?.state ?? "";
  if (!isTerminal(ended) || BLAMELESS.includes(state)) return false;
  if (state === "Finished") return service.mode !== "Job" && runTimeMs(ended) < SHORT_RUN_MS;
  return state !== "Killed" || ended.status?.startedAt === undefined;
}

function runTimeMs(ended: Instance): number {
  const startedAt = Date.parse(ended.status?.startedAt ?? "");
  const endedAt = Date.parse(ended.status?.lastStatus?.at ?? "");
  return Number.isNaN(startedAt) || Number.isNaN(endedAt) ? 0 : endedAt - startedAt;
}

/** A clock of the back end that goes so far ahead of ours is not believed. */
const AHEAD_MS = 5000;

/** By the back end's clock, unless that goes wrong against ours, by which the end was noted to the second (R30). */
export function endedAt(ended: Instance, steady: Steady): number {
  const told = timeOf(ended.status?.lastStatus?.at);
  const noted = timeOf(conditionOf(ended, "Running")?.lastTransitionTime);
  const isWrong = told < noted || (noted !== 0 && told > noted + AHEAD_MS);
  return steady(`end of ${ended.metadata.name}`, isWrong ? noted : told);
}

/** The extra delay after so many failures in a row. */
export function delayMs({ restart }: Service, failures: number): number {
  const { initialSeconds, factor, maxSeconds } = restart.backoff;
  return failures === 0 ? 0 : Math.min(maxSeconds, initialSeconds * factor ** (failures - 1)) * 1000;
}

/**
 * Failures in a row with these new ones. Those within the delay of one that was counted are the same trouble and count
 * once; a stable time begins the count anew.
 */
export function countFailures(
  service: Service,
  known: Backoff | undefined,
  { failedAt, revisionName, now }: { failedAt: readonly number[]; revisionName: string; now: number },
): Backoff | undefined {
  const counted = [...failedAt]
    .sort((a, b) => a - b)
    .reduce<Backoff | undefined>((before, at) => {
      if (before === undefined || isOver(service, before, at)) return { failures: 1, lastFailure: at, revisionName };
      const isSameTrouble = at <= before.lastFailure + delayMs(service, before.failures);
      return isSameTrouble ? before : { failures: before.failures + 1, lastFailure: at, revisionName };
    }, known);
  return counted === undefined || isOver(service, counted, now) ? undefined : counted;
}

function isOver(service: Service, { failures, lastFailure }: Backoff, at: number): boolean {
  return at - lastFailure - delayMs(service, failures) >= STABLE_MS;
}

/** When the place of an ended instance is taken again: after the delay, and not before the back-off of its service ends. */
export function restartDueAt(
  service: Service,
  ended: Instance,
  { backoff, isCounted, steady }: { backoff: Backoff | undefined; isCounted: boolean; steady: Steady },
): number {
  const afterDelay = endedAt(ended, steady) + service.restart.delaySeconds * 1000;
  if (!isCounted || backoff === undefined) return afterDelay;
  return Math.max(afterDelay, backoff.lastFailure + delayMs(service, backoff.failures));
}

/** Restarts in a row of this number, the coming one included. A job counts failures only, and forgets none. */
export function restartsAfter(service: Service, ended: Instance, isSameRevision: boolean): number {
  const before = restartsBefore(ended);
  if (service.mode === "Job") return before + (isFailure(service, ended) ? 1 : 0);
  return isSameRevision && runTimeMs(ended) < STABLE_MS ? before + 1 : 1;
}
