import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { type HttpHandler, TransportError } from "../../../../platform/transport.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { createMesosMaster } from "../../../../simulator/mesos/master.js";
import type { RunnableTask, RunnerEvent, TaskRunner } from "../../../../simulator/mesos/task-runner.js";
import type { Observation } from "../../../observation.js";
import type { Agent, ComputeDriver, Connection, Offer, Task, TaskStatus } from "../../driver.js";
import { computeDriverSuite } from "../../suite.js";
import { SUITE_PERIOD_MS } from "../../testing/subject.js";
import { createMesosDriver, type MesosDriverOptions } from "../driver.js";
import { launchOf } from "./bench.js";

/** A simulated cluster of two agents, and what it takes to connect to it. */
function startCluster() {
  const clock = virtualClock();
  const log = silentLogger;
  const resources = { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" };
  const agent = (name: string, port: number) => ({ name, ip: "127.0.0.1", port, attributes: { rack: "1" }, resources });
  const runner = pretendingRunner(clock);
  const master = createMesosMaster({
    clock,
    random: seededRandom(1),
    log,
    cluster: { hostname: "127.0.0.1", port: 5050, agents: [agent("bladerunner1", 5051), agent("bladerunner2", 5052)] },
    runner,
  });
  const wire = { isCut: false };
  const transport: HttpHandler = async (request) => {
    if (wire.isCut) throw new TransportError("unplugged", { isSent: false });
    const url = new URL(request.url);
    return master.handler({ ...request, url: url.pathname + url.search });
  };
  const options: MesosDriverOptions = {
    transport,
    masters: ["http://127.0.0.1:5050"],
    frameworkName: "rackwright",
    user: "root",
    roles: ["web"],
    failoverTimeoutSeconds: 604_800,
    frameworkId: undefined,
    identity: "rack-a",
    observePeriodMs: SUITE_PERIOD_MS,
    clock,
    random: seededRandom(2),
    log,
  };
  return { clock, master, runner, wire, options };
}

computeDriverSuite("mesos before a simulated master", () => {
  const { clock, master, runner, wire, options } = startCluster();
  const driver = createMesosDriver(options);
  const seen = watch(driver);
  return {
    clock,
    driver,
    disconnect() {
      wire.isCut = true;
      master.dropConnection();
    },
    reconnect() {
      wire.isCut = false;
    },
    takeOver: () => void createMesosDriver({ ...options, frameworkId: seen.frameworkId(), random: seededRandom(3) }),
    end: (taskId, how) => runner.end(taskId, "exitCode" in how ? { code: how.exitCode } : { signal: "SIGKILL" }),
  };
});

describe("the Mesos driver before a simulated cluster that fails", () => {
  /** Six tasks run on two agents, all listed. */
  async function sixTasks() {
    const cluster = startCluster();
    const driver = createMesosDriver(cluster.options);
    const seen = watch(driver);
    driver.statuses$.subscribe((status) => void driver.acknowledge(status).catch(() => {}));
    const until = async (isDone: () => boolean, what: string) =>
      expect(await cluster.clock.advanceUntil(isDone, 300_000), what).toBe(true);
    await until(() => seen.offers().length === 2, "offers");
    for (const { id, agentId, hostname } of seen.offers()) {
      const tasks = [0, 1, 2].map((number) => launchOf(`${hostname}-${number}`, { agentId }));
      await driver.launch([id], tasks);
    }
    await until(() => seen.runningCount() === 6 && seen.tasks()?.type === "Complete", "six tasks");
    seen.history.splice(0, seen.history.length - 1);
    return { ...cluster, driver, seen, until };
  }

  it("R1 R23 a restarted master is believed only when all agents are back", async () => {
    const { driver, master, seen, until } = await sixTasks();
    const [before] = epochsOf(seen.connections);
    master.restart({ downMs: 3_000 });
    await until(() => seen.connection()?.type === "connecting", "the loss");
    await until(() => seen.isSettled() && seen.tasks()?.type === "Complete", "settled");
    expect(completeSizes(seen.history)).toSatisfy((sizes: readonly number[]) => sizes.every((size) => size === 6));
    expect(seen.history.some(({ type }) => type === "Partial")).toBe(true);
    expect(epochsOf(seen.connections).at(-1)).not.toBe(before);
    expect(seen.runningCount()).toBe(6);
    driver.close();
  });

  it("R1 R23 a restart with an agent that stays away is never complete without its tasks stated", async () => {
    const { driver, master, seen, until } = await sixTasks();
    master.killAgent("bladerunner2");
    master.restart({ downMs: 3_000 });
    await until(() => seen.connection()?.type === "subscribed" && seen.epochIsNew(), "the new master");
    await driver.reconcile([]);
    expect(completeSizes(seen.history)).not.toContain(3);
    expect(seen.isSettled()).toBe(false);
    master.returnAgent("bladerunner2");
    await until(() => seen.isSettled() && seen.tasks()?.type === "Complete", "settled");
    expect(seen.runningCount()).toBe(6);
    driver.close();
  });

  it("R2 tasks of an unreachable agent are unreachable, and run again when it is back", async () => {
    const { driver, clock, master, seen, until } = await sixTasks();
    master.partitionAgent("bladerunner2");
    await until(() => seen.statuses.filter(({ state }) => state === "Unreachable").length >= 3, "unreachable");
    await clock.advance(2 * SUITE_PERIOD_MS);
    expect(seen.taskIds().length).toBe(6);
    expect(seen.agentStates()).toEqual(["Active", "Unreachable"]);
    master.returnAgent("bladerunner2");
    await until(() => seen.runningCount() === 6 && seen.tasks()?.type === "Complete", "back");
    expect(completeSizes(seen.history)).toSatisfy((sizes: readonly number[]) => sizes.every((size) => size === 6));
    await until(() => seen.agentStates().join() === "Active,Active", "both agents");
    driver.close();
  });

  it("R2 tasks of an unreachable agent are held when the master is restarted, which lists them no more", async () => {
    const { driver, clock, master, seen, until } = await sixTasks();
    master.partitionAgent("bladerunner2");
    await until(() => seen.statuses.filter(({ state }) => state === "Unreachable").length >= 3, "unreachable");
    master.restart({ downMs: 3_000 });
    await until(() => seen.connection()?.type === "connecting", "the loss");
    await until(() => seen.isSettled() && seen.tasks()?.type === "Complete", "settled");
    await clock.advance(10 * SUITE_PERIOD_MS);
    expect([seen.runningCount(), seen.taskIds().length]).toEqual([3, 6]);
    const taskId = "bladerunner2-0";
    const reading = driver.read({ taskId, agentId: seen.agentOf(taskId) });
    await clock.advance(1000);
    expect(await reading).toMatchObject({ type: "present", item: { state: "Unreachable" } });
    master.returnAgent("bladerunner2");
    await until(() => seen.runningCount() === 6 && seen.tasks()?.type === "Complete", "back");
    expect(completeSizes(seen.history)).toSatisfy((sizes: readonly number[]) => sizes.every((size) => size === 6));
    driver.close();
  });

  it("gets lost and doubled statuses through", async () => {
    const { driver, master, seen, until } = await sixTasks();
    master.loseNextStatus(1);
    master.duplicateNextStatus(2);
    for (const taskId of seen.taskIds()) {
      await driver.kill({ taskId, agentId: seen.agentOf(taskId), graceSeconds: 1 });
    }
    const killed = () => new Set(seen.statuses.filter(({ state }) => state === "Killed").map(({ taskId }) => taskId));
    await until(() => killed().size === 6, "six ends");
    await until(() => seen.tasks()?.type === "Complete" && seen.taskIds().length === 0, "an empty list");
    driver.close();
  });

  it("R20 resumes its framework when the stored id is lost, and adopts the tasks", async () => {
    const { driver, options, clock, seen } = await sixTasks();
    const frameworkId = seen.frameworkId();
    driver.close();
    await clock.advance(1_000);
    const heir = createMesosDriver({ ...options, random: seededRandom(9) });
    const found = watch(heir);
    const isDone = () => found.isSettled() && found.tasks()?.type === "Complete";
    expect(await clock.advanceUntil(isDone, 60_000)).toBe(true);
    expect(found.frameworkId()).toBe(frameworkId);
    expect(found.taskIds().length).toBe(6);
    heir.close();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("R1 R23 survives a storm of drops and restarts, seed %i", async (seed) => {
    const { driver, clock, master, seen, until } = await sixTasks();
    const random = seededRandom(seed);
    const mishaps = [
      () => master.restart({ downMs: random.integer(20_000) }),
      () => master.dropConnection(),
      () => master.rescindOffers(),
      () => master.killAgent("bladerunner1"),
      () => master.returnAgent("bladerunner1"),
    ];
    for (let round = 0; round < 12; round++) {
      mishaps[random.integer(mishaps.length)]?.();
      await clock.advance(random.integer(12_000));
    }
    master.returnAgent("bladerunner1");
    await until(() => seen.isSettled() && seen.tasks()?.type === "Complete" && seen.runningCount() === 6, "calm");
    expect(completeSizes(seen.history)).toSatisfy((sizes: readonly number[]) => sizes.every((size) => size === 6));
    driver.close();
  });
});

/** Keeps what a driver says. */
function watch(driver: ComputeDriver) {
  const statuses: TaskStatus[] = [];
  const history: Observation<Task>[] = [];
  const connections: Connection[] = [];
  let offers: readonly Offer[] = [];
  let agents: Observation<Agent> | undefined;
  driver.statuses$.subscribe((status) => statuses.push(status));
  driver.tasks$.subscribe((seen) => history.push(seen));
  driver.connection$.subscribe((connection) => connections.push(connection));
  driver.offers$.subscribe((held) => {
    offers = held;
  });
  driver.agents$.subscribe((seen) => {
    agents = seen;
  });
  const items = () => itemsOf(history.at(-1));
  const connection = () => connections.at(-1);
  return {
    statuses,
    history,
    connections,
    connection,
    offers: () => offers,
    tasks: () => history.at(-1),
    taskIds: () => items().map(({ id }) => id),
    agentOf: (taskId: string) => items().find(({ id }) => id === taskId)?.agentId,
    runningCount: () => items().filter(({ status }) => status.state === "Running").length,
    agentStates: () =>
      itemsOf(agents)
        .toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1))
        .map(({ state }) => state),
    epochIsNew: () => new Set(epochsOf(connections)).size > 1,
    isSettled() {
      const last = connection();
      return last?.type === "subscribed" && last.isSettled;
    },
    frameworkId() {
      const last = connections.findLast((each) => each.type === "subscribed");
      return last?.type === "subscribed" ? last.frameworkId : undefined;
    },
  };
}

function itemsOf<Item>(observation: Observation<Item> | undefined): readonly Item[] {
  return observation === undefined || observation.type === "Unknown" ? [] : [...observation.items.values()];
}

function completeSizes(history: readonly Observation<Task>[]): readonly number[] {
  return history.flatMap((seen) => (seen.type === "Complete" ? [seen.items.size] : []));
}

function epochsOf(connections: readonly Connection[]): readonly string[] {
  return connections.flatMap((each) => (each.type === "subscribed" ? [each.epoch] : []));
}

/** Every task runs until it is killed. */
function pretendingRunner(clock: ReturnType<typeof virtualClock>) {
  const events = new Subject<RunnerEvent>();
  const tasks = new Map<string, RunnableTask>();
  const runner: TaskRunner = {
    events$: events.asObservable(),
    launch(task) {
      tasks.set(task.taskId, task);
      clock.schedule(100, () => events.next({ type: "started", taskId: task.taskId, address: "127.0.0.1" }));
    },
    kill(taskId) {
      clock.schedule(100, () => {
        if (tasks.delete(taskId)) events.next({ type: "exited", taskId, signal: "SIGTERM" });
      });
    },
    probe: async () => true,
    statistics: () => undefined,
    running: () => [...tasks.values()].map((task) => ({ task, address: "127.0.0.1" })),
  };
  return {
    ...runner,
    /** The program ends by itself. */
    end(taskId: string, how: { readonly code: number } | { readonly signal: string }) {
      if (tasks.delete(taskId)) events.next({ type: "exited", taskId, ...how });
    },
  };
}
