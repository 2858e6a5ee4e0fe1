import { afterEach, describe, expect, it } from "vitest";
import { ConfigMap } from "../../api-types/core/config-map.js";
import { Secret } from "../../api-types/core/secret.js";
import { Instance } from "../../api-types/instance.js";
import { conditionOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, TASK_LABEL } from "../../api-types/well-known.js";
import type { Agent, Task, TaskLaunch } from "../../drivers/compute/driver.js";
import { memoryCompute } from "../../drivers/compute/memory.js";
import { NO_RESOURCES } from "../../drivers/compute/resources.js";
import type { LogFields, Logger } from "../../platform/log.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { instanceController } from "../instance/controller.js";
import { serviceGroupController } from "../service-group/controller.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { group, instance, NOW, node, rack, revision, sample } from "../testing/objects.js";
import { placementController } from "./controller.js";

type Fields = Readonly<Record<string, unknown>>;

const RACK = rack(
  { compute: { mesos: { masters: ["http://m:5050"], frameworkName: "f" } } },
  {},
  { frameworkID: "memory-framework" },
);

let world: LoopWorld;
let compute: ReturnType<typeof memoryCompute>;
/** What was launched, and how many writes there had been. */
let launches: { readonly task: TaskLaunch; readonly writes: number }[] = [];
let calls: string[] = [];
let log: string[] = [];
/** So many launches to come are lost on their way. */
let lost = 0;
afterEach(() => world.close());

function agent(name: string, fields: Partial<Agent> = {}): Agent {
  const total = { cpu: 4, memoryMiB: 4096, diskMiB: 4096, gpu: 0, ports: [{ begin: 31000, end: 31099 }] };
  return {
    id: `agent-${name}`,
    hostname: name,
    ip: "10.0.0.1",
    attributes: { "machine-name": name },
    total,
    state: "Active",
    ...fields,
  };
}

const note = (message: string, fields: LogFields = {}) => {
  const text = JSON.stringify(fields, (_, value) =>
    value instanceof Error ? `${value.message} ${value.stack}` : value,
  );
  log.push(`${message} ${text}`);
};
const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };

interface Scene {
  readonly service?: Fields;
  readonly nodes?: readonly Node[];
  readonly agents?: readonly Agent[];
  readonly tasks?: readonly Task[];
  /** Instances that wait. */
  readonly count?: number;
  readonly loops?: Parameters<typeof loopWorld>[0]["loops"];
  /** So many launches are lost on their way. */
  readonly lost?: number;
}

/** A rack with instances that wait; the loops have not started. */
async function open(scene: Scene) {
  const { service = {}, nodes = [node("n1", { address: "10.0.0.1" })], count = 1, loops } = scene;
  const agents = scene.agents ?? nodes.map(({ metadata }) => agent(metadata.name));
  const clock = virtualClock(NOW);
  const tasks = (scene.tasks ?? []).map((task) => ({ task, resources: NO_RESOURCES }));
  compute = memoryCompute({ clock, agents, tasks });
  launches = [];
  calls = [];
  log = [];
  lost = scene.lost ?? 0;
  const { launch, decline, suppress, revive } = compute;
  const driver = {
    ...compute,
    async launch(offerIds: readonly string[], sent: readonly TaskLaunch[]) {
      launches.push(...sent.map((task) => ({ task, writes: world.writes.length })));
      calls.push(`launch ${sent.length}`);
      lost -= 1;
      if (lost < 0) await launch(offerIds, sent);
      else await decline(offerIds, 0);
    },
    async decline(offerIds: readonly string[], seconds: number) {
      calls.push(`decline ${offerIds.length}`);
      await decline(offerIds, seconds);
    },
    async suppress() {
      calls.push("suppress");
      await suppress();
    },
    async revive() {
      calls.push("revive");
      await revive();
    },
  };
  world = await loopWorld({
    clock,
    compute: driver,
    log: logger,
    loops: loops ?? [placementController, instanceController],
  });
  const owner = group({ services: [{ name: "web", image: "web", instances: Math.max(1, count), ...service }] });
  await world.put(Rack, RACK);
  for (const one of nodes) await world.put(Node, one);
  await world.put(ServiceGroup, owner);
  if (loops?.includes(serviceGroupController)) return;
  for (const template of owner.spec.services) await world.put(Revision, revision(template));
  const waiting = Array.from({ length: count }, (_, index) =>
    instance({ name: `w${index + 1}`, number: index + 1, age: 0 }),
  );
  await Promise.all(waiting.map((one) => world.put(Instance, one)));
}

