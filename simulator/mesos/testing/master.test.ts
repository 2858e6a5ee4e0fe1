import { describe, expect, it } from "vitest";
import { answerOf, rack, rackWithTask } from "./rack.js";
import { connect, FRAMEWORK, launchOn, offersIn, sleeper, statesOf, statusesOf } from "./scheduler-client.js";

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

describe("repeatability", () => {
  it("gives the same events for the same seed", async () => {
    const runs = await Promise.all([rackWithTask(), rackWithTask()].map(async (run) => (await run).client.events));
    expect(runs[0]).toEqual(runs[1]);
  });
});
