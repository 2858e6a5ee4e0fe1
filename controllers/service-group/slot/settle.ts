import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isDeleting, isTerminal, isTrue } from "../../../api-types/life.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { drainDeadline, isDrained, isOld, isRefused, isSick, isSpent, lossDueAt } from "./context.js";
import { isDone } from "./restart.js";
import { type Demand, isLost, type ReplaceCause, type Round, release } from "./round.js";
import { type Slot, takesRoom } from "./slots.js";

/**
 * Releases what costs nothing, and tells what else the number needs.
 *
 * | newest instance             | then                                                       |
 * |-----------------------------|------------------------------------------------------------|
 * | available                   | the older ones leave; it may itself be due for replacement  |
 * | ended                       | a successor when the restart is due; none when done         |
 * | not available, older serves | it is waited for, unless it will not do or is not needed any more |
 * | alone                       | replaced when deleted, lost, unhealthy, drained or outdated |
 */
export function settle(round: Round, slot: Slot): Demand | undefined {
  const { context } = round;
  const overdue = slot.members.filter((instance) => isDrainOver(round, instance));
  for (const instance of overdue) release(round, instance, "Drained");
  if (overdue.some(isAvailable))
    round.available -= Number(!slot.members.some((one) => isAvailable(one) && !overdue.includes(one)));
  const staying = slot.members.filter((instance) => !overdue.includes(instance));
  const newest = staying.at(-1);
  if (newest === undefined) return undefined;
  const older = staying.slice(0, -1);
  const spent = older.filter((instance) => isAvailable(newest) || isSpent(context, instance));
  for (const instance of spent) release(round, instance, "Replaced");
  const left = older.filter((instance) => !spent.includes(instance));
  if (isTerminal(newest)) return settleEnded(round, slot, { newest, left });
  if (left.length > 0) return settleSuccession(round, slot, { newest, left });
  const cause = causeOf(round, newest);
  return cause === undefined ? undefined : { type: "replace", slot, old: newest, cause };
}

function isDrainOver({ context, wakes }: Round, instance: Instance): boolean {
  const deadline = drainDeadline(context, instance);
  if (deadline === undefined) return false;
  if (deadline > context.view.now) wakes.push(deadline);
  return deadline <= context.view.now;
}

/** An instance and those before it that are still there. */
interface Succession {
  readonly newest: Instance;
  readonly left: readonly Instance[];
}

function settleEnded(round: Round, slot: Slot, { newest, left }: Succession): Demand | undefined {
  if (isDone(round.context.service, newest)) {
    // deleted by a person: the number is free again
    if (isDeleting(newest)) release(round, newest, "Terminated");
    return undefined;
  }
  // beside one that takes the only room nothing could be started again: that one is looked at by itself next
  const isInTheWay = (instance: Instance) => takesRoom(instance) && !isLost(round.context, instance, round.hasFreeNode);
  const isStuck = round.limits.stopsFirstBecause !== undefined && left.some(isInTheWay);
  if (isStuck || left.some((instance) => isFine(round, instance))) {
    release(round, newest, "Replaced");
    return undefined;
  }
  return { type: "restart", slot, ended: newest };
}

/** What it was replaced for is over: it serves, and nothing asks for its replacement. */
function isFine(round: Round, instance: Instance): boolean {
  return isAvailable(instance) && causeOf(round, instance) === undefined;
}

/** Why it was created, when its predecessor may come back by itself. */
const REVOCABLE: readonly (string | undefined)[] = ["Unreachable", "Drained"];

function settleSuccession(round: Round, slot: Slot, { newest, left }: Succession): Demand | undefined {
  const isRevocable = REVOCABLE.includes(newest.metadata.annotations?.[ANNOTATION.cause]);
  if (isRevocable && left.some((instance) => isFine(round, instance))) {
    release(round, newest, "Replaced");
    return undefined;
  }
  const fault = faultOf(round, newest);
  if (fault === undefined) {
    const serving = left.find(isAvailable);
    return serving !== undefined && isRefused(newest) ? { type: "makeRoom", slot, old: serving } : undefined;
  }
  if (fault === "Unhealthy" && round.healed >= round.health.allowance) return undefined;
  if (!isTrue(newest, "Published") || left.some(isAvailable)) {
    takeAway(round, newest, { fault, left });
    return undefined;
  }
  if (fault !== "Update") return { type: "replace", slot, old: newest, cause: fault };
  return isSick(round.context, newest) ? { type: "replace", slot, old: newest, cause: "Unhealthy" } : undefined;
}

/** Makes room for the next successor. */
function takeAway(
  round: Round,
  instance: Instance,
  { fault, left }: { fault: "Unreachable" | "Unhealthy" | "Update"; left: readonly Instance[] },
): void {
  if (fault !== "Unhealthy") {
    release(round, instance, "Replaced");
    return;
  }
  round.healed += 1;
  const isCovered = left.some(isAvailable) && !isTrue(instance, "Published");
  round.steps.push({ type: "release", instance, reason: fault, isCovered });
}

/** Why a successor will not do, although it is the newest: it makes room for the next one. */
function faultOf(
  { context, hasFreeNode }: Round,
  newest: Instance,
): "Unreachable" | "Unhealthy" | "Update" | undefined {
  if (isLost(context, newest, hasFreeNode)) return "Unreachable";
  if (isOld(context, newest)) return "Update";
  return isSick(context, newest) ? "Unhealthy" : undefined;
}

function causeOf(round: Round, instance: Instance): ReplaceCause | undefined {
  const { context, hold } = round;
  if (isDeleting(instance)) return "Deleted";
  const isDue = isOld(context, instance);
  const due = lossDueAt(context, instance, round.hasFreeNode);
  if (due !== undefined) {
    if (due <= context.view.now) return "Unreachable";
    round.attempts.push(due);
  }
  if (isDue && hold.allowance > 0 && context.canUpdate) return "Update";
  if (isSick(context, instance)) return "Unhealthy";
  if (isDrained(context, instance)) return "Drained";
  return isDue ? "Update" : undefined;
}
