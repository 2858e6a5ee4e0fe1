import { afterEach, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import type { Agent, TaskState, TaskStatus } from "../../drivers/compute/driver.js";
import { memoryCompute } from "../../drivers/compute/memory.js";
import { NO_RESOURCES } from "../../drivers/compute/resources.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { at, condition, group, instance, NOW, node, rack, revision } from "../testing/objects.js";
import { instanceController } from "./controller.js";

const OWN = "default.w.uid";
const KEY = { namespace: "default", name: "w" };
const AGENT: Agent = {
  id: "agent-n1",
  hostname: "n1",
  ip: "10.0.0.1",
  attributes: {},
  total: NO_RESOURCES,
  state: "Active",
};

let world: LoopWorld;
let compute: ReturnType<typeof memoryCompute>;
afterEach(() => world.close());

/** Instance `w`, placed, whose task and attached task `log` run at the back end; the loop has not started. */
async function open(
  fields: { service?: object; tasks?: readonly string[]; clock?: ReturnType<typeof virtualClock> } = {},
) {
  const { tasks = [OWN, `${OWN}.log`], clock = virtualClock(NOW) } = fields;
  compute = memoryCompute({
    clock,
    agents: [AGENT],
    tasks: tasks.map((id) => ({ task: task(id), resources: NO_RESOURCES })),
    delayMs: 1000,
  });
  world = await loopWorld({ clock, compute, loops: [instanceController] });
  const owner = group({ services: [{ name: "web", image: "web", ...fields.service }] });
  await world.put(Rack, rack());
  await world.put(Node, node("n1"));
  await world.put(ServiceGroup, owner);
  for (const template of owner.spec.services) await world.put(Revision, revision(template));
  const placement = { node: "n1", agentID: AGENT.id, taskID: OWN };
  const attached = [{ name: "log", taskID: `${OWN}.log` }];
  const conditions = [condition("Scheduled", "True", { lastTransitionTime: at(0) })];
  const status = { placement, attached };
  await world.put(Instance, instance({ name: "w", conditions, status, finalizers: [FINALIZER.task] }));
  world.start();
  await world.clock.advance(0);
}

function task(id: string) {
  return { id, name: id, agentId: AGENT.id, labels: {}, status: statusOf(id, "Running") };
}

function statusOf(taskId: string, state: TaskState): TaskStatus {
  return {
    taskId,
    agentId: AGENT.id,
    state,
    reason: undefined,
    message: undefined,
    timestamp: NOW / 1000,
    isHealthy: undefined,
    addresses: ["10.0.0.1"],
    containerId: undefined,
    mesosContainerId: undefined,
    isReconciliation: false,
    acknowledgement: undefined,
  };
}

/** What a person's deletion and the service-group loop's consent do. */
async function letGo(reason: string): Promise<void> {
  const metadata = { annotations: { [ANNOTATION.leave]: reason } };
  await world.settle(world.client.patch(Instance, KEY, { metadata }));
  await world.settle(world.client.delete(Instance, KEY));
}

const kills = () => world.actions.filter(({ type }) => type === "task.kill").map(({ key }) => key);
const isGone = async () => (await world.settle(world.client.list(Instance))).items.length === 0;
const conditionText = async (type: string) => {
  const found = (await world.instance("w")).status?.conditions?.find((candidate) => candidate.type === type);
  return `${found?.status} ${found?.reason}`;
};

describe("the life of a task and of one beside it", () => {
  it("asks for what it was not told, and stores both", async () => {
    await open();
    await world.clock.advance(25_000);
    const { status } = await world.instance("w");
    expect(status).toMatchObject({ phase: "Running", lastStatus: { state: "Running" } });
    expect(status?.attached).toEqual([
      expect.objectContaining({ name: "log", taskID: `${OWN}.log`, state: "Running" }),
    ]);
    expect(await conditionText("Ready")).toBe("True NoHealthCheck");
  });

  it("ends what is attached after its own task, and goes when all ended", async () => {
    await open();
    await world.clock.advance(25_000);
    await letGo("Replaced");
    expect(kills()).toEqual([OWN]);
    await world.clock.advance(900);
    expect(kills()).toEqual([OWN]);
    await world.clock.advance(200);
    expect(kills()).toEqual([OWN, `${OWN}.log`]);
    expect(await isGone()).toBe(false);
    await world.clock.advance(1100);
    expect(await isGone()).toBe(true);
    expect(kills()).toHaveLength(2);
  });

  it("ends what is attached to a task that ended by itself, on that ground, and keeps the record", async () => {
    await open();
    await world.clock.advance(25_000);
    compute.control.end(OWN, "Finished");
    await world.clock.advance(2000);
    expect(kills()).toEqual([`${OWN}.log`]);
    expect(world.actions[0]).toMatchObject({ ground: { type: "statement", source: `task ${OWN}` } });
    expect((await world.instance("w")).status?.attached?.[0]?.state).toBe("Killed");
    await world.clock.advance(60_000);
    expect(kills()).toHaveLength(1);
  });

  it("is ready as the probes of another loop say", async () => {
    const healthChecks = [{ name: "up", tcpSocket: { port: 80 }, probeFrom: "Controller" }];
    await open({ service: { healthChecks } });
    await world.clock.advance(25_000);
    expect(await conditionText("Ready")).toBe("False HealthPending");
    const { placement, attached } = (await world.instance("w")).status ?? {};
    const others = { placement, attached: attached?.map(({ name, taskID }) => ({ name, taskID })) };
    const conditions = [condition("Scheduled", "True", { lastTransitionTime: at(0) })];
    await world.report("w", { ...others, conditions, probes: [{ name: "up", isPassing: true }] });
    expect(await conditionText("Ready")).toBe("True Healthy");
    const failing = { name: "up", isPassing: false, consecutiveFailures: 3 };
    await world.report("w", { ...others, conditions, probes: [failing] });
    expect(await conditionText("Ready")).toBe("False Unhealthy");
  });

  it("writes nothing while nothing changes", async () => {
    await open();
    await world.clock.advance(25_000);
    const before = world.writes.length;
    await world.clock.advance(300_000);
    expect(world.writes.length).toBe(before);
  });
});

describe("an agent out of reach", () => {
  it("is unknown, then known again; nothing is killed", async () => {
    await open();
    await world.clock.advance(25_000);
    compute.control.loseAgent(AGENT.id);
    await world.clock.advance(5000);
    expect(await conditionText("Running")).toBe("Unknown TaskUnreachable");
    expect(await conditionText("Ready")).toBe("Unknown TaskNotRunning");
    compute.control.returnAgent(AGENT.id);
    await world.clock.advance(5000);
    expect(await conditionText("Running")).toBe("True TaskRunning");
    expect(await conditionText("Ready")).toBe("True NoHealthCheck");
    expect(kills()).toEqual([]);
  });

  it("is sent the kill again as soon as it is back, for no master remembers one", async () => {
    await open();
    await world.clock.advance(25_000);
    compute.control.loseAgent(AGENT.id);
    await world.clock.advance(1000);
    await letGo("Replaced");
    await world.clock.advance(1000);
    expect(kills()).toEqual([OWN]);
    expect(await isGone()).toBe(false);
    compute.control.returnAgent(AGENT.id);
    await world.clock.advance(100);
    expect(kills()).toEqual([OWN, OWN]);
    await world.clock.advance(5000);
    expect(await isGone()).toBe(true);
  });

  it.each([
    ["its group", false],
    ["no group any more", true],
  ])("is given up when its time is over, and what comes back to %s is ended once", async (_, isGroupDeleted) => {
    await open();
    await world.clock.advance(25_000);
    compute.control.loseAgent(AGENT.id);
    await world.clock.advance(1000);
    await letGo("Forgotten");
    expect(await isGone()).toBe(true);
    expect(kills()).toEqual([]);
    const { namespace } = KEY;
    if (isGroupDeleted)
      await world.settle(world.client.delete(ServiceGroup, { namespace, name: group().metadata.name }));
    compute.control.returnAgent(AGENT.id);
    await world.clock.advance(60_000);
    expect(kills().sort()).toEqual([OWN, `${OWN}.log`]);
    expect(world.actions.map(({ rack: of }) => of)).toEqual(["rack", "rack"]);
  });
});

it("lets what was never placed go although nothing says on which rack it was to be", async () => {
  await open({ tasks: [OWN] });
  await world.put(Instance, instance({ name: "idle", number: 2, finalizers: [FINALIZER.task] }));
  await world.settle(world.client.delete(ServiceGroup, { namespace: "default", name: "shop" }));
  const idle = { namespace: "default", name: "idle" };
  const metadata = { annotations: { [ANNOTATION.leave]: "GroupDeleted" } };
  await world.settle(world.client.patch(Instance, idle, { metadata }));
  await world.settle(world.client.delete(Instance, idle));
  await world.clock.advance(1000);
  const { items } = await world.settle(world.client.list(Instance));
  expect(items.map((one) => one.metadata.name)).toEqual(["w"]);
});

it("ends the task of what outlived its group: its node says where it runs", async () => {
  await open({ tasks: [OWN] });
  await world.clock.advance(25_000);
  await world.settle(world.client.delete(ServiceGroup, { namespace: "default", name: "shop" }));
  await letGo("GroupDeleted");
  await world.clock.advance(25_000);
  expect(kills()).toEqual([OWN]);
  expect(await isGone()).toBe(true);
});

it.each([3600, -3600])(
  "R30 ends an overdue launch neither earlier nor later when the clock steps by %d s",
  async (seconds) => {
    const clock = virtualClock(NOW);
    let stepMs = 0;
    await open({
      tasks: [],
      service: { startDeadlineSeconds: 60 },
      clock: { ...clock, now: () => clock.now() + stepMs },
    });
    compute.reconcile = async () => {};
    await world.clock.advance(30_000);
    stepMs = seconds * 1000;
    await world.clock.advance(20_000);
    expect(kills()).toEqual([]);
    await world.clock.advance(40_000);
    expect(kills()).not.toEqual([]);
  },
);

describe("the budget", () => {
  it("is not drawn from for what the service-group loop let go: whoever inferred that drew from it", async () => {
    await open({ tasks: [OWN] });
    await world.clock.advance(25_000);
    await letGo("Unhealthy");
    expect(world.actions.map(({ key, budgetClass }) => [key, budgetClass])).toEqual([[OWN, undefined]]);
  });

  it("is drawn from once for a launch that does not come to life, however often it is killed", async () => {
    await open({ tasks: [], service: { startDeadlineSeconds: 60 } });
    compute.kill = async () => {};
    compute.reconcile = async () => {};
    await world.clock.advance(120_000);
    const drawn = world.actions.filter(({ key }) => key === OWN).map(({ budgetClass }) => budgetClass);
    expect(drawn.length).toBeGreaterThan(1);
    expect(drawn).toEqual(["tasks", ...drawn.slice(1).map(() => undefined)]);
  });
});