async function start(scene: Scene) {
  await open(scene);
  world.start();
  await world.clock.advance(100);
}

const instances = async () => (await world.settle(world.client.list(Instance))).items;
const launched = () => launches.map(({ task }) => task.taskId.replace(/\.[^.]*uid-w\d+/, ""));
const scheduled = async (name: string) => {
  const found = conditionOf(await world.instance(name), "Scheduled");
  return `${found?.reason}: ${found?.message}`;
};

describe("a launch", () => {
  it("is stored with its ports before the offer is accepted", async () => {
    await start({ service: { network: { mode: "Bridge", ports: [{ name: "http", containerPort: 80 }] } } });
    const [first] = launches;
    const port = first?.task.ports[0]?.port ?? 0;
    expect(port).toBeGreaterThanOrEqual(31000);
    expect(world.writes.slice(0, first?.writes).some((key) => key.includes("instances") && key.endsWith("/w1"))).toBe(
      true,
    );
    const { status } = await world.instance("w1");
    expect(status?.placement).toEqual({
      node: "n1",
      agentID: "agent-n1",
      taskID: first?.task.taskId,
      ports: [{ name: "http", port, containerPort: 80, protocol: "TCP" }],
    });
    expect(await scheduled("w1")).toBe("NodeChosen: on n1");
  });

  it("that was lost on its way is asked for, ends, and is followed by a new Instance", async () => {
    await start({ loops: [serviceGroupController, placementController, instanceController], lost: 1 });
    const [first] = await instances();
    expect(launches).toHaveLength(1);
    await world.clock.advance(60_000);
    const [second, ...more] = (await instances()).filter(({ status }) => status?.lastStatus?.state === "Running");
    expect(more).toEqual([]);
    expect(second?.metadata.name).not.toBe(first?.metadata.name);
    expect(launches.map(({ task }) => task.taskId)).toHaveLength(2);
    expect(new Set(launches.map(({ task }) => task.taskId)).size).toBe(2);
  });

  it("is made once however often the process begins anew", async () => {
    await start({ count: 5 });
    for (let restarts = 0; restarts < 3; restarts++) {
      world.restart();
      await world.clock.advance(30_000);
    }
    expect(launches).toHaveLength(5);
  });
});

describe("values that stand elsewhere", () => {
  const CANARY = "canary-7f3a";
  const env = [
    { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    { name: "B", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } },
  ];
  const secret = (data: Fields, type = "Opaque") =>
    sample(Secret, { metadata: { name: "s" }, ...{ type, data } } as never); // core kinds have no spec
  const base64 = (text: string) => Buffer.from(text).toString("base64");

  it("hold the launch up while they are missing, and are in no object and no log", async () => {
    await start({ service: { env }, count: 2 });
    expect(await scheduled("w1")).toBe(
      "ReferenceNotFound: Secret default/s is not there; ConfigMap default/c is not there",
    );
    await world.put(Secret, secret({ other: base64(CANARY) }));
    await world.put(ConfigMap, sample(ConfigMap, { metadata: { name: "c" }, data: { k: "open" } } as never)); // as above
    await world.clock.advance(10_000);
    expect(await scheduled("w1")).toBe("ReferenceNotFound: Secret default/s has no key k");
    expect(launches).toEqual([]);
    await world.settle(
      world.client.patch(Secret, { namespace: "default", name: "s" }, { data: { k: base64(CANARY) } }),
    );
    await world.clock.advance(10_000);
    expect(launches.map(({ task }) => task.env)).toEqual(
      [1, 2].map(() => expect.objectContaining({ A: CANARY, B: "open" })),
    );
    const stored = JSON.stringify(await instances());
    const told = JSON.stringify(world.actions.map(({ change: _, ...rest }) => rest));
    for (const text of [stored, told, log.join("\n")]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(base64(CANARY));
    }
  });

  it("must be of the type that a registry's credentials have", async () => {
    await open({ service: { containerizer: "Mesos", imagePullSecrets: [{ name: "s" }] } });
    await world.put(Secret, secret({ ".dockerconfigjson": base64("{}") }));
    world.start();
    await world.clock.advance(100);
    expect(await scheduled("w1")).toBe(
      "ReferenceNotFound: Secret default/s is not of type kubernetes.io/dockerconfigjson",
    );
  });

  it("that are missing keep nobody else from a place", async () => {
    const services = [
      { name: "web", image: "web", resources: { cpu: 4 }, env },
      { name: "db", image: "db", resources: { cpu: 4 } },
    ];
    await open({ count: 1 });
    const owner = group({ services });
    await world.settle(world.client.delete(Revision, { namespace: "default", name: "shop-web-1" }));
    await world.settle(world.client.patch(ServiceGroup, { namespace: "default", name: "shop" }, { spec: owner.spec }));
    for (const template of owner.spec.services) await world.put(Revision, revision(template));
    await world.put(Instance, instance({ name: "d1", service: "db", age: 0 }));
    world.start();
    await world.clock.advance(10_000);
    expect(launches.map(({ task }) => task.name)).toEqual(["db-1"]);
  });
});

