import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { TransportError } from "../../../platform/transport.js";
import { createMesosMaster, type PersistedState } from "../master.js";
import { AGENTS, answerOf, rack, rackWithTask } from "./rack.js";
import { connect, FRAMEWORK, launchOn, offersIn, post, sleeper, statesOf, statusesOf } from "./scheduler-client.js";

/** Enough that a half of them is neither none nor all. */
const MANY = Array.from({ length: 20 }, (_, index) => ({
  name: `many${index}`,
  ip: `10.0.1.${index}`,
  attributes: {},
  resources: { cpus: "1", mem: "512" },
}));

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

describe("scripted mishaps", () => {
  it("deliver a status twice with the same uuid", async () => {
    const { master, clock, client } = await rackWithTask();
    master.duplicateNextStatus();
    await client.call({ type: "KILL", kill: { task_id: { value: "t" } } });
    await clock.advance(2000);
    expect(statesOf(client, "t").slice(2)).toEqual(["TASK_KILLING", "TASK_KILLING", "TASK_KILLED"]);
    const [first, second] = statusesOf(client, "t").slice(2);
    expect(first?.uuid).toBe(second?.uuid);
  });

  it("break the connection: offers are gone, the framework may come back", async () => {
    const { master, clock, client } = await rackWithTask();
    master.dropConnection();
    await clock.advance(100);
    expect(client.ended()).toBe("reset");
    expect(await answerOf(post(master.handler, "/api/v1", { type: "GET_FRAMEWORKS" }))).toMatchObject({
      get_frameworks: { frameworks: [{ active: false, connected: false, recovered: false }] },
    });
    const again = await connect(master.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
    await clock.advance(100);
    expect(offersIn(again)).toHaveLength(2);
  });

  it("answer an ACCEPT that crosses a RESCIND with TASK_DROPPED", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    master.rescindOffers();
    await launchOn(client, "m-O0", [sleeper("late", "m-S0")]);
    await clock.advance(100);
    expect(statusesOf(client, "late")).toMatchObject([{ state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS" }]);
  });

  it("take some offers back, the same ones for the same seed", async () => {
    const rescinded = await Promise.all(
      [1, 2].map(async () => {
        const { master, clock } = rack({ agents: MANY });
        const client = await connect(master.handler);
        await clock.advance(100);
        master.rescindOffers(0.5);
        await clock.advance(10);
        return client.events.filter((event) => event.type === "RESCIND");
      }),
    );
    expect(rescinded[0]).toEqual(rescinded[1]);
    expect(rescinded[0]?.length).toBeGreaterThan(0);
    expect(rescinded[0]?.length).toBeLessThan(MANY.length);
  });

  it("lose the framework: its tasks end, its id is refused", async () => {
    const { master, clock, client, runner } = await rackWithTask();
    master.removeFramework(client.frameworkId());
    await clock.advance(6000);
    expect(client.ended()).toBe("end");
    expect(runner.running()).toEqual([]);
    const again = await connect(master.handler, { ...FRAMEWORK, id: { value: client.frameworkId() } });
    await clock.advance(10);
    expect(again.events).toMatchObject([{ type: "ERROR", error: { message: "Framework has been removed" } }]);
  });

  it("let a task start late, and another die at once", async () => {
    const { client, clock } = await rackWithTask({ behaviour: () => ({ startMs: 60_000 }) });
    expect(statesOf(client, "t")).toEqual(["TASK_STARTING"]);
    await clock.advance(60_000);
    expect(statesOf(client, "t").at(-1)).toBe("TASK_RUNNING");
    const dying = await rackWithTask({ behaviour: () => ({ exit: { afterMs: 0, code: 1 } }) });
    expect(statesOf(dying.client, "t")).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]);
  });

  it("slow an agent down in both directions", async () => {
    const { master, clock } = rack();
    master.setAgentDelay("blade1", 3000);
    const client = await connect(master.handler);
    await clock.advance(100);
    await launchOn(client, "m-O0", [sleeper("slow", "m-S0")]);
    await clock.advance(6000);
    expect(statesOf(client, "slow")).toEqual([]);
    await clock.advance(7000);
    expect(statesOf(client, "slow")).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
  });

  it("add an agent that is offered at once", async () => {
    const { master, clock } = rack();
    const client = await connect(master.handler);
    await clock.advance(100);
    master.addAgent({ name: "blade3", ip: "10.0.0.3", attributes: {}, resources: { cpus: "1", mem: "512" } });
    await clock.advance(100);
    expect(offersIn(client).at(-1)?.hostname).toBe("blade3");
  });

  it("drain an agent: its tasks are killed, it gets no offers until it is reactivated", async () => {
    const { master, clock, client } = await rackWithTask();
    await post(master.handler, "/api/v1", { type: "DRAIN_AGENT", drain_agent: { agent_id: { value: "m-S0" } } });
    await clock.advance(5000);
    expect(statusesOf(client, "t").slice(-2)).toMatchObject([
      { state: "TASK_KILLING", reason: "REASON_AGENT_DRAINING" },
      { state: "TASK_KILLED", reason: "REASON_AGENT_DRAINING" },
    ]);
    expect(await answerOf(post(master.handler, "/api/v1", { type: "GET_AGENTS" }))).toMatchObject({
      get_agents: { agents: [{ active: false, deactivated: true, drain_info: { state: "DRAINED" } }, {}] },
    });
  });
});
