import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isLeaving, isTerminal, isTrue } from "../../../api-types/life.js";
import { ANNOTATION, type LeaveReason } from "../../../api-types/well-known.js";
import type { Alarm, ServicePlan } from "../life/model.js";
import { type Creation, creation, isDrained, isOld, type ServiceContext } from "./context.js";
import { trialDueAt } from "./health.js";
import { isNumberBound } from "./limits.js";
import { delayMs, endedAt, isFailure, restartDueAt, restartsAfter } from "./restart.js";
import { type Demand, doubtText, openRound, type ReplaceCause, type Round, release } from "./round.js";
import { settle } from "./settle.js";
import { hasSuccessor, isOutOfReach, type Slot, slotsOf, timeOf } from "./slots.js";
import { victimsOf } from "./victims.js";

/**
 * Brings the instances of a service to the wanted number and revision without going below the floor or above the cap.
 * First what costs nothing, then what is missing, then what failed, what must move, and what is outdated.
 */
export function planRolling(context: ServiceContext): ServicePlan {
  const slots = slotsOf(context.members);
  const victims = new Set(leavingSlots(context, slots));
  const kept = slots.filter((slot) => !victims.has(slot));
  const round = openRound(context, kept);
  for (const slot of victims) {
    for (const instance of slot.members) release(round, instance, reasonOf(context, instance));
  }
  const demands = kept.flatMap((slot) => settle(round, slot) ?? []);
  for (const demand of demands) if (demand.type === "restart") restart(round, demand);
  const numbers = new Set(kept.map(({ number }) => number));
  createMissing(round, numbers);
  const rest = demands.filter((demand) => demand.type !== "restart");
  for (const demand of rest.sort((a, b) => urgency(a) - urgency(b))) meet(round, demand);
  return {
    steps: round.steps,
    nextAttempt: earliest(round.attempts),
    wakeAt: earliest(round.wakes),
    alarms: alarmsOf(round),
    notes: notesOf(round, demands),
    hold: round.hold.message,
  };
}

/** Said while an update goes on for which there is no room beside the old instances. */
function notesOf({ context, limits }: Round, demands: readonly Demand[]): readonly string[] {
  const isStopping = demands.some((demand) => demand.type === "replace" && demand.cause === "Update");
  if (!isStopping || limits.stopsFirstBecause === undefined) return [];
  return [`${context.service.name} stops each instance before its successor starts: ${limits.stopsFirstBecause}`];
}

function leavingSlots(context: ServiceContext, slots: readonly Slot[]): readonly Slot[] {
  const { view, service, wanted } = context;
  const strayed =
    service.mode === "EachNode" ? slots.filter(({ members }) => members.every((one) => hasStrayed(context, one))) : [];
  const idle = slots.filter((slot) => !strayed.includes(slot) && isForeignNumber(service, slot));
  const gone = [...strayed, ...idle];
  const staying = slots.filter((slot) => !gone.includes(slot));
  const spread = { rules: view.rulesOf(service), attributeOf: view.attributeOf };
  return [...gone, ...victimsOf(service, staying, { ...spread, count: staying.length - wanted })];
}

/** Its number is none of today's `ordinals`, and nothing of it was ever placed: it would wait for what nobody wants. */
function isForeignNumber({ ordinals }: ServiceContext["service"], { number, members }: Slot): boolean {
  const { start, step, slots = Number.POSITIVE_INFINITY } = ordinals;
  const index = (number - start) / step;
  const isOneOfThem = Number.isInteger(index) && index >= 0 && index < slots;
  return !isOneOfThem && members.every(({ status }) => status?.placement === undefined);
}

function hasStrayed({ view, service }: ServiceContext, instance: Instance): boolean {
  const node = instance.status?.placement?.node;
  return node !== undefined && !view.isMatchingNode(service, node);
}

function reasonOf(context: ServiceContext, instance: Instance): LeaveReason {
  if (isTerminal(instance)) return "Terminated";
  if (context.service.mode !== "EachNode" || !hasStrayed(context, instance)) return "ScaledDown";
  return isDrained(context, instance) ? "Drained" : "NodeRemoved";
}

