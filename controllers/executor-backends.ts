import type { Action } from "../actuation/action.js";
import type { Backend } from "../actuation/executor.js";
import { Instance } from "../api-types/instance.js";
import { isLeaving } from "../api-types/life.js";
import { StatusError } from "../api-types/meta/status-error.js";
import type { LeaveReason } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";
import { readOptional } from "../client/read-optional.js";
import type { TaskLaunch } from "../drivers/compute/driver.js";
import { type DnsChange, type DnsEntry, dnsKey, isSameAnswer } from "../drivers/dns/driver.js";
import { type BalancerChange, type BalancerItem, portKey, serverKey } from "../drivers/load-balancer/driver.js";
import type { Advertisement, AdvertisingChange, NextHop, RouteChange, SwitchRoute } from "../drivers/network/driver.js";
import type { Reading } from "../drivers/observation.js";
import { type Clock, sleep } from "../platform/clock.js";
import type { Backends, RackDrivers } from "./context.js";
import { releaseInstance } from "./release-instance.js";

/** What the executor may ask of compute. */
type ComputeChange =
  | { readonly type: "launch"; readonly offerIds: readonly string[]; readonly tasks: readonly TaskLaunch[] }
  | { readonly type: "kill"; readonly taskId: string; readonly agentId: string; readonly graceSeconds: number }
  | { readonly type: "shutDown"; readonly executorId: string; readonly agentId: string };

/** What the executor may ask of the API. */
interface InstanceChange {
  readonly instance: Instance;
  readonly reason: LeaveReason;
}

/** Whom an action is sent to, by the area in its type: `route.set` goes to the switch of its rack. */
export function executorBackends(backends: Backends, clock: Clock, client?: Client) {
  return {
    get(rack: string, actionType: string): Backend | undefined {
      const drivers = backends.of(rack);
      switch (actionType.split(".")[0]) {
        case "task":
          return computeBackend(drivers.compute);
        case "dns":
          return dnsBackend(drivers.dns);
        case "route":
          return routeBackend(drivers.network, clock);
        case "advertising":
          return advertisingBackend(drivers.network, clock);
        case "balancer":
          return balancerBackend(drivers.balancers);
        case "instance":
          return client && instanceBackend(client);
        default:
          return undefined;
      }
    },
  };
}

/** Instances that go because of what is observed, not because their owner wants it: budgeted like what goes outside. */
function instanceBackend(client: Client): Backend {
  return {
    verifies: false,
    apply(action) {
      const { instance, reason } = changeOf<InstanceChange>(action);
      return releaseInstance(client, instance, reason);
    },
    async isDone(action) {
      const { metadata } = changeOf<InstanceChange>(action).instance;
      const key = { namespace: metadata.namespace ?? "", name: metadata.name };
      const found = await readOptional(client, Instance, key);
      return found === undefined || found.metadata.uid !== metadata.uid || isLeaving(found) ? "done" : "notDone";
    },
  };
}

function computeBackend(compute: RackDrivers["compute"]): Backend | undefined {
  if (compute === undefined) return undefined;
  return {
    // a master only queues: the outcome comes as a status, and placement or deletion stands until it does
    verifies: false,
    async apply(action) {
      const change = changeOf<ComputeChange>(action);
      if (change.type === "launch") return compute.driver.launch(change.offerIds, change.tasks);
      return change.type === "kill" ? compute.driver.kill(change) : compute.driver.shutDownExecutor(change);
    },
    async isDone(action) {
      const change = changeOf<ComputeChange>(action);
      const tasks = compute.tasks.value();
      if (tasks.type === "Unknown") return "unknown";
      // nobody lists executors: asking twice ends one once
      if (change.type === "shutDown") return "notDone";
      // a kill may be repeated: asking twice ends a task once
      if (change.type === "kill") return tasks.items.has(change.taskId) ? "notDone" : "done";
      return change.tasks.every((task) => tasks.items.has(task.taskId)) ? "done" : "unknown";
    },
  };
}

function dnsBackend(dns: RackDrivers["dns"]): Backend | undefined {
  if (dns === undefined) return undefined;
  return {
    verifies: true,
    apply: (action, signal) => dns.driver.apply(changeOf<DnsChange>(action), signal),
    async isDone(action) {
      const change = changeOf<DnsChange>(action);
      if (change.type === "deregister") return absence(await dns.driver.read(dnsKey(change)));
      const { entry } = change;
      const isWanted = (found: DnsEntry) => isSameAnswer(found, entry) && found.stamp?.uid === entry.stamp.uid;
      return presence(await dns.driver.read(dnsKey(entry)), isWanted);
    },
  };
}

/** A switch queues changes: it is asked again so often, this far apart, before a change counts as not done. */
const SWITCH_READS = 6;
const SWITCH_READ_PAUSE_MS = 50;

