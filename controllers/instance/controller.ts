import { isDeepStrictEqual } from "node:util";
import { filter, map, merge, mergeMap, type Observable, of, tap } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { isLeaving, isTerminal, keyOf, TERMINAL_STATES } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { TaskStatus } from "../../drivers/compute/driver.js";
import { every$ } from "../../platform/clock.js";
import { defineController, on } from "../../runtime/controller.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { createSteadyTimes } from "../steady-times.js";
import { createPace } from "./pace.js";
import { planEnd } from "./plan.js";
import { AWAY_STATES } from "./status/ready.js";
import { refreshedReport, type TaskReport, taskReport } from "./status/report.js";
import { endRevenant, release, takeStep } from "./task/end.js";
import { type Compute, checkedOf, computeOf, type Loop } from "./task/loop.js";
import { afterHearing } from "./task/said.js";
import { watchOver } from "./task/watch.js";

const NAME = "instance";
const SWEEP_MS = 300_000;

/** Brings what the back end says about tasks into Instances, and ends the tasks of those that left. */
export const instanceController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    concurrency: 16,
    watches: [
      on(Instance, (instance, previous) => (needsLook(instance, previous) ? [keyOf(instance)] : [])),
      on(ServiceGroup, () => []),
      on(Revision, () => []),
      on(Node, () => []),
    ],
    triggers: [
      // launches are looked at far more often: what is forgotten here is over
      every$(context.clock, SWEEP_MS).pipe(
        tap(loop.times.sweep),
        mergeMap(() => []),
      ),
      loop.context.backends.each$(({ compute }) => (compute === undefined ? of<string>() : statusKeys$(loop, compute))),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

function open(context: LoopContext): Loop {
  const { informers, clock } = context;
  return {
    context,
    instances: informers.cache(Instance, { task: taskIds, group: groupKey }),
    groups: informers.cache(ServiceGroup),
    revisions: informers.cache(Revision),
    nodes: informers.cache(Node),
    said: new Map(),
    calls: createPace(clock),
    times: createSteadyTimes(clock),
    buried: new Map(),
  };
}

function groupKey({ metadata, spec }: Instance): readonly string[] {
  return [`${metadata.namespace ?? ""}/${spec.serviceGroup}`];
}

/** Its own and those attached to it. */
function taskIds({ status }: Instance): readonly string[] {
  const own = status?.placement === undefined ? [] : [status.placement.taskID];
  return [...own, ...(status?.attached ?? []).map(({ taskID }) => taskID)];
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  const instance = loop.instances.get(key);
  const compute = instance && computeOf(loop, instance);
  if (instance === undefined || compute === undefined) {
    // the back end repeats what was not acknowledged
    loop.said.delete(key);
    // what never ran, or ended, needs nobody to end it
    return instance !== undefined && planEnd(instance).type === "release" ? release(loop, instance) : {};
  }
  await storeStatuses(loop, instance, compute);
  await refresh(loop, loop.instances.get(key) ?? instance);
  // storing made the newest state visible in the cache
  const newest = loop.instances.get(key) ?? instance;
  const step = planEnd(newest);
  return step.type === "wait" ? watchOver(loop, newest, compute) : takeStep(loop, newest, { ...step, compute });
}

/** Keys of the instances whose tasks the back end speaks of; a task that no Instance has is acknowledged and left alone. */
function statusKeys$(loop: Loop, compute: Compute): Observable<string> {
  const told$ = compute.driver.statuses$.pipe(
    map((status) => {
      const instance = loop.instances.by("task", status.taskId)[0];
      if (instance === undefined) {
        void compute.driver.acknowledge(status).catch(() => undefined);
        void endRevenant(loop, status);
        return undefined;
      }
      const key = keyOf(instance);
      loop.said.set(key, afterHearing(loop.said.get(key) ?? [], status));
      return key;
    }),
    filter((key) => key !== undefined),
  );
  // after a new subscription every living task is asked for and every kill may be due again
  const connected$ = compute.connection.changes$.pipe(
    filter((connection) => connection.type === "subscribed"),
    tap(loop.calls.clear),
    map(() =>
      loop.instances.list().filter((instance) => instance.status?.placement !== undefined && !isTerminal(instance)),
    ),
  );
  return merge(told$, connected$.pipe(mergeKeys));
}

/** Each status is stored before it is acknowledged: the back end repeats what was lost with us. */
async function storeStatuses(loop: Loop, instance: Instance, compute: Compute): Promise<void> {
  const key = keyOf(instance);
  for (let status = loop.said.get(key)?.[0]; status !== undefined; status = loop.said.get(key)?.[0]) {
    const breath = loop.context.clock.breathe?.();
    if (breath !== undefined) await breath;
    const current = loop.instances.get(key) ?? instance;
    noteReturn(loop, current, status);
    // what the master says is stored even when the template is lost
    await report(
      loop,
      current,
      taskReport(current, { ...status, heardAt: loop.context.clock.now() }, checkedOf(loop, current)),
    );
    done(loop, key, status);
    // nothing is asked of it any more
    if (TERMINAL_STATES.includes(status.state)) loop.calls.forget(status.taskId);
    if (status.acknowledgement !== undefined) await compute.driver.acknowledge(status);
  }
}

/** A kill that was sent while the agent was away is not remembered: it is due again as soon as the task is heard of. */
function noteReturn(loop: Loop, { status }: Instance, { taskId, state }: TaskStatus): void {
  if (AWAY_STATES.includes(status?.lastStatus?.state ?? "") && !AWAY_STATES.includes(state)) loop.calls.forget(taskId);
}

/** Health as the probes say now, and attached tasks as they are now. */
async function refresh(loop: Loop, instance: Instance): Promise<void> {
  await report(loop, instance, refreshedReport(instance, checkedOf(loop, instance)));
}

async function report(loop: Loop, object: Instance, given: TaskReport | undefined): Promise<void> {
  if (given === undefined) return;
  const { conditions, ...fields } = given;
  const status = { ...fields, conditions: ownConditions(object, conditions, loop.context.clock.now()) };
  await reportStatus({
    client: loop.context.client,
    cache: loop.instances,
    kind: Instance,
    object,
    status,
    manager: NAME,
  });
}

function done(loop: Loop, key: string, status: TaskStatus): void {
  const rest = (loop.said.get(key) ?? []).filter((other) => other !== status);
  if (rest.length === 0) loop.said.delete(key);
  else loop.said.set(key, rest);
}

/** Only what changes the last step of leaving, begins the watch over a launch, or decides on readiness. */
function needsLook(instance: Instance, previous: Instance | undefined): boolean {
  if (previous === undefined) return true;
  return (
    isLeaving(instance) !== isLeaving(previous) ||
    (instance.metadata.finalizers ?? []).length !== (previous.metadata.finalizers ?? []).length ||
    !isDeepStrictEqual(inputsOf(instance), inputsOf(previous))
  );
}

/** What other loops write and this one goes by. */
function inputsOf({ status }: Instance): unknown {
  return [status?.placement, status?.probes, (status?.attached ?? []).map(({ taskID }) => taskID)];
}

function mergeKeys(source$: Observable<readonly Instance[]>): Observable<string> {
  return source$.pipe(mergeMap((found) => found.map(keyOf)));
}