describe("tasks beside an instance", () => {
  const attached = [
    { name: "log", image: "log", resources: { cpu: 1 } },
    { name: "sync", image: "sync", restart: { policy: "Never" } },
  ];

  it("are launched with it, after its own", async () => {
    await start({ service: { attached } });
    expect(world.actions.filter(({ type }) => type === "task.launch")).toHaveLength(1);
    const taskId = (await world.instance("w1")).status?.placement?.taskID ?? "";
    expect(launches.map(({ task }) => task.taskId)).toEqual([taskId, `${taskId}.log`, `${taskId}.sync`]);
    const { status } = await world.instance("w1");
    expect(status?.attached?.map(({ name, taskID, state }) => [name, taskID, state])).toEqual([
      ["log", `${taskId}.log`, "Running"],
      ["sync", `${taskId}.sync`, "Running"],
    ]);
  });

  it("need room together", async () => {
    await start({ service: { attached, resources: { cpu: "3.2" } }, count: 1 });
    expect(launches).toEqual([]);
    expect(await scheduled("w1")).toMatch(/^NoNodeFits: 1 offering node refused: 1 by cpu/);
  });

  it("start again on the same node by their own policy, and each end is answered once", async () => {
    await start({ service: { attached }, nodes: [node("n1"), node("n2")] });
    const { placement } = (await world.instance("w1")).status ?? {};
    const taskId = placement?.taskID ?? "";
    launches = [];
    compute.control.end(`${taskId}.log`, "Failed");
    compute.control.end(`${taskId}.sync`, "Failed");
    await world.clock.advance(20_000);
    expect(launches.map(({ task }) => [task.taskId, task.agentId])).toEqual([[`${taskId}.log.1`, placement?.agentID]]);
    compute.control.end(`${taskId}.log.1`, "Finished");
    await world.clock.advance(20_000);
    const { status } = await world.instance("w1");
    expect(launches).toHaveLength(2);
    expect(status?.attached?.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: "log", taskID: `${taskId}.log.2`, state: "Running", restarts: 2 },
      { name: "sync", taskID: `${taskId}.sync`, state: "Failed" },
    ]);
    expect(status?.placement).toEqual(placement);
    expect(await scheduled("w1")).toBe(`NodeChosen: on ${placement?.node}`);
  });

  it("start again, although the first launch of it was lost", async () => {
    await start({ service: { attached } });
    const taskId = (await world.instance("w1")).status?.placement?.taskID ?? "";
    lost = 1;
    compute.control.end(`${taskId}.log`, "Failed");
    await world.clock.advance(90_000);
    expect(launches.slice(3).map(({ task }) => task.taskId)).toEqual([`${taskId}.log.1`, `${taskId}.log.2`]);
    expect((await world.instance("w1")).status?.attached?.find(({ name }) => name === "log")?.state).toBe("Running");
  });

  it("start again on a node that is closed: their instance stays there", async () => {
    await start({ service: { attached } });
    const taskId = (await world.instance("w1")).status?.placement?.taskID ?? "";
    await world.settle(world.client.patch(Node, { name: "n1" }, { spec: { unschedulable: true } }));
    compute.control.end(`${taskId}.log`, "Failed");
    await world.clock.advance(20_000);
    expect(launches.at(-1)?.task.taskId).toBe(`${taskId}.log.1`);
  });

  it("do not start again beside an instance that leaves", async () => {
    await start({ service: { attached } });
    const taskId = (await world.instance("w1")).status?.placement?.taskID ?? "";
    const key = { namespace: "default", name: "w1" };
    await world.settle(
      world.client.patch(Instance, key, { metadata: { annotations: { [ANNOTATION.leave]: "Replaced" } } }),
    );
    await world.settle(world.client.delete(Instance, key));
    compute.control.end(`${taskId}.log`, "Failed");
    await world.clock.advance(20_000);
    expect(launches).toHaveLength(3);
  });

  it("are adopted with it; those that do not run start", async () => {
    const labels = {
      [TASK_LABEL.namespace]: "default",
      "rackwright.dev/group": "shop",
      "rackwright.dev/service": "web",
      "rackwright.dev/number": "1",
      [TASK_LABEL.ports]: "http=31042",
    };
    const running = (id: string, more: Readonly<Record<string, string>> = {}): Task => ({
      id,
      name: id,
      agentId: "agent-n1",
      labels: { ...labels, ...more },
      status: {
        taskId: id,
        agentId: "agent-n1",
        state: "Running",
        reason: undefined,
        message: undefined,
        timestamp: NOW / 1000,
        isHealthy: undefined,
        addresses: [],
        containerId: undefined,
        mesosContainerId: undefined,
        isReconciliation: true,
        acknowledgement: undefined,
      },
    });
    const tasks = [running("old"), running("old.log.4", { [TASK_LABEL.attached]: "log" })];
    const several = [...attached, { name: "extra", image: "extra" }];
    await start({ service: { attached: several, network: { ports: [{ name: "http" }] } }, tasks });
    await world.clock.advance(20_000);
    const { status } = await world.instance("w1");
    expect(status?.placement).toMatchObject({ taskID: "old", ports: [{ name: "http", port: 31042 }] });
    expect(status?.attached).toMatchObject([
      { name: "log", taskID: "old.log.4", state: "Running" },
      { name: "sync", taskID: "old.sync", state: "Gone" },
      { name: "extra", taskID: "old.extra.1", state: "Running" },
    ]);
    expect(launches.map(({ task }) => task.taskId)).toEqual(["old.extra.1"]);
  });
});

