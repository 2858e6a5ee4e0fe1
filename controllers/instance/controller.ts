import { filter, map, merge, mergeMap, type Observable, of, tap } from "rxjs";
import type { Action } from "../../actuation/action.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, keyOf, TERMINAL_STATES } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { TaskStatus } from "../../drivers/compute/driver.js";
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
export function instanceController(context: LoopContext) {
  const { informers, backends, client, clock } = context;
  const instances = informers.cache(Instance, {
    task: (instance) => (instance.status?.placement === undefined ? [] : [instance.status.placement.taskID]),
  });
  const groups = informers.cache(ServiceGroup);
  const revisions = informers.cache(Revision);
  /** Statuses not yet stored, by task, in the order they came; bounded by the back end, which sends one at a time until acknowledged. */
  const said = new Map<string, TaskStatus[]>();
  const calls = createPace(clock);
  /** Deleted Instances by a task that was said to be refused. */
  const buried = new Map<string, Instance>();

  return defineController({
    name: NAME,
    concurrency: 16,
    watches: [
      on(Instance, (instance, previous) => (needsLook(instance, previous) ? [keyOf(instance)] : [])),
      on(ServiceGroup, () => []),
      on(Revision, () => []),
    ],
    triggers: [backends.each$(({ compute }) => (compute === undefined ? of<string>() : statusKeys$(compute)))],
    async reconcile(key) {
      const instance = instances.get(key);
      const compute = instance && computeOf(instance);
      if (instance === undefined || compute === undefined) return {};
      await storeStatuses(instance, compute);
      // storing made the newest state visible in the cache
      return end(instances.get(key) ?? instance, compute);
    },
  });

  /** Keys of the instances whose tasks the back end speaks of; a task that no Instance has is acknowledged and left alone. */
  function statusKeys$(compute: Compute): Observable<string> {
    const told$ = compute.driver.statuses$.pipe(
      map((status) => {
        const instance = instances.by("task", status.taskId)[0];
        if (instance === undefined) {
          void compute.driver.acknowledge(status).catch(() => undefined);
          void endRevenant(status);
          return undefined;
        }
        said.set(status.taskId, [...(said.get(status.taskId) ?? []), status]);
        return keyOf(instance);
      }),
      filter((key) => key !== undefined),
    );
    // after a new subscription every living task is asked for and every kill may be due again
    const connected$ = compute.connection.changes$.pipe(
      filter((connection) => connection.type === "subscribed"),
      tap(calls.clear),
      map(() =>
        instances.list().filter((instance) => instance.status?.placement !== undefined && !isTerminal(instance)),
      ),
    );
    return merge(told$, connected$.pipe(mergeKeys));
  }

  function computeOf(instance: Instance): Compute | undefined {
    const group = groupOf(instance);
    return group === undefined ? undefined : backends.of(group.spec.rackName).compute;
  }

  /** Each status is stored before it is acknowledged: the back end repeats what was lost with us. */
  async function storeStatuses(instance: Instance, compute: Compute): Promise<void> {
    const taskId = instance.status?.placement?.taskID;
    if (taskId === undefined) return;
    for (let status = said.get(taskId)?.[0]; status !== undefined; status = said.get(taskId)?.[0]) {
      const current = instances.get(keyOf(instance)) ?? instance;
      // what the master says is stored even when the template is lost
      const report = taskReport(current, status, templateOf(current) ?? liveService(current) ?? {});
      if (report !== undefined) {
        const { conditions, ...fields } = report;
        const own = { ...fields, conditions: ownConditions(current, conditions, clock.now()) };
        await reportStatus({ client, cache: instances, kind: Instance, object: current, status: own, manager: NAME });
      }
      forget(taskId, status);
      if (status.acknowledgement !== undefined) await compute.driver.acknowledge(status);
    }
  }

  function forget(taskId: string, status: TaskStatus): void {
    const rest = (said.get(taskId) ?? []).filter((other) => other !== status);
    if (rest.length === 0) said.delete(taskId);
    else said.set(taskId, rest);
  }

  function templateOf(instance: Instance): Service | undefined {
    return revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
  }

  async function end(instance: Instance, compute: Compute): Promise<ReconcileResult> {
    const step = planEnd(instance);
    switch (step.type) {
      case "wait":
        return watchOver(instance, compute);
      case "release":
        calls.forget(instance.status?.placement?.taskID);
        bury(instance);
        await removeFinalizer({ client, kind: Instance, object: instance, finalizer: FINALIZER.task });
        return {};
      case "kill":
        return kill(instance, { ...step, ...killInputs(instance) });
      default:
        return step satisfies never;
    }
  }

  /** A launch that the master refused may still come to life: the refusal can belong to a repeated request. */
  function bury(instance: Instance): void {
    const { placement, lastStatus } = instance.status ?? {};
    if (placement === undefined || !REFUSED_STATES.includes(lastStatus?.state ?? "")) return;
    buried.set(placement.taskID, instance);
    const [oldest] = buried.keys();
    if (buried.size > BURIED_MAX && oldest !== undefined) buried.delete(oldest);
  }

  /** Ends a task whose Instance was deleted in our time and that runs nevertheless; the deletion is its ground. */
  async function endRevenant({ taskId, agentId = "", state }: TaskStatus): Promise<void> {
    const instance = buried.get(taskId);
    if (instance === undefined || TERMINAL_STATES.includes(state)) return;
    if (calls.dueMs("kill", taskId, KILL_AGAIN_MS) > 0) return;
    calls.made("kill", taskId);
    await context.execute([killAction(instance, { taskId, agentId, ...killInputs(instance) })]);
  }

  /** Once, and again only when nothing came of it for a while: every look at the instance leads here. */
  async function kill(instance: Instance, inputs: Kill): Promise<ReconcileResult> {
    const dueMs = calls.dueMs("kill", inputs.taskId, KILL_AGAIN_MS);
    if (dueMs > 0) return { requeueAfterMs: dueMs };
    await confirmDeleted(instance);
    const [outcome] = await context.execute([killAction(instance, inputs)]);
    if (outcome?.type === "verified") calls.made("kill", inputs.taskId);
    return { requeueAfterMs: outcome?.type === "verified" ? KILL_AGAIN_MS : KILL_RETRY_MS };
  }

  function killInputs(instance: Instance) {
    const graceSeconds = (liveService(instance) ?? templateOf(instance))?.terminationGracePeriodSeconds ?? 10;
    return { graceSeconds, rack: groupOf(instance)?.spec.rackName ?? "" };
  }

  function groupOf(instance: Instance): ServiceGroup | undefined {
    return groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
  }

  function liveService(instance: Instance): Service | undefined {
    return groupOf(instance)?.spec.services.find((service) => service.name === instance.spec.service);
  }

  /** The ground of a kill is a deletion that a fresh read confirms (R2). */
  async function confirmDeleted(instance: Instance): Promise<void> {
    const { namespace = "", name, uid } = instance.metadata;
    const fresh = await client.get(Instance, { namespace, name });
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
  async function watchOver(instance: Instance, compute: Compute): Promise<ReconcileResult> {
    const placement = instance.status?.placement;
    const service = templateOf(instance);
    if (placement === undefined || service === undefined || isTerminal(instance)) return {};
    const { taskID: taskId, agentID: agentId } = placement;
    const tasks = compute.tasks.value();
    if (conditionOf(instance, "Running")?.status === "True") {
      if (tasks.type === "Unknown") return { requeueAfterMs: ASK_AFTER_MS };
      if (tasks.items.has(taskId)) return {};
    }
    if (planOverdue(instance, service, clock.now()).isDue) {
      await endOverdue(instance, { taskId, agentId, ...killInputs(instance) }, service.startDeadlineSeconds);
    }
    // without the condition nothing tells since when: it is asked for now
    const placedAt = Date.parse(conditionOf(instance, "Scheduled")?.lastTransitionTime ?? "") || 0;
    const dueMs = Math.max(placedAt + ASK_AFTER_MS - clock.now(), calls.dueMs("ask", taskId, ASK_AFTER_MS));
    if (dueMs > 0) return { requeueAfterMs: dueMs };
    // the answer leads here again, however soon it comes
    calls.made("ask", taskId);
    if (compute.connection.value().type === "subscribed") await compute.driver.reconcile([{ taskId, agentId }]);
    return { requeueAfterMs: ASK_AFTER_MS };
  }

  async function endOverdue(instance: Instance, inputs: Kill, deadlineSeconds: number): Promise<void> {
    if (calls.dueMs("kill", inputs.taskId, KILL_AGAIN_MS) > 0) return;
    const action = killAction(instance, inputs);
    const message = `${action.message}: not running after ${deadlineSeconds} s`;
    // nobody asked for this end: it is drawn from the budget (R4)
    const [outcome] = await context.execute([{ ...action, message, budgetClass: "tasks" }]);
    if (outcome?.type === "verified") calls.made("kill", inputs.taskId);
  }
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
