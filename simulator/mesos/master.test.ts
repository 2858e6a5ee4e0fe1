import { describe, expect, it } from "vitest";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { TransportError } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type AgentSpec, createMesosMaster, type PersistedState } from "./master.js";
import { type PretendBehaviour, pretendRunner } from "./pretend-runner.js";
import type { RunnableTask } from "./task-runner.js";
import {
  connect,
  FRAMEWORK,
  launchOn,
  offersIn,
  post,
  sleeper,
  statesOf,
  statusesOf,
} from "./testing/scheduler-client.js";

const AGENTS: readonly AgentSpec[] = [1, 2].map((number) => ({
  name: `blade${number}`,
  ip: `10.0.0.${number}`,
  attributes: { "machine-name": `blade${number}`, rack: "1" },
  resources: { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" },
}));

interface RackOptions {
  readonly agents?: readonly AgentSpec[];
  readonly behaviour?: (task: RunnableTask) => PretendBehaviour;
  readonly onChange?: (state: PersistedState) => void;
}

function rack(options: RackOptions = {}) {
  const clock = virtualClock();
  const random = seededRandom(7);
  const runner = pretendRunner({
    clock,
    random,
    addresses: (task) => `192.168.0.${task.taskId.length}`,
    statistics: () => ({
      netRxBytes: 1234,
      netTxBytes: 99,
      netRxDropped: 0,
      netTxDropped: 0,
      cpuUserSeconds: 1.5,
      cpuSystemSeconds: 0.25,
      memoryBytes: 1000,
    }),
    ...(options.behaviour === undefined ? {} : { behaviour: options.behaviour }),
  });
  const master = createMesosMaster({
    clock,
    random,
    log: silentLogger,
    cluster: { masterId: "m", hostname: "127.0.0.1", port: 5050, agents: options.agents ?? AGENTS },
    runner,
    ...(options.onChange === undefined ? {} : { onChange: options.onChange }),
  });
  return { clock, random, runner, master };
}

/** A rack with one framework that runs task `t` on blade1. */
async function rackWithTask(options: RackOptions & { readonly info?: typeof FRAMEWORK; readonly acks?: boolean } = {}) {
  const parts = rack(options);
  const client = await connect(parts.master.handler, options.info, { acknowledges: options.acks ?? true });
  await parts.clock.advance(100);
  await launchOn(client, "m-O0", [sleeper("t", "m-S0")]);
  await parts.clock.advance(2000);
  return { ...parts, client };
}

async function answerOf(response: Promise<{ readonly body: unknown }>): Promise<Record<string, never>> {
  const { body } = await response;
  return JSON.parse(Buffer.from(body as Uint8Array).toString("utf8")) as Record<string, never>;
}

describe("subscription", () => {
  it("sends SUBSCRIBED, HEARTBEAT and one OFFERS with every agent", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    expect(client.events.map((event) => event.type)).toEqual(["SUBSCRIBED", "HEARTBEAT", "OFFERS"]);
    expect(offersIn(client).map((offer) => offer.hostname)).toEqual(["blade1", "blade2"]);
  });

  it("sends a HEARTBEAT every 15 s", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(45_000);
    expect(client.events.filter((event) => event.type === "HEARTBEAT")).toHaveLength(4);
  });

  it("ends the first stream when the same framework subscribes again", async () => {
    const { master, clock } = rack();
    const first = await connect(master.handler);
    await clock.advance(100);
    const second = await connect(master.handler, { ...FRAMEWORK, id: { value: first.frameworkId() } });
    await clock.advance(2000);
    expect(first.events.at(-1)).toEqual({ type: "ERROR", error: { message: "Framework failed over" } });
    expect(first.ended()).toBe("end");
    expect(offersIn(second)).toHaveLength(2);
  });

  it.each([
    { timeout: 60, waitMs: 59_000, isKept: true },
    { timeout: 60, waitMs: 61_000, isKept: false },
    { timeout: 0, waitMs: 1, isKept: false },
  ])(
    "keeps a framework with failover_timeout $timeout for $waitMs ms: $isKept",
    async ({ timeout, waitMs, isKept }) => {
      const { master, clock, client, runner } = await rackWithTask({
        info: { ...FRAMEWORK, failover_timeout: timeout },
      });
      client.leave();
      await clock.advance(waitMs);
      const again = await connect(master.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
      await clock.advance(100);
      expect(again.events[0]?.type).toBe(isKept ? "SUBSCRIBED" : "ERROR");
      await clock.advance(6000);
      expect(runner.running()).toHaveLength(isKept ? 1 : 0);
    },
  );
});

