import { filter, map, merge, mergeMap, type Observable, of, tap } from "rxjs";
import type { Action } from "../../actuation/action.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, keyOf, TERMINAL_STATES } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { TaskStatus } from "../../drivers/compute/driver.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext, RackDrivers } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { createPace } from "./pace.js";
import { planEnd, planOverdue, REFUSED_STATES, taskReport } from "./plan.js";

const NAME = "instance";
/** A kill may be lost with a master: it is repeated until the end is stored. */
const KILL_AGAIN_MS = 10_000;
/** A kill that was not taken is tried again sooner. */
const KILL_RETRY_MS = 2000;
/** A placed task of which nothing is heard for so long is asked for: longer than a launch can be on its way. */
const ASK_AFTER_MS = 20_000;

const BURIED_MAX = 1000;

type Compute = NonNullable<RackDrivers["compute"]>;

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
    ],
    triggers: [
      loop.context.backends.each$(({ compute }) => (compute === undefined ? of<string>() : statusKeys$(loop, compute))),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  /** Statuses not yet stored, by task, in the order they came; bounded by the back end, which sends one at a time until acknowledged. */
  readonly said: Map<string, readonly TaskStatus[]>;
  readonly calls: ReturnType<typeof createPace>;
  /** Deleted Instances by a task that was said to be refused. */
  readonly buried: Map<string, Instance>;
}