/** Every creation needs what the service depends on, and room. */
function hasRoom({ context, live }: Round, cap: number): boolean {
  return context.canStart && live < cap;
}

function create(round: Round, wanted: Omit<Creation, "revisionName">): void {
  const { context, hold } = round;
  const { old } = wanted;
  const keepsRevision = hold.allowance - round.updated <= 0 && (old === undefined || isOld(context, old));
  const kept = old?.spec.revisionName ?? hold.stable;
  const revisionName = keepsRevision && kept !== undefined ? kept : context.target.name;
  if (revisionName === context.target.name && (old === undefined || isOld(context, old))) round.updated += 1;
  round.steps.push(creation(context, { ...wanted, revisionName }));
  round.live += 1;
}

function restart(round: Round, { slot, ended }: Demand & { type: "restart" }): void {
  const { service, backoff, view, target } = round.context;
  const isSame = ended.spec.revisionName === target.name;
  const isCounted = isSame && isFailure(service, ended);
  const due = restartDueAt(service, ended, { backoff, isCounted, steady: view.steady });
  if (view.now < due) {
    round.attempts.push(due);
    return;
  }
  if (!hasRoom(round, round.limits.cap)) return;
  create(round, { number: slot.number, cause: "Restart", old: ended, restarts: restartsAfter(service, ended, isSame) });
}

function createMissing(round: Round, used: ReadonlySet<number>): void {
  const { service, members, wanted } = round.context;
  const { start, step, slots = Number.POSITIVE_INFINITY } = service.ordinals;
  const bound = isNumberBound(service) ? members.filter((one) => isLeaving(one) && !isTerminal(one)) : [];
  const held = new Set(bound.map(({ spec }) => spec.number));
  let missing = wanted - used.size;
  for (let index = 0; missing > 0 && index < slots && hasRoom(round, round.limits.cap); index++) {
    const number = start + index * step;
    if (used.has(number) || held.has(number)) continue;
    create(round, { number, ...successionOf(members, number) });
    missing -= 1;
  }
}

/** What takes the place of an instance that had to leave first has its age, and was not asked for anew. */
function successionOf(members: readonly Instance[], number: number): Pick<Creation, "cause" | "before"> {
  const before = members.find((instance) => instance.spec.number === number && hasSuccessor(instance));
  const isForHealth = before?.metadata.annotations?.[ANNOTATION.leave] === "Unhealthy";
  return { cause: isForHealth ? "Unhealthy" : "New", before };
}

/** Lower is met first; what is not available costs nothing and goes before what is. */
function urgency(demand: Demand): number {
  if (demand.type !== "replace") return 6;
  const isServing = Number(isAvailable(demand.old));
  switch (demand.cause) {
    case "Deleted":
      return 0;
    case "Unreachable":
      return 1;
    case "Unhealthy":
      return 2;
    case "Update":
      return 3 + 2 * isServing;
    case "Drained":
      return 4;
    default:
      return demand.cause satisfies never;
  }
}

function meet(round: Round, demand: Demand): void {
  if (demand.type === "makeRoom") {
    const { floor, stopsFirstBecause } = round.limits;
    const mayStop = stopsFirstBecause !== undefined || floor < round.context.wanted;
    if (mayStop) stopServing(round, demand.old, floor);
  } else if (demand.type === "replace" && mayReplace(round, demand)) replace(round, demand);
}

function mayReplace(round: Round, { cause, old }: Demand & { type: "replace" }): boolean {
  const { context, hold, health } = round;
  if (!context.canStart) return false;
  if (cause === "Update") return context.canUpdate && round.updated + round.missing < hold.allowance;
  if (cause !== "Unhealthy") return true;
  return health.doubted === undefined ? round.healed < health.allowance : mayTry(round, old);
}

/** One at a time, and only as long as each successor gets well. */
function mayTry({ context, health, healed, wakes }: Round, old: Instance): boolean {
  if (health.trial !== undefined || healed > 0) return false;
  const due = trialDueAt(context.service, old, context.view.steady);
  if (due !== undefined && due > context.view.now) wakes.push(due);
  return due !== undefined && due <= context.view.now;
}