describe("offers", () => {
  it("offers a declined agent again only when the filter has ended", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    const ids = offersIn(client).map((offer) => offer.id);
    await client.call({ type: "DECLINE", decline: { offer_ids: ids, filters: { refuse_seconds: 4 } } });
    await clock.advance(3900);
    expect(offersIn(client)).toHaveLength(2);
    await clock.advance(1100);
    expect(offersIn(client)).toHaveLength(4);
  });

  it("offers what remains of an agent and what comes free as separate offers", async () => {
    const { clock, client } = await rackWithTask();
    await client.call({ type: "KILL", kill: { task_id: { value: "t" } } });
    await clock.advance(2000);
    const cpus = offersIn(client)
      .filter((offer) => offer.hostname === "blade1")
      .map((offer) => offer.resources?.find((resource) => resource.name === "cpus")?.scalar?.value);
    expect(cpus).toEqual([4, 3.9, 0.1]);
  });

  it("makes no offers to a suppressed role until it is revived", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    await client.call({ type: "SUPPRESS" });
    const ids = offersIn(client).map((offer) => offer.id);
    await client.call({ type: "DECLINE", decline: { offer_ids: ids, filters: { refuse_seconds: 3600 } } });
    await clock.advance(10_000);
    expect(offersIn(client)).toHaveLength(2);
    await client.call({ type: "REVIVE" });
    await clock.advance(100);
    expect(offersIn(client)).toHaveLength(4);
  });

  it("rests when there is nothing to offer", async () => {
    const { master, clock } = rack();
    await clock.advance(100);
    expect(await clock.advanceUntil(() => false, 1000)).toBe(false);
    expect(master.snapshot().agents).toHaveLength(2);
  });
});

describe("tasks", () => {
  it("run through STARTING, RUNNING and the terminal state", async () => {
    const { client } = await rackWithTask({ behaviour: () => ({ exit: { afterMs: 500, code: 3 } }) });
    expect(statusesOf(client, "t").map((status) => [status.state, status.message])).toEqual([
      ["TASK_STARTING", undefined],
      ["TASK_RUNNING", undefined],
      ["TASK_FAILED", "Command exited with status 3"],
    ]);
  });

  it("carry the address of a routed docker container in status and docker inspect", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    const container = {
      type: "DOCKER" as const,
      docker: { image: "dns:1", network: "USER" as const },
      network_infos: [{ name: "dc" }],
    };
    await launchOn(client, "m-O0", [sleeper("dns-1", "m-S0", { container })]);
    await clock.advance(2000);
    const running = statusesOf(client, "dns-1").at(-1);
    const inspected = JSON.parse(Buffer.from(running?.data ?? "", "base64").toString("utf8"));
    expect(inspected[0].NetworkSettings.Networks.dc.IPAddress).toBe("192.168.0.5");
    expect(running?.container_status?.network_infos).toEqual([
      { ip_addresses: [{ protocol: "IPv4", ip_address: "192.168.0.5" }], name: "dc" },
    ]);
  });

  it("show their traffic in the agent's statistics", async () => {
    const { master } = await rackWithTask();
    const answer = await answerOf(
      master.agentHandler("blade1")({ method: "GET", url: "/monitor/statistics", headers: {} }),
    );
    expect(answer).toMatchObject([{ executor_id: "t", statistics: { net_rx_bytes: 1234, net_tx_bytes: 99 } }]);
  });

  it("send an unacknowledged update again after 10 s, then 20 s, and at once after a re-subscription", async () => {
    const { clock, client, master } = await rackWithTask({ acks: false });
    await clock.advance(31_000);
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING", "TASK_STARTING", "TASK_STARTING"]);
    const again = await connect(master.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
    await clock.advance(100);
    expect(statesOf(again, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
  });

  it("survive the loss of a status: the agent sends it again", async () => {
    const { clock, client, master } = await rackWithTask();
    master.loseNextStatus();
    await client.call({ type: "KILL", kill: { task_id: { value: "t" } } });
    await clock.advance(5000);
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    await clock.advance(6000);
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]);
  });

  it("are killed by their health check after the failures it allows", async () => {
    const { master, clock } = rack({ behaviour: () => ({ probe: (count) => count === 1 }) });
    const client = await connect(master.handler);
    await clock.advance(100);
    const health_check = {
      type: "TCP" as const,
      tcp: { port: 1 },
      delay_seconds: 0,
      interval_seconds: 1,
      consecutive_failures: 2,
      grace_period_seconds: 0,
    };
    await launchOn(client, "m-O0", [sleeper("t", "m-S0", { health_check })]);
    await clock.advance(10_000);
    expect(statusesOf(client, "t").map((status) => [status.state, status.healthy])).toEqual([
      ["TASK_STARTING", undefined],
      ["TASK_RUNNING", undefined],
      ["TASK_RUNNING", true],
      ["TASK_RUNNING", false],
      ["TASK_RUNNING", false],
      ["TASK_KILLING", undefined],
      ["TASK_KILLED", false],
    ]);
  });
});