function open(context: LoopContext): Loop {
  const { informers, clock } = context;
  const instances = informers.cache(Instance, {
    task: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.taskID]),
  });
  return {
    context,
    instances,
    groups: informers.cache(ServiceGroup),
    revisions: informers.cache(Revision),
    said: new Map(),
    calls: createPace(clock),
    buried: new Map(),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  const instance = loop.instances.get(key);
  const compute = instance && computeOf(loop, instance);
  if (instance === undefined || compute === undefined) return {};
  await storeStatuses(loop, instance, compute);
  // storing made the newest state visible in the cache
  return end(loop, loop.instances.get(key) ?? instance, compute);
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
      loop.said.set(status.taskId, [...(loop.said.get(status.taskId) ?? []), status]);
      return keyOf(instance);
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

function computeOf(loop: Loop, instance: Instance): Compute | undefined {
  const group = groupOf(loop, instance);
  return group === undefined ? undefined : loop.context.backends.of(group.spec.rackName).compute;
}

/** Each status is stored before it is acknowledged: the back end repeats what was lost with us. */
async function storeStatuses(loop: Loop, instance: Instance, compute: Compute): Promise<void> {
  const taskId = instance.status?.placement?.taskID;
  if (taskId === undefined) return;
  for (let status = loop.said.get(taskId)?.[0]; status !== undefined; status = loop.said.get(taskId)?.[0]) {
    const current = loop.instances.get(keyOf(instance)) ?? instance;
    // what the master says is stored even when the template is lost
    const report = taskReport(current, status, templateOf(loop, current) ?? liveService(loop, current) ?? {});
    if (report !== undefined) {
      const { conditions, ...fields } = report;
      const own = { ...fields, conditions: ownConditions(current, conditions, loop.context.clock.now()) };
      await reportStatus({
        client: loop.context.client,
        cache: loop.instances,
        kind: Instance,
        object: current,
        status: own,
        manager: NAME,
      });
    }
    forget(loop, taskId, status);
    if (status.acknowledgement !== undefined) await compute.driver.acknowledge(status);
  }
}

function forget(loop: Loop, taskId: string, status: TaskStatus): void {
  const rest = (loop.said.get(taskId) ?? []).filter((other) => other !== status);
  if (rest.length === 0) loop.said.delete(taskId);
  else loop.said.set(taskId, rest);
}

function templateOf(loop: Loop, instance: Instance): Service | undefined {
  return loop.revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
}

async function end(loop: Loop, instance: Instance, compute: Compute): Promise<ReconcileResult> {
  const step = planEnd(instance);
  switch (step.type) {
    case "wait":
      return watchOver(loop, instance, compute);
    case "release":
      loop.calls.forget(instance.status?.placement?.taskID);
      bury(loop, instance);
      await removeFinalizer({
        client: loop.context.client,
        kind: Instance,
        object: instance,
        finalizer: FINALIZER.task,
      });
      return {};
    case "kill":
      return kill(loop, instance, { ...step, ...killInputs(loop, instance) });
    default:
      return step satisfies never;
  }
}

/** A launch that the master refused may still come to life: the refusal can belong to a repeated request. */
function bury(loop: Loop, instance: Instance): void {
  const { placement, lastStatus } = instance.status ?? {};
  if (placement === undefined || !REFUSED_STATES.includes(lastStatus?.state ?? "")) return;
  loop.buried.set(placement.taskID, instance);
  const [oldest] = loop.buried.keys();
  if (loop.buried.size > BURIED_MAX && oldest !== undefined) loop.buried.delete(oldest);
}

/** Ends a task whose Instance was deleted in our time and that runs nevertheless; the deletion is its ground. */
async function endRevenant(loop: Loop, { taskId, agentId = "", state }: TaskStatus): Promise<void> {
  const instance = loop.buried.get(taskId);
  if (instance === undefined || TERMINAL_STATES.includes(state)) return;
  if (loop.calls.dueMs("kill", taskId, KILL_AGAIN_MS) > 0) return;
  loop.calls.made("kill", taskId);
  await loop.context.execute([killAction(instance, { taskId, agentId, ...killInputs(loop, instance) })]);
}

/** Once, and again only when nothing came of it for a while: every look at the instance leads here. */
async function kill(loop: Loop, instance: Instance, inputs: Kill): Promise<ReconcileResult> {
  const dueMs = loop.calls.dueMs("kill", inputs.taskId, KILL_AGAIN_MS);
  if (dueMs > 0) return { requeueAfterMs: dueMs };
  await confirmDeleted(loop, instance);
  const [outcome] = await loop.context.execute([killAction(instance, inputs)]);
  if (outcome?.type === "verified") loop.calls.made("kill", inputs.taskId);
  return { requeueAfterMs: outcome?.type === "verified" ? KILL_AGAIN_MS : KILL_RETRY_MS };
}

function killInputs(loop: Loop, instance: Instance) {
  const graceSeconds = (liveService(loop, instance) ?? templateOf(loop, instance))?.terminationGracePeriodSeconds ?? 10;
  return { graceSeconds, rack: groupOf(loop, instance)?.spec.rackName ?? "" };
}

function groupOf(loop: Loop, instance: Instance): ServiceGroup | undefined {
  return loop.groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
}

function liveService(loop: Loop, instance: Instance): Service | undefined {
  return groupOf(loop, instance)?.spec.services.find((service) => service.name === instance.spec.service);
}

/** The ground of a kill is a deletion that a fresh read confirms (R2). */
async function confirmDeleted(loop: Loop, instance: Instance): Promise<void> {
  const { namespace = "", name, uid } = instance.metadata;
  const fresh = await loop.context.client.get(Instance, { namespace, name });
  if (fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp !== undefined) return;
  throw new StatusError(
    "Conflict",
    `ending the task of instance ${namespace}/${name}: the cached instance is outdated`,
  );
}

/**
 * A launch of which nothing is heard is asked for, and so is a task that the master no longer lists: its end may have
 * been told while nobody listened. A launch that is overdue is ended.
 */
async function watchOver(loop: Loop, instance: Instance, compute: Compute): Promise<ReconcileResult> {
  const placement = instance.status?.placement;
  const service = templateOf(loop, instance);
  if (placement === undefined || service === undefined || isTerminal(instance)) return {};
  const { taskID: taskId, agentID: agentId } = placement;
  const tasks = compute.tasks.value();
  if (conditionOf(instance, "Running")?.status === "True") {
    if (tasks.type === "Unknown") return { requeueAfterMs: ASK_AFTER_MS };
    if (tasks.items.has(taskId)) return {};
  }
  if (planOverdue(instance, service, loop.context.clock.now()).isDue) {
    await endOverdue(loop, instance, {
      inputs: { taskId, agentId, ...killInputs(loop, instance) },
      deadlineSeconds: service.startDeadlineSeconds,
    });
  }
  return ask(loop, instance, compute);
}

/** A launch that did not come to life in time. */
interface Overdue {
  readonly inputs: Kill;
  readonly deadlineSeconds: number;
}

async function endOverdue(loop: Loop, instance: Instance, { inputs, deadlineSeconds }: Overdue): Promise<void> {
  if (loop.calls.dueMs("kill", inputs.taskId, KILL_AGAIN_MS) > 0) return;
  const action = killAction(instance, inputs);
  const message = `${action.message}: not running after ${deadlineSeconds} s`;
  // nobody asked for this end: it is drawn from the budget (R4)
  const [outcome] = await loop.context.execute([{ ...action, message, budgetClass: "tasks" }]);
  if (outcome?.type === "verified") loop.calls.made("kill", inputs.taskId);
}

/** Asks the master for a task, once, and again only when nothing came of it for a while. */
async function ask(loop: Loop, instance: Instance, { driver, connection }: Compute): Promise<ReconcileResult> {
  const { taskID: taskId = "", agentID: agentId = "" } = instance.status?.placement ?? {};
  // without the condition nothing tells since when: it is asked for now
  const placedAt = Date.parse(conditionOf(instance, "Scheduled")?.lastTransitionTime ?? "") || 0;
  const silentMs = placedAt + ASK_AFTER_MS - loop.context.clock.now();
  const dueMs = Math.max(silentMs, loop.calls.dueMs("ask", taskId, ASK_AFTER_MS));
  if (dueMs > 0) return { requeueAfterMs: dueMs };
  // the answer leads here again, however soon it comes
  loop.calls.made("ask", taskId);
  if (connection.value().type === "subscribed") await driver.reconcile([{ taskId, agentId }]);
  return { requeueAfterMs: ASK_AFTER_MS };
}

/** Only what changes the last step of leaving, or begins the watch over a launch. */
function needsLook(instance: Instance, previous: Instance | undefined): boolean {
  if (previous === undefined) return true;
  return (
    isLeaving(instance) !== isLeaving(previous) ||
    (instance.metadata.finalizers ?? []).length !== (previous.metadata.finalizers ?? []).length ||
    instance.status?.placement !== previous.status?.placement
  );
}

function mergeKeys(source$: Observable<readonly Instance[]>): Observable<string> {
  return source$.pipe(mergeMap((found) => found.map(keyOf)));
}

interface Kill {
  readonly taskId: string;
  readonly agentId: string;
  readonly graceSeconds: number;
  readonly rack: string;
}

function killAction(instance: Instance, { taskId, agentId, graceSeconds, rack }: Kill): Action {
  return {
    type: "task.kill",
    rack,
    key: taskId,
    change: { type: "kill", taskId, agentId, graceSeconds },
    message: `kill task ${taskId} of Instance ${keyOf(instance)}`,
    ground: { type: "tombstone", owner: instance.metadata.uid ?? "" },
    cause: [`${instance.metadata.uid ?? ""}@${instance.metadata.generation ?? 0}`],
    evidence: [],
  };
}