function replace(round: Round, { slot, old, cause }: Demand & { type: "replace" }): void {
  const limits = cause === "Drained" ? round.elsewhere : round.limits;
  // what is out of reach takes no room: its successor always finds some
  const mayStart = limits.stopsFirstBecause === undefined || cause === "Unreachable";
  if (mayStart && round.live < limits.cap) {
    succeed(round, slot.number, { old, cause });
    return;
  }
  if (cause === "Unreachable") return;
  if (cause === "Drained" || cause === "Update") {
    if (isAvailable(old)) stopServing(round, old, limits.floor);
    else if (limits.stopsFirstBecause !== undefined) stopFirst(round, old);
    return;
  }
  if (limits.stopsFirstBecause === undefined) return;
  if (cause === "Deleted") release(round, old, "StopFirst");
  else healByStopping(round, old);
}

/** A successor beside the old one; that of an update whose instances failed is not started too soon. */
function succeed(round: Round, number: number, { old, cause }: { old: Instance; cause: ReplaceCause }): void {
  const isRetry = cause === "Update" && retryDueAt(round.context) !== undefined;
  if (isRetry && isTooSoon(round)) return;
  create(round, { number, cause: isRetry ? "Retry" : cause, old });
  round.healed += Number(cause === "Unhealthy");
}

/** An update whose instances fail is tried again at the pace of the back-off; a way back is not kept waiting. */
function retryDueAt({ backoff, service, target }: ServiceContext): number | undefined {
  if (backoff === undefined || target.name !== target.specName) return undefined;
  return backoff.lastFailure + delayMs(service, backoff.failures);
}

function isTooSoon({ context, attempts }: Round): boolean {
  const due = retryDueAt(context) ?? 0;
  if (due <= context.view.now) return false;
  attempts.push(due);
  return true;
}

/** One number less is served: only down to the floor. */
function stopServing(round: Round, old: Instance, floor: number): void {
  if (round.available - 1 < floor) return;
  round.available -= 1;
  stopFirst(round, old);
}

function stopFirst(round: Round, old: Instance): void {
  // its number is created anew when its end is confirmed, and counts as updated then
  if (isOld(round.context, old)) round.updated += 1;
  release(round, old, "StopFirst");
}

/** Unhealthy without room for a successor: it goes first, unless it is the last one that serves (R11). */
function healByStopping(round: Round, old: Instance): void {
  if (round.health.doubted !== undefined) return;
  if (isTrue(old, "Published") && round.available === 0) return;
  round.healed += 1;
  release(round, old, "Unhealthy");
}

function alarmsOf(round: Round): readonly Alarm[] {
  const { context, health } = round;
  const { service, members, view } = context;
  const doubt: readonly Alarm[] =
    health.doubted === undefined ? [] : [{ type: "health", message: doubtText(round, health.doubted) }];
  const isWaiting =
    view.isRackBlind &&
    round.hasFreeNode &&
    members.some((one) => !isLeaving(one) && !isTerminal(one) && isOutOfReach(one));
  if (!isWaiting) return doubt;
  const next = "allow it with a DisruptionOverride of class tasks, or repair what they share";
  const message = `${service.name}: many instances of the rack went out of reach at once; none is replaced for it; ${next}`;
  return [...doubt, { type: "reach", message }];
}

function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((first, time) => Math.min(first, time));
}

/**
 * When failures of the wanted revision happened that its back-off is to count: ends, and instances that were taken away
 * for bad health.
 */
export function failureTimes(
  { view, service, members }: Pick<ServiceContext, "view" | "service" | "members">,
  revisionName: string,
): readonly number[] {
  const remembered = (view.healthReleases.get(service.name) ?? []).filter((one) => one.revisionName === revisionName);
  const own = members.filter(({ spec }) => spec.revisionName === revisionName);
  const seen = own.flatMap((one) => {
    if (!isLeaving(one)) return isFailure(service, one) ? [endedAt(one, view.steady)] : [];
    const isForHealth = one.metadata.annotations?.[ANNOTATION.leave] === "Unhealthy";
    return isForHealth ? [view.steady(`deletion of ${one.metadata.name}`, timeOf(one.metadata.deletionTimestamp))] : [];
  });
  return [...seen, ...remembered.map(({ at }) => view.steady(`release of ${service.name} at ${at}`, at))];
}
