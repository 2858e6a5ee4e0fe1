import { BehaviorSubject, Subject } from "rxjs";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { type Clock, sleep } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import type { ComputeDriver, Connection, TaskLaunch, TaskStatus } from "../driver.js";
import { createInventory } from "./inventory.js";
import { killPolicyOf, taskInfosOf, wireLabels } from "./mapping/launch.js";
import { refusalOf } from "./mapping/refusal.js";
import { masterClient } from "./master.js";
import { createOfferBook } from "./offers.js";
import { findFramework, inspect } from "./operator.js";
import { createReconciler, type TaskKey } from "./reconcile.js";
import { runSubscription, type Session, type SubscriptionListener } from "./subscription.js";
import type { WireEvent, WireFrameworkInfo, WireOffer, WireStreamCall, WireSubscribe } from "./wire.js";

/** How to reach Mesos, and who we are there. */
export interface MesosDriverOptions {
  readonly transport: HttpHandler;
  /** `http://host:port`, at least one. */
  readonly masters: readonly string[];
  readonly frameworkName: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly principal?: string;
  /** Value of the Authorization header, e.g. `Basic …`. */
  readonly authorization?: string;
  readonly failoverTimeoutSeconds: number;
  /** The stored id; undefined: a disconnected framework of our name and identity is resumed, else a new one registered. */
  readonly frameworkId: string | undefined;
  /** `Rack.spec.identity`, kept as a label of the framework. */
  readonly identity: string;
  /** Time between two listings of tasks and agents: the period of the safety rules. */
  readonly observePeriodMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The framework's label that says whose it is. */
export const IDENTITY_LABEL = "rackwright.dev/identity";

const CAPABILITIES = ["MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT", "REGION_AWARE"];

/** After ACCEPT, what a launch did not use comes back at once: other tasks may wait for it. */
const REFUSE_AFTER_ACCEPT_SECONDS = 0;

/** A scheduler of the Mesos v1 API. Connects at once and stays connected until `close`. */
export function createMesosDriver(options: MesosDriverOptions): ComputeDriver {
  const { clock, log, observePeriodMs } = options;
  const client = masterClient({ transport: options.transport, clock, authorization: options.authorization });
  const connection = new BehaviorSubject<Connection>({
    type: "connecting",
    reason: "not connected yet",
    since: clock.monotonic(),
  });
  const statuses = new Subject<TaskStatus>();
  const offers = createOfferBook();
  const source = `mesos/${options.frameworkName}`;
  const inventory = createInventory({ clock, source, periodMs: observePeriodMs });
  const reconciler = createReconciler({ clock, send: (keys) => call("reconciling tasks", reconcileCall(keys)) });
  const closing = new AbortController();
  let frameworkId = options.frameworkId;
  let isSuppressed = false;
  let session: Session | undefined;
  let settling = freshSettling();

  const listener: SubscriptionListener = {
    onSubscribed(opened) {
      session = opened;
      frameworkId = opened.frameworkId;
      settling = freshSettling();
      log.info("subscribed", { frameworkId, masterId: opened.masterId });
      publishConnection();
      reconciler.begin();
      void watch(opened);
    },
    onEvent: take,
    onDisconnected(reason) {
      disconnect(reason);
      const { value } = connection;
      const since = value.type === "connecting" ? value.since : clock.monotonic();
      connection.next({ type: "connecting", reason, since });
    },
    onStopped(reason) {
      log.error("stopped", { reason });
      disconnect(reason);
      inventory.lose(reason);
      connection.next({ type: "stopped", reason });
    },
  };

  function disconnect(reason: string): void {
    session = undefined;
    offers.clear();
    reconciler.end();
    inventory.weaken(`not subscribed: ${reason}`);
  }

  /** Announces the subscription when it, or whether it is settled, is news. */
  function publishConnection(): void {
    if (session === undefined) return;
    const isSettled = settling.isSettled || (settling.isListed && reconciler.openQuestions() === 0);
    const hasSettled = isSettled && !settling.isSettled;
    settling.isSettled = isSettled;
    const { value } = connection;
    const epoch = epochOf(session);
    if (value.type === "subscribed" && value.epoch === epoch && value.isSettled === isSettled) return;
    connection.next({ type: "subscribed", frameworkId: session.frameworkId, epoch, isSettled });
    if (hasSettled) settling.wake();
  }

  function take(event: WireEvent): void {
    switch (event.type) {
      case "OFFERS":
        offers.add(event.offers.offers);
        return;
      case "RESCIND":
        offers.remove([event.rescind.offer_id.value]);
        return;
      case "UPDATE": {
        const status = inventory.heard(event.update.status);
        reconciler.heard(status);
        statuses.next(status);
        publishConnection();
        return;
      }
      case "FAILURE":
        log.info("an agent or executor ended", { failure: event.failure });
        return;
      default:
        return;
    }
  }

  /** Lists again and again while `opened` lasts; earlier when the subscription has just settled. */
  async function watch(opened: Session): Promise<void> {
    while (!opened.signal.aborted) {
      const asleep = new AbortController();
      settling.wake = () => asleep.abort();
      const onAbort = () => asleep.abort();
      opened.signal.addEventListener("abort", onAbort, { once: true });
      await look(opened);
      await sleep(clock, observePeriodMs, asleep.signal);
      opened.signal.removeEventListener("abort", onAbort);
    }
  }

  async function look(opened: Session): Promise<void> {
    const askedAt = clock.monotonic();
    const seen = await inspect(client, opened);
    if (opened !== session || opened.signal.aborted) return;
    if (seen.type === "unseen") {
      inventory.lose(seen.reason);
      return;
    }
    const listed = new Set(seen.tasks.map((task) => task.task_id.value));
    const missing = reconciler.missing(listed, askedAt - observePeriodMs);
    if (!settling.isSettled)
      reconciler.ask(seen.tasks.filter(({ task_id }) => !settling.asked.has(task_id.value)).map(keyOf));
    for (const taskId of listed) settling.asked.add(taskId);
    settling.isListed ||= seen.recovered.length === 0;
    reconciler.ask(missing);
    publishConnection();
    inventory.confirm(seen, {
      epoch: epochOf(opened),
      askedAt,
      doubt: doubtAbout(seen.recovered.length, missing.length),
    });
  }

  function doubtAbout(recovering: number, missing: number): string | undefined {
    if (recovering > 0) return `${recovering} agents are not back yet`;
    if (!settling.isSettled) return `${reconciler.openQuestions()} tasks have not answered yet`;
    return missing > 0 ? `${missing} known tasks are not listed` : undefined;
  }

  async function subscribeCall(master: string, signal: AbortSignal): Promise<WireSubscribe> {
    const sought = { name: options.frameworkName, labelKey: IDENTITY_LABEL, identity: options.identity };
    frameworkId ??= await findFramework(client, { master, sought, signal });
    return subscribeCallOf(frameworkInfoOf(options), frameworkId, isSuppressed ? options.roles : []);
  }

  async function call(operation: string, body: WireStreamCall): Promise<void> {
    const current = session;
    if (current === undefined) throw new TransportError(`${operation}: not subscribed`, { isSent: false });
    const { url, streamId } = current;
    const framed = { framework_id: { value: current.frameworkId }, ...body };
    const answer = await client.post({ url, streamId, body: framed }, current.signal);
    const refusal = refusalOf(operation, answer);
    if (refusal === undefined) return;
    if (refusal.isDisowned) current.invalidate(refusal.error.message);
    throw refusal.error;
  }

  async function launch(offerIds: readonly string[], tasks: readonly TaskLaunch[]): Promise<void> {
    const held = offerIds.map((offerId) => heldOffer(offerId));
    const pool = held.flatMap((offer) => offer.resources ?? []);
    const taskInfos = taskInfosOf(tasks, pool);
    const operation = `launching ${tasks.map(({ taskId }) => taskId).join(", ")}`;
    // before the call: an update may overtake its answer
    for (const task of tasks) {
      reconciler.learn(task);
      inventory.launched({ id: task.taskId, name: task.name, agentId: task.agentId, labels: task.labels });
    }
    offers.remove(offerIds);
    const accept = {
      offer_ids: offerIds.map((value) => ({ value })),
      operations: [{ type: "LAUNCH" as const, launch: { task_infos: taskInfos } }],
      filters: { refuse_seconds: REFUSE_AFTER_ACCEPT_SECONDS },
    };
    const opened = session;
    try {
      await call(operation, { type: "ACCEPT", accept });
    } catch (error) {
      if (isNotDone(error)) for (const task of tasks) reconciler.forget(task.taskId);
      if (isNotDone(error) && opened !== undefined && opened === session) offers.add(held);
      throw error;
    }
  }

  function heldOffer(offerId: string): WireOffer {
    const offer = offers.get(offerId);
    if (offer === undefined)
      throw new StatusError("Conflict", `launching tasks: offer ${offerId} is not held any more`);
    return offer;
  }

  void runSubscription(
    { client, masters: options.masters, clock, random: options.random, log, listener, subscribeCall },
    closing.signal,
  );

  return {
    connection$: connection.asObservable(),
    tasks$: inventory.tasks$,
    agents$: inventory.agents$,
    statuses$: statuses.asObservable(),
    offers$: offers.offers$,
    launch,
    kill: ({ taskId, agentId, graceSeconds }) =>
      call(`killing task ${taskId}`, {
        type: "KILL",
        kill: { ...wireKeyOf({ taskId, agentId }), kill_policy: killPolicyOf(graceSeconds) },
      }),
    async acknowledge({ taskId, agentId, acknowledgement }) {
      if (acknowledgement === undefined || agentId === undefined) return;
      const acknowledge = { agent_id: { value: agentId }, task_id: { value: taskId }, uuid: acknowledgement };
      await call(`acknowledging a status of task ${taskId}`, { type: "ACKNOWLEDGE", acknowledge });
    },
    async decline(offerIds, refuseSeconds) {
      const declined = offers.remove(offerIds).map(({ id }) => id);
      if (declined.length === 0) return;
      const decline = { offer_ids: declined, filters: { refuse_seconds: refuseSeconds } };
      await call("declining offers", { type: "DECLINE", decline });
    },
    async suppress() {
      isSuppressed = true;
      await call("suppressing offers", { type: "SUPPRESS" });
    },
    async revive() {
      isSuppressed = false;
      await call("reviving offers", { type: "REVIVE" });
    },
    async reconcile(tasks) {
      reconciler.ask(tasks);
    },
    close() {
      closing.abort();
      disconnect("closed");
      reconciler.close();
      inventory.close();
      offers.close();
      statuses.complete();
      connection.complete();
    },
  };
}

/** What is still to be learned before absence of a task means anything. */
interface Settling {
  /** Tasks were listed when no agent was expected any more. */
  isListed: boolean;
  isSettled: boolean;
  /** Tasks of the listings that were asked for once. */
  readonly asked: Set<string>;
  wake: () => void;
}

function freshSettling(): Settling {
  return { isListed: false, isSettled: false, asked: new Set(), wake: () => {} };
}

function epochOf(session: Session): string {
  return `${session.masterId}/${session.frameworkId}`;
}

/** The master has certainly not done it. */
function isNotDone(error: unknown): boolean {
  return error instanceof StatusError || (error instanceof TransportError && !error.isSent);
}

function frameworkInfoOf(options: MesosDriverOptions): WireFrameworkInfo {
  return {
    user: options.user,
    name: options.frameworkName,
    roles: options.roles,
    capabilities: CAPABILITIES.map((type) => ({ type })),
    failover_timeout: options.failoverTimeoutSeconds,
    checkpoint: true,
    ...(options.principal === undefined ? {} : { principal: options.principal }),
    labels: wireLabels({ [IDENTITY_LABEL]: options.identity }),
  };
}

/** The id goes to both places or to none. */
function subscribeCallOf(
  info: WireFrameworkInfo,
  frameworkId: string | undefined,
  suppressedRoles: readonly string[],
): WireSubscribe {
  const suppressed = suppressedRoles.length === 0 ? {} : { suppressed_roles: suppressedRoles };
  if (frameworkId === undefined) return { type: "SUBSCRIBE", subscribe: { framework_info: info, ...suppressed } };
  const id = { value: frameworkId };
  return { type: "SUBSCRIBE", framework_id: id, subscribe: { framework_info: { ...info, id }, ...suppressed } };
}

function reconcileCall(keys: readonly TaskKey[]): WireStreamCall {
  return { type: "RECONCILE", reconcile: { tasks: keys.map(wireKeyOf) } };
}

function wireKeyOf({ taskId, agentId }: TaskKey) {
  return { task_id: { value: taskId }, ...(agentId === undefined ? {} : { agent_id: { value: agentId } }) };
}

function keyOf(task: { readonly task_id: { readonly value: string }; readonly agent_id: { readonly value: string } }) {
  return { taskId: task.task_id.value, agentId: task.agent_id.value };
}
