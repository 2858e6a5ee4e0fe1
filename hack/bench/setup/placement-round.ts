import { EMPTY } from "rxjs";
import { Instance } from "../../../api-types/instance.js";
import type { Kind, ObjectOf } from "../../../api-types/meta/kind.js";
import { Node } from "../../../api-types/node.js";
import { Rack } from "../../../api-types/rack.js";
import { Revision } from "../../../api-types/revision.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import type { LoopContext, RackDrivers } from "../../../controllers/context.js";
import { placementController } from "../../../controllers/placement/controller.js";
import { group, node, rack, sample } from "../../../controllers/testing/objects.js";
import type { Agent, ComputeDriver, Connection, Offer, Task, TaskStatus } from "../../../drivers/compute/driver.js";
import type { Observation } from "../../../drivers/observation.js";
import { systemClock } from "../../../platform/clock.js";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { createCache, type FedCache } from "../../../runtime/cache.js";
import { watchBlocks } from "../table/blocks.js";

const NODES = 5000;
const PLACED = 50_000;
const WAITING = 50_000;
const GROUPS = 10;
/** Until the code is compiled and the caches are in order. */
const WARM_UP = 5;
const ROUNDS = 5;

const ORIGIN = { source: "bench", epoch: "1", index: 1, takenAt: 0 };
const TOTAL = { cpu: 4, memoryMiB: 16_384, diskMiB: 4096, gpu: 0, ports: [{ begin: 31_000, end: 31_999 }] };

/** Milliseconds of the longest turn of the event loop of several rounds, of a loop whose store and Mesos answer at once. */
export async function longestTurns(): Promise<readonly number[]> {
  const { reconcile } = placementController(contextOf());
  const turns: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const watch = watchBlocks();
    await reconcile("rack");
    const blocks = await watch.end();
    if (round >= WARM_UP) turns.push(Math.max(...blocks.map(({ ms }) => ms)));
  }
  return turns;
}

function contextOf(): LoopContext {
  const instances = Array.from({ length: PLACED + WAITING }, (_, index) => instanceOf(index));
  const caches = new Map<Kind, FedCache<never>>();
  const feed = <K extends Kind>(kind: K, objects: readonly ObjectOf<K>[]) => {
    const cache = createCache(kind);
    cache.apply({ type: "Synced", objects, resourceVersion: "1" });
    // told apart by their kind again when they are asked for
    caches.set(kind, cache as unknown as FedCache<never>);
  };
  const groups = Array.from({ length: GROUPS }, (_, index) => group({}, { name: `g${index}` }));
  feed(Rack, [rack(COMPUTE, {}, { frameworkID: "bench" })]);
  feed(
    Node,
    Array.from({ length: NODES }, (_, index) => node(`n${index}`)),
  );
  feed(ServiceGroup, groups);
  feed(Revision, groups.map(revisionOf));
  feed(Instance, instances);
  const drivers = driversOf(instances);
  return {
    clock: systemClock(),
    random: seededRandom(1),
    log: silentLogger,
    term: 1,
    execute: async () => [],
    backends: { of: () => drivers, each$: () => EMPTY },
    client: { applyStatus: () => new Promise((resolve) => setImmediate(resolve)) },
    informers: {
      cache(kind: Kind, indexers = {}) {
        const cache = caches.get(kind) ?? createCache(kind);
        cache.addIndexers(indexers);
        return cache;
      },
    },
    // what a round uses of them, and nothing else
  } as unknown as LoopContext;
}

const COMPUTE = { compute: { mesos: { masters: ["http://bench:5050"], frameworkName: "bench" } } };

function revisionOf({ metadata: { name }, spec: { services } }: ServiceGroup): Revision {
  const spec = { serviceGroup: name, service: "web", number: 1, template: services[0] };
  return sample(Revision, { metadata: { name: `${name}-web-1` }, spec });
}

/** The first ones run, the others wait. */
function instanceOf(index: number): Instance {
  const serviceGroup = `g${index % GROUPS}`;
  const name = `${serviceGroup}-web-${index}`;
  const at = index % NODES;
  const placement = { node: `n${at}`, agentID: `a${at}`, taskID: `default.${name}` };
  return sample(Instance, {
    metadata: { name },
    spec: { serviceGroup, service: "web", number: index, revisionName: `${serviceGroup}-web-1` },
    ...(index < PLACED ? { status: { placement, lastStatus: { state: "Running" } } } : {}),
  });
}

function driversOf(instances: readonly Instance[]): RackDrivers {
  const agents = Array.from({ length: NODES }, (_, index) => agentOf(index));
  const tasks = instances.flatMap((instance) => taskOf(instance) ?? []);
  const connection: Connection = {
    type: "subscribed",
    frameworkId: "bench",
    epoch: "1",

    isSettled: true,
  };
  const driver = { revive: nothing, suppress: nothing, decline: nothing, reconcile: nothing };
  const compute = {
    // nothing else of it is called in a round
    driver: driver as unknown as ComputeDriver,
    connection: kept(connection),
    tasks: kept(complete(tasks)),
    agents: kept(complete(agents)),
    offers: kept(agents.map(offerOf)),
  };
  return { compute, dns: undefined, network: undefined, metrics: undefined, balancers: new Map() };
}

const nothing = async () => {};

function kept<T>(value: T) {
  return { value: () => value, changes$: EMPTY };
}

function complete<T extends { readonly id: string }>(items: readonly T[]): Observation<T> {
  return { type: "Complete", items: new Map(items.map((item) => [item.id, item])), origin: ORIGIN };
}

function agentOf(index: number): Agent {
  const attributes = { "machine-name": `n${index}` };
  return { id: `a${index}`, hostname: `n${index}`, ip: "10.0.0.1", attributes, total: TOTAL, state: "Active" };
}

function offerOf({ id, hostname, attributes }: Agent): Offer {
  const pools = [{ role: "*", resources: TOTAL }];
  return { id: `o-${id}`, agentId: id, hostname, attributes, resources: TOTAL, pools, role: "*" };
}

function taskOf({ metadata: { name }, status }: Instance): Task | undefined {
  const { placement } = status ?? {};
  if (placement === undefined) return undefined;
  const { taskID: id, agentID: agentId } = placement;
  // a round looks at the state only
  const said = { taskId: id, agentId, state: "Running" } as TaskStatus;
  return { id, name, agentId, labels: {}, status: said };
}