function routeBackend(network: RackDrivers["network"], clock: Clock): Backend | undefined {
  if (network === undefined) return undefined;
  return {
    verifies: true,
    apply: (action, signal) => network.driver.apply(changeOf<RouteChange>(action), signal),
    async isDone(action) {
      const change = changeOf<RouteChange>(action);
      return readUntilDone(clock, async () => routeState(await network.driver.read(change.prefix), change));
    },
  };
}

function advertisingBackend(network: RackDrivers["network"], clock: Clock): Backend | undefined {
  const driver = network?.driver.advertising;
  if (driver === undefined) return undefined;
  return {
    verifies: true,
    apply: (action, signal) => driver.apply(changeOf<AdvertisingChange>(action), signal),
    async isDone(action) {
      const { type, prefix } = changeOf<AdvertisingChange>(action);
      const isTold = (item: Advertisement) => item.type === "prefix" && item.isWhole;
      return readUntilDone(clock, async () => {
        const reading = await driver.read(prefix);
        return type === "withdraw" ? absence(reading) : presence(reading, isTold);
      });
    },
  };
}

async function readUntilDone(clock: Clock, read: () => Promise<Done>): Promise<Done> {
  let done: Done = "unknown";
  for (let reads = 0; reads < SWITCH_READS; reads++) {
    if (reads > 0) await sleep(clock, SWITCH_READ_PAUSE_MS);
    done = await read();
    if (done !== "notDone") return done;
  }
  return done;
}

/** What the executor may ask of one of a rack's proxies. */
export interface ProxyChange {
  readonly proxy: string;
  readonly change: BalancerChange;
}

function balancerBackend(balancers: RackDrivers["balancers"]): Backend {
  const driverOf = (name: string) => {
    const found = balancers.get(name)?.driver;
    if (found !== undefined) return found;
    throw new StatusError("NotFound", `the rack has no proxy ${name}`);
  };
  return {
    verifies: true,
    apply(action, signal) {
      const { proxy, change } = changeOf<ProxyChange>(action);
      return driverOf(proxy).apply(change, signal);
    },
    async isDone(action) {
      const { proxy, change } = changeOf<ProxyChange>(action);
      const driver = driverOf(proxy);
      const states = await Promise.all(
        questionsOf(change).map(async ({ key, isWanted }) => {
          const reading = await driver.read(key);
          if (reading.type === "unknown") return "unknown";
          return isWanted(reading.type === "present" ? reading.item : undefined) ? "done" : "notDone";
        }),
      );
      return states.find((state) => state !== "done") ?? "done";
    },
  };
}

/** What has to be so after a change. */
function questionsOf(
  change: BalancerChange,
): readonly { readonly key: string; readonly isWanted: (item: BalancerItem | undefined) => boolean }[] {
  switch (change.type) {
    // the driver has seen the process serve them
    case "layout":
      return change.ports.slice(0, 1).map(({ servicePort }) => ({
        key: portKey(servicePort),
        isWanted: (item) => item?.type === "port" && item.isOpen,
      }));
    case "ready": {
      const { id, address, port } = change.server;
      const isThere = (item: BalancerItem | undefined) =>
        item?.type === "server" && item.state === "Ready" && item.address === address && item.port === port;
      return [{ key: serverKey(change.servicePort, id), isWanted: isThere }];
    }
    case "drain":
    case "remove": {
      const isOut = (item: BalancerItem | undefined) =>
        item?.type !== "server" || item.state === undefined || (change.type === "drain" && item.state !== "Ready");
      return [{ key: serverKey(change.servicePort, change.id), isWanted: isOut }];
    }
    default:
      return change satisfies never;
  }
}

/** Actions of one area carry that area's change: the loop that planned it promises so. */
function changeOf<Change>(action: Action): Change {
  if (typeof action.change !== "object" || action.change === null) {
    throw new StatusError("InternalError", `action ${action.type} of ${action.key} carries no change`);
  }
  return action.change as Change;
}

type Done = "done" | "notDone" | "unknown";

function routeState(reading: Reading<SwitchRoute>, change: RouteChange): Done {
  return change.type === "remove"
    ? absence(reading)
    : presence(reading, (found) => haveSameHops(found, change.nextHops));
}

function absence(reading: Reading<unknown>): Done {
  if (reading.type === "unknown") return "unknown";
  return reading.type === "absent" ? "done" : "notDone";
}

function presence<Item>(reading: Reading<Item>, isWanted: (item: Item) => boolean): Done {
  if (reading.type === "unknown") return "unknown";
  return reading.type === "present" && isWanted(reading.item) ? "done" : "notDone";
}

function haveSameHops(found: SwitchRoute, wanted: readonly NextHop[]): boolean {
  const text = (hops: readonly NextHop[]) =>
    hops
      .map(({ address, weight }) => `${address}*${weight ?? 0}`)
      .sort()
      .join();
  return text(found.nextHops) === text(wanted);
}
