import { silentLogger } from "../../../../platform/log.js";
import { seededRandom } from "../../../../platform/random.js";
import { inProcessTransport } from "../../../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../../../platform/virtual-clock.js";
import type { Observation } from "../../../observation.js";
import type { Agent, ComputeDriver, Connection, Offer, Task, TaskLaunch, TaskStatus } from "../../driver.js";
import { createMesosDriver, type MesosDriverOptions } from "../driver.js";
import { type MasterState, type ScriptedMaster, scriptedMaster } from "./scripted-master.js";

/** A driver connected to scripted masters, and all it said. */
export interface Bench {
  readonly clock: VirtualClock;
  readonly master: ScriptedMaster;
  readonly driver: ComputeDriver;
  readonly statuses: TaskStatus[];
  readonly tasks: Observation<Task>[];
  readonly agents: Observation<Agent>[];
  readonly connections: Connection[];
  offers(): readonly Offer[];
  /** Starts the stream of the newest subscription. */
  subscribed(frameworkId?: string): Promise<void>;
  /** Lets everything that needs no time happen. */
  settle(): Promise<void>;
}

/** The period of listings in these tests. */
export const PERIOD_MS = 5_000;

/** `others` are more masters by `host:port`; the scripted one is `m1:5050`, with `state` from the start. */
export function createBench(
  options: Partial<MesosDriverOptions> = {},
  others: ReadonlyMap<string, ScriptedMaster> = new Map(),
  state: Partial<MasterState> = {},
): Bench {
  const clock = virtualClock();
  const master = scriptedMaster();
  Object.assign(master.state, state);
  const handlers = new Map([
    ["m1:5050", master.handler],
    ...[...others].map(([host, other]) => [host, other.handler] as const),
  ]);
  const driver = createMesosDriver({
    transport: inProcessTransport(handlers),
    masters: ["http://m1:5050"],
    frameworkName: "rackwright",
    user: "root",
    roles: ["web"],
    failoverTimeoutSeconds: 604_800,
    frameworkId: "fw-1",
    identity: "rack-a",
    observePeriodMs: PERIOD_MS,
    clock,
    random: seededRandom(1),
    log: silentLogger,
    ...options,
  });
  const statuses: TaskStatus[] = [];
  const tasks: Observation<Task>[] = [];
  const agents: Observation<Agent>[] = [];
  const connections: Connection[] = [];
  let held: readonly Offer[] = [];
  driver.statuses$.subscribe((status) => statuses.push(status));
  driver.tasks$.subscribe((observation) => tasks.push(observation));
  driver.agents$.subscribe((observation) => agents.push(observation));
  driver.connection$.subscribe((connection) => connections.push(connection));
  driver.offers$.subscribe((offers) => {
    held = offers;
  });
  const settle = () => clock.advance(0);
  return {
    clock,
    master,
    driver,
    statuses,
    tasks,
    agents,
    connections,
    offers: () => held,
    settle,
    async subscribed(frameworkId = "fw-1") {
      await settle();
      const master_info = { id: master.state.masterId };
      const subscribed = { framework_id: { value: frameworkId }, heartbeat_interval_seconds: 15, master_info };
      master.push({ type: "SUBSCRIBED", subscribed });
      await settle();
    },
  };
}

/** A small task with everything at its simplest. */
export function launchOf(taskId: string, changes: Partial<TaskLaunch> = {}): TaskLaunch {
  return {
    taskId,
    name: taskId,
    agentId: "S0",
    resources: { cpu: 0.1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] },
    containerizer: "Mesos",
    image: undefined,
    forcePull: false,
    command: { type: "shell", script: "sleep 1" },
    user: undefined,
    env: {},
    labels: {},
    volumes: [],
    isPrivileged: false,
    dockerParameters: [],
    network: { mode: "Host" },
    ports: [],
    check: undefined,
    killGraceSeconds: 5,
    ...changes,
  };
}

/** A task as the master lists it. */
export function listedTask(taskId: string, changes: object = {}): object {
  return {
    name: taskId,
    task_id: { value: taskId },
    framework_id: { value: "fw-1" },
    agent_id: { value: "S0" },
    state: "TASK_RUNNING",
    ...changes,
  };
}

/** An update of the stream. */
export function update(taskId: string, state: string, changes: object = {}): object {
  const status = { task_id: { value: taskId }, agent_id: { value: "S0" }, state, timestamp: 1, ...changes };
  return { type: "UPDATE", update: { status } };
}

/** The answer of a master to a question about a task. */
export function answer(taskId: string, state = "TASK_RUNNING"): object {
  return update(taskId, state, { reason: "REASON_RECONCILIATION", source: "SOURCE_MASTER" });
}

/** An offer of four cpus on agent S0, as a record. */
export const OFFERS = {
  type: "OFFERS",
  offers: {
    offers: [
      {
        id: { value: "O1" },
        framework_id: { value: "fw-1" },
        agent_id: { value: "S0" },
        hostname: "bladerunner1",
        resources: [
          { name: "cpus", type: "SCALAR", scalar: { value: 4 }, allocation_info: { role: "web" } },
          { name: "mem", type: "SCALAR", scalar: { value: 4096 }, allocation_info: { role: "web" } },
          {
            name: "ports",
            type: "RANGES",
            ranges: { range: [{ begin: 31000, end: 32000 }] },
            allocation_info: { role: "web" },
          },
        ],
        allocation_info: { role: "web" },
      },
    ],
  },
};

/** A subscribed driver that holds one offer, O1. */
export async function withOffer(): Promise<Bench> {
  const bench = createBench();
  await bench.subscribed();
  bench.master.push(OFFERS);
  await bench.settle();
  return bench;
}
