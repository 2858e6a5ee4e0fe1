import type { ComputeDriver } from "../driver.js";
import { killPolicyOf } from "./mapping/launch.js";
import type { MesosDriverOptions } from "./options.js";
import { giveBack } from "./session/give-back.js";
import { launchTasks } from "./session/launch.js";
import { callMaster, createLink, disconnect, type Link, tearDown, wireKeyOf } from "./session/link.js";
import { listenerOf } from "./session/listen.js";
import { masterSource } from "./session/masters.js";
import { readTask } from "./session/read.js";
import { subscribeCall } from "./session/subscribe-call.js";
import { runSubscription } from "./session/subscription.js";
import { connectTcp } from "./zookeeper/socket.js";

export type { MesosDriverOptions };

/** A scheduler of the Mesos v1 API. Connects at once and stays connected until `close`. */
export function createMesosDriver(options: MesosDriverOptions): ComputeDriver {
  const link = createLink(options);
  const closing = new AbortController();
  const { client, offers, inventory, reconciler } = link;
  const { clock, random, log } = options;
  const masters = masterSource({
    masters: options.masters,
    isSecure: () => link.access.tls !== undefined,
    connect: options.connect ?? connectTcp,
    clock,
    random,
    log,
  });
  void runSubscription(
    {
      client,
      masters,
      clock,
      random,
      log,
      listener: listenerOf(link),
      async readAccess() {
        link.access = (await options.access?.()) ?? {};
      },
      subscribeCall: (master, signal) => subscribeCall(link, master, signal),
    },
    closing.signal,
  );
  return {
    connection$: link.connection.asObservable(),
    tasks$: inventory.tasks$,
    agents$: inventory.agents$,
    statuses$: link.statuses.asObservable(),
    offers$: offers.offers$,
    launch: (offerIds, tasks) => launchTasks(link, offerIds, tasks),
    ...callsOf(link),
    reconcile: async (tasks) => reconciler.ask(tasks),
    read: (task) => readTask(link, task),
    close() {
      closing.abort();
      masters.close();
      disconnect(link, "closed");
      inventory.close();
      offers.close();
      link.statuses.complete();
      link.connection.complete();
    },
  };
}

type Calls = Pick<
  ComputeDriver,
  "kill" | "acknowledge" | "decline" | "suppress" | "revive" | "teardown" | "shutDownExecutor"
>;

function callsOf(link: Link): Calls {
  return {
    async kill({ taskId, agentId, graceSeconds }) {
      const kill = { ...wireKeyOf({ taskId, agentId }), kill_policy: killPolicyOf(graceSeconds) };
      await callMaster(link, `killing task ${taskId}`, { type: "KILL", kill });
    },
    async shutDownExecutor({ executorId, agentId }) {
      const shutdown = { executor_id: { value: executorId }, agent_id: { value: agentId } };
      await callMaster(link, `ending executor ${executorId}`, { type: "SHUTDOWN", shutdown });
    },
    async acknowledge({ taskId, agentId, acknowledgement }) {
      if (acknowledgement === undefined || agentId === undefined) return;
      const acknowledge = { agent_id: { value: agentId }, task_id: { value: taskId }, uuid: acknowledgement };
      await callMaster(link, `acknowledging a status of task ${taskId}`, { type: "ACKNOWLEDGE", acknowledge });
    },
    async decline(offerIds, refuseSeconds) {
      await giveBack(link, link.offers.lend(offerIds), refuseSeconds);
    },
    async suppress() {
      link.isSuppressed = true;
      await callMaster(link, "suppressing offers", { type: "SUPPRESS" });
    },
    async revive() {
      link.isSuppressed = false;
      await callMaster(link, "reviving offers", { type: "REVIVE" });
    },
    teardown: () => tearDown(link),
  };
}