describe("offers", () => {
  it("of a closed node are given back, and nothing starts there", async () => {
    await start({ nodes: [node("n1", { drain: {} }), node("n2")], count: 2 });
    expect(new Set(launches.map(({ task }) => task.agentId))).toEqual(new Set(["agent-n2"]));
    await world.clock.advance(2000);
    expect(calls.filter((call) => call.startsWith("decline"))).not.toEqual([]);
    expect(calls).toContain("suppress");
  });

  it("go back while nothing may be placed, and are asked for when it may", async () => {
    await open({});
    compute.control.disconnect("a new master is awaited");
    world.start();
    compute.control.connect("another-master");
    await world.settle(world.client.applyStatus(Rack, { name: "rack" }, { status: {}, fieldManager: "others" }));
    await world.clock.advance(5000);
    expect([launches, calls]).toEqual([[], ["decline 1", "suppress"]]);
    const status = { frameworkID: "memory-framework" };
    await world.settle(world.client.applyStatus(Rack, { name: "rack" }, { status, fieldManager: "others" }));
    await world.clock.advance(10_000);
    expect(launched()).toHaveLength(1);
  });

  it("are asked for again when something beside an instance is to start", async () => {
    await start({ service: { attached: [{ name: "log", image: "log" }] } });
    await world.clock.advance(5000);
    expect(calls.at(-1)).toBe("suppress");
    const taskId = (await world.instance("w1")).status?.placement?.taskID ?? "";
    compute.control.end(`${taskId}.log`, "Failed");
    await world.clock.advance(5000);
    expect(calls).toContain("revive");
  });
});

describe("many at once", () => {
  const small = { resources: { cpu: "10m", memory: "1Mi" } };
  const nodes = Array.from({ length: 20 }, (_, index) => node(`n${index}`));

  it("start in waves, each once", async () => {
    await start({ nodes, count: 700, service: { ...small } });
    await world.clock.advance(10_000);
    const sizes = calls.filter((call) => call.startsWith("launch")).map((call) => Number(call.slice(7)));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(700);
    expect(new Set(launched()).size).toBe(700);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  }, 60_000);

  it("that find no room are each written once", async () => {
    await start({ nodes: [node("n1")], count: 60, service: { resources: { cpu: "1" } } });
    await world.clock.advance(10_000);
    expect(launches).toHaveLength(4);
    const before = world.writes.length;
    await world.clock.advance(60_000);
    expect(world.writes.slice(before).filter((key) => key.includes("instances"))).toEqual([]);
  }, 60_000);
});
