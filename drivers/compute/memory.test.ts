import { firstValueFrom } from "rxjs";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { Agent, TaskLaunch, TaskStatus } from "./driver.js";
import { type MemoryComputeOptions, memoryCompute } from "./memory.js";
import { computeDriverSuite } from "./suite.js";

const AGENT: Agent = {
  id: "S0",
  hostname: "bladerunner1",
  ip: "127.0.0.1",
  attributes: { rack: "1" },
  total: { cpu: 4, memoryMiB: 4096, diskMiB: 10000, gpu: 0, ports: [{ begin: 31000, end: 32000 }] },
  state: "Active",
};

const LAUNCH: TaskLaunch = {
  taskId: "t",
  name: "web",
  agentId: "S0",
  resources: { cpu: 1, memoryMiB: 64, diskMiB: 0, gpu: 0, ports: [{ begin: 31005, end: 31005 }] },
  containerizer: "Docker",
  image: "web:1",
  forcePull: false,
  command: { type: "entrypoint", args: [] },
  user: undefined,
  env: {},
  labels: {},
  volumes: [],
  isPrivileged: false,
  dockerParameters: [],
  network: { mode: "Routed", networkName: "rack" },
  ports: [],
  check: undefined,
  killGraceSeconds: 1,
};

function start(options: Partial<MemoryComputeOptions> = {}) {
  const clock = virtualClock();
  const driver = memoryCompute({ clock, agents: [AGENT], ...options });
  const statuses: TaskStatus[] = [];
  driver.statuses$.subscribe((status) => {
    statuses.push(status);
    driver.acknowledge(status).catch(() => {});
  });
  return { clock, driver, statuses, states: () => statuses.map(({ state }) => state) };
}

computeDriverSuite("memory", () => {
  const clock = virtualClock();
  const driver = memoryCompute({ clock, agents: [AGENT, { ...AGENT, id: "S1", hostname: "bladerunner2" }] });
  return {
    clock,
    driver,
    disconnect: () => driver.control.disconnect("unplugged"),
    reconnect: () => driver.control.connect("memory-2"),
    takeOver: () => driver.control.stop("Framework failed over"),
    end: (taskId, how) => driver.control.exit(taskId, how),
  };
});

describe("the modelled cluster", () => {
  it("gives each routed task its own address, after the delay", async () => {
    const { clock, driver, statuses } = start({ delayMs: 3_000 });
    await driver.launch(
      ["offer-1"],
      [LAUNCH, { ...LAUNCH, taskId: "u", resources: { ...LAUNCH.resources, ports: [] } }],
    );
    await clock.advance(2_999);
    expect(statuses).toEqual([]);
    await clock.advance(10);
    const running = statuses.filter(({ state }) => state === "Running");
    expect(running.map(({ taskId, addresses }) => [taskId, addresses])).toEqual([
      ["t", ["10.64.0.1"]],
      ["u", ["10.64.0.2"]],
    ]);
    expect(running[0]?.containerId).toBe("docker://t");
  });

  it("lets a launch fail", async () => {
    const { clock, driver, statuses } = start({ outcomeOf: () => ({ type: "fails", message: "no such image" }) });
    await driver.launch(["offer-1"], [LAUNCH]);
    await clock.advance(1_000);
    expect(statuses).toMatchObject([{ state: "Failed", message: "no such image" }]);
  });

  it("tells health, the end of a task, and gives its resources back", async () => {
    const { clock, driver, statuses, states } = start();
    await driver.launch(["offer-1"], [LAUNCH]);
    await clock.advance(1_000);
    driver.control.setHealth("t", false);
    await clock.advance(1_000);
    expect(statuses.at(-1)).toMatchObject({ state: "Running", isHealthy: false, addresses: ["10.64.0.1"] });
    driver.control.end("t", "Failed", "exited with status 3");
    await clock.advance(1_000);
    expect(states().at(-1)).toBe("Failed");
    const offers = await firstValueFrom(driver.offers$);
    expect(offers.map(({ resources }) => resources)).toEqual([AGENT.total]);
  });

  it("R2 keeps the tasks of a lost agent: unreachable is not dead", async () => {
    const { clock, driver, states } = start();
    await driver.launch(["offer-1"], [LAUNCH]);
    await clock.advance(1_000);
    driver.control.loseAgent("S0");
    await clock.advance(1_000);
    await driver.kill({ taskId: "t", agentId: "S0", graceSeconds: 1 });
    await clock.advance(10_000);
    const reading = await driver.read({ taskId: "t", agentId: "S0" });
    expect(reading).toMatchObject({ type: "present", item: { state: "Unreachable" } });
    driver.control.returnAgent("S0");
    await clock.advance(1_000);
    expect(states()).toEqual(["Starting", "Running", "Unreachable", "Unreachable", "Running"]);
  });

  it("starts with what is given", async () => {
    const { clock, driver, states } = start();
    await driver.launch(["offer-1"], [LAUNCH]);
    await clock.advance(1_000);
    expect(states()).toEqual(["Starting", "Running"]);
    const seen = await firstValueFrom(driver.tasks$);
    const listed = seen.type === "Unknown" ? undefined : seen.items.get("t");
    const status = listed?.status ?? expect.fail("the task is not listed");
    const given = { id: "t", name: "web", agentId: "S0", labels: {}, status };
    const copy = start({ tasks: [{ task: given, resources: LAUNCH.resources }] });
    expect((await firstValueFrom(copy.driver.offers$))[0]?.resources.cpu).toBe(3);
    await copy.driver.kill({ taskId: "t", agentId: "S0", graceSeconds: 1 });
    await copy.clock.advance(1_000);
    expect(copy.states()).toEqual(["Killing", "Killed"]);
  });
});