describe("agent loss", () => {
  it("declares tasks unreachable after the ping timeout and running again after the return", async () => {
    const { master, clock, client } = await rackWithTask();
    master.partitionAgent("blade1");
    await clock.advance(74_000);
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    await clock.advance(2000);
    expect(statesOf(client, "t").at(-1)).toBe("TASK_UNREACHABLE");
    expect(client.events.at(-1)).toEqual({ type: "FAILURE", failure: { agent_id: { value: "m-S0" } } });
    master.returnAgent("blade1");
    await clock.advance(5000);
    expect(statusesOf(client, "t").at(-1)).toMatchObject({
      state: "TASK_RUNNING",
      reason: "REASON_AGENT_REREGISTERED",
    });
  });

  it("says nothing of a short restart, but takes the offers back", async () => {
    const { master, clock, client } = await rackWithTask();
    master.killAgent("blade1");
    master.returnAgent("blade1");
    await clock.advance(10_000);
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    expect(client.events.map((event) => event.type)).toContain("RESCIND");
    expect(offersIn(client).at(-1)?.hostname).toBe("blade1");
  });

  it("reports the tasks of a crashed machine as failed when it is back", async () => {
    const { master, clock, client } = await rackWithTask();
    master.crashAgent("blade1");
    await clock.advance(1000);
    master.returnAgent("blade1");
    await clock.advance(10_000);
    expect(statesOf(client, "t").at(-1)).toBe("TASK_FAILED");
  });

  it("ends the tasks of an agent that unregisters as lost", async () => {
    const { master, clock, client, runner } = await rackWithTask();
    master.removeAgent("blade1");
    await clock.advance(1000);
    expect(statusesOf(client, "t").at(-1)).toMatchObject({ state: "TASK_LOST", reason: "REASON_AGENT_REMOVED" });
    expect(runner.running()).toHaveLength(0);
  });
});

describe("master restart", () => {
  it("breaks the streams, refuses connections, then knows its agents as recovered until they are back", async () => {
    const { master, clock, client } = await rackWithTask();
    master.restart({ downMs: 1000 });
    await clock.advance(100);
    expect(client.ended()).toBe("reset");
    await expect(post(master.handler, "/api/v1", { type: "GET_HEALTH" })).rejects.toBeInstanceOf(TransportError);
    await clock.advance(1000);
    const again = await connect(master.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
    await again.call({
      type: "RECONCILE",
      reconcile: { tasks: [{ task_id: { value: "t" }, agent_id: { value: "m-S0" } }] },
    });
    await clock.advance(100);
    expect(again.events.map((event) => event.type)).toEqual(["SUBSCRIBED", "HEARTBEAT"]);
    const before = await answerOf(post(master.handler, "/api/v1", { type: "GET_AGENTS" }));
    expect(before).toMatchObject({ get_agents: { agents: [], recovered_agents: [{ hostname: "blade1" }, {}] } });
    await clock.advance(5000);
    await again.call({ type: "RECONCILE", reconcile: { tasks: [] } });
    await clock.advance(100);
    expect(statusesOf(again, "t")).toMatchObject([{ state: "TASK_RUNNING", reason: "REASON_RECONCILIATION" }]);
  });

  it("continues from a snapshot with the tasks that still run", async () => {
    const states: PersistedState[] = [];
    const { master, clock, client, random, runner } = await rackWithTask({ onChange: (state) => states.push(state) });
    master.close();
    const next = createMesosMaster({
      clock,
      random,
      log: silentLogger,
      cluster: { hostname: "127.0.0.1", port: 5050, agents: AGENTS },
      runner,
      state: JSON.parse(JSON.stringify(states.at(-1))),
    });
    const again = await connect(next.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
    await clock.advance(10_000);
    await again.call({ type: "RECONCILE", reconcile: { tasks: [] } });
    await clock.advance(100);
    expect(statesOf(again, "t")).toEqual(["TASK_RUNNING"]);
    runner.exit("t", { code: 0 });
    await clock.advance(100);
    expect(statesOf(again, "t").at(-1)).toBe("TASK_FINISHED");
  });
});

describe("repeatability", () => {
  it("gives the same events for the same seed", async () => {
    const runs = await Promise.all([rackWithTask(), rackWithTask()].map(async (run) => (await run).client.events));
    expect(runs[0]).toEqual(runs[1]);
  });
});
