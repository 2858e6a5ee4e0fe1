import { describe, expect, it } from "vitest";
import { answer, type Bench, createBench, launchOf, listedTask, PERIOD_MS, update, withOffer } from "./bench.js";
import { recording, requestsOf } from "./recording.js";
import { jsonResponse, textResponse } from "./scripted-master.js";

const last = (bench: Bench) => bench.connections.at(-1);

describe("R1 an answer that proves nothing", () => {
  const bad: readonly (readonly [string, () => ReturnType<typeof jsonResponse>])[] = [
    ["[]", () => jsonResponse([])],
    ["{}", () => jsonResponse({})],
    ["null", () => jsonResponse(null)],
    ["500", () => textResponse(500, "oops")],
    ["500 with a good list", () => jsonResponse({ type: "GET_TASKS", get_tasks: {} }, 500)],
    ["truncated JSON", () => ({ ...jsonResponse(0), body: Buffer.from('{"type":"GET_TASKS","get_tasks":{"tasks":[') })],
    ["HTML 200", () => ({ ...textResponse(200, "<html>"), headers: { "content-type": "text/html" } })],
    ["a redirect", () => textResponse(307, "", { location: "//m1:5050/api/v1" })],
    ["another type", () => jsonResponse({ type: "GET_HEALTH", get_health: { healthy: true } })],
    ["a task without id", () => jsonResponse({ type: "GET_TASKS", get_tasks: { tasks: [{ name: "t" }] } })],
    [
      "a list that is none",
      () => jsonResponse({ type: "GET_AGENTS", get_agents: { agents: {} }, get_tasks: { tasks: 1 } }),
    ],
  ];

  for (const type of ["GET_TASKS", "GET_AGENTS", "GET_MASTER"]) {
    it.each(bad)(`to ${type} is Unknown: %s`, async (_name, respond) => {
      const bench = createBench();
      bench.master.state.tasks = [listedTask("t")];
      await bench.subscribed();
      bench.master.push(answer("t"));
      await bench.clock.advance(PERIOD_MS);
      expect(bench.tasks.at(-1)?.type).toBe("Complete");
      const before = bench.tasks.length;
      bench.master.state.intercept = (_request, body) => (body.type === type ? respond() : undefined);
      await bench.clock.advance(5 * PERIOD_MS);
      expect(bench.tasks.slice(before).map((seen) => seen.type)).not.toContain("Complete");
      expect(bench.tasks.at(-1)).not.toHaveProperty("items");
      expect(bench.agents.at(-1)?.type).toBe("Unknown");
    });
  }

  it("is Partial when a known task is missing, until the master has said what became of it", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t"), listedTask("u")];
    await bench.subscribed();
    bench.master.push(answer("t"));
    bench.master.push(answer("u"));
    await bench.clock.advance(2 * PERIOD_MS);
    expect(bench.tasks.at(-1)?.type).toBe("Complete");
    bench.master.state.tasks = [];
    await bench.clock.advance(2 * PERIOD_MS);
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Partial", reason: "2 known tasks are not listed" });
    expect(bench.master.callsOf("RECONCILE").at(-1)?.body.reconcile.tasks.length).toBe(2);
    bench.master.push(answer("t", "TASK_GONE"));
    bench.master.push(answer("u", "TASK_UNKNOWN"));
    await bench.clock.advance(2 * PERIOD_MS);
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Complete", items: new Map() });
  });

  it.each([
    ["statuses that are none", { tasks: [listedTask("t", { statuses: 5 })] }],
    ["labels that are none", { tasks: [listedTask("t", { labels: { labels: 5 } })] }],
    [
      "attributes that are none",
      { agents: [{ active: true, agent_info: { hostname: "h", id: { value: "S0" }, attributes: 5 } }] },
    ],
  ])("is Unknown with %s", async (_name, state) => {
    const bench = createBench({}, new Map(), state);
    await bench.subscribed();
    await bench.clock.advance(PERIOD_MS);
    expect(bench.tasks.map(({ type }) => type)).not.toContain("Complete");
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Unknown", reason: expect.stringContaining("damaged") });
    expect(bench.agents.at(-1)?.type).toBe("Unknown");
  });

  it("is Unknown when another master answers at the same address", async () => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.state.masterId = "master-2";
    await bench.clock.advance(PERIOD_MS);
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Unknown", reason: "another master answered" });
  });

  it("is Partial after the connection is lost, and Unknown three periods after the last listing", async () => {
    const bench = createBench({ masters: ["http://m1:5050"] });
    bench.master.state.tasks = [listedTask("t")];
    await bench.subscribed();
    bench.master.push(answer("t"));
    await bench.clock.advance(PERIOD_MS);
    bench.master.state.intercept = () => textResponse(503, "No leader elected");
    bench.master.endStream("broken");
    await bench.clock.advance(1);
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Partial", reason: expect.stringContaining("not subscribed") });
    await bench.clock.advance(3 * PERIOD_MS);
    expect(bench.tasks.at(-1)?.type).toBe("Unknown");
    expect(bench.agents.at(-1)?.type).toBe("Unknown");
  });

  it("shows an agent that is listed no more as unreachable, not as absent", async () => {
    const bench = createBench();
    const agent = (id: string) => ({ agent_info: { hostname: id, id: { value: id } }, active: true });
    bench.master.state.agents = [agent("S0"), agent("S1")];
    await bench.subscribed();
    await bench.clock.advance(PERIOD_MS);
    bench.master.state.agents = [agent("S1")];
    await bench.clock.advance(PERIOD_MS);
    const observed = bench.agents.at(-1);
    const states =
      observed?.type === "Unknown" ? [] : [...(observed?.items.values() ?? [])].map(({ id, state }) => [id, state]);
    expect(states).toEqual([
      ["S0", "Unreachable"],
      ["S1", "Active"],
    ]);
    for (let minute = 0; minute < 61; minute++) {
      bench.master.push({ type: "HEARTBEAT" });
      await bench.clock.advance(60_000);
    }
    const later = bench.agents.at(-1);
    expect(later?.type === "Complete" ? [...later.items.keys()] : later).toEqual(["S1"]);
  });
});

describe("R23 a fresh subscription", () => {
  it("is settled when every listed and stored task has answered", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("listed")];
    await bench.driver.reconcile([{ taskId: "stored", agentId: "S1" }]);
    await bench.subscribed();
    expect(last(bench)).toMatchObject({ type: "subscribed", isSettled: false });
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Partial" });
    bench.master.push(answer("listed"));
    await bench.settle();
    expect(last(bench)).toMatchObject({ isSettled: false });
    bench.master.push(answer("stored", "TASK_UNKNOWN"));
    await bench.settle();
    expect(last(bench)).toMatchObject({ isSettled: true });
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Complete" });
  });

  it("is not settled after a recorded restart of the master, while agents are missing", async () => {
    const bench = createBench();
    const recorded = recording("13-master-restart").find(
      ({ body }) => body?.get_agents?.recovered_agents?.length > 0,
    )?.body;
    // the recording shortened each agent to "hostname id"
    const recovered = recorded.get_agents.recovered_agents.map((text: string) => {
      const [hostname, id] = text.split(" ");
      return { hostname, id: { value: id } };
    });
    bench.master.state.recoveredAgents = recovered;
    await bench.driver.reconcile([{ taskId: "mr-1", agentId: recovered[0].id.value }]);
    await bench.subscribed();
    await bench.clock.advance(60_000);
    expect(last(bench)).toMatchObject({ isSettled: false });
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Partial", reason: "2 agents are not back yet" });
    expect(bench.agents.at(-1)).toMatchObject({ type: "Partial" });
    expect(bench.master.callsOf("KILL")).toEqual([]);
    bench.master.state.recoveredAgents = [];
    bench.master.push(answer("mr-1"));
    bench.master.state.tasks = [listedTask("mr-1")];
    await bench.clock.advance(PERIOD_MS);
    bench.master.push(answer("mr-1"));
    await bench.clock.advance(PERIOD_MS);
    expect(last(bench)).toMatchObject({ isSettled: true });
    expect(bench.tasks.at(-1)?.type).toBe("Complete");
  });

  it("is not settled while agents are missing, even when nothing is asked for", async () => {
    const recoveredAgents = [{ hostname: "bladerunner1", id: { value: "S0" } }];
    const bench = createBench({}, new Map(), { recoveredAgents });
    await bench.subscribed();
    await bench.clock.advance(3 * PERIOD_MS);
    expect(last(bench)).toMatchObject({ type: "subscribed", isSettled: false });
    bench.master.state.recoveredAgents = [];
    await bench.clock.advance(PERIOD_MS);
    expect(last(bench)).toMatchObject({ isSettled: true });
  });

  it("asks with agent ids, again and again with growing pauses, until it is answered", async () => {
    const bench = createBench();
    await bench.driver.reconcile([{ taskId: "t", agentId: "S0" }]);
    await bench.subscribed();
    await bench.clock.advance(70_000);
    bench.master.push({ type: "HEARTBEAT" });
    const asked = bench.master.callsOf("RECONCILE");
    expect(asked.length).toBe(7);
    const shape = { task_id: { value: "t" }, agent_id: { value: "S0" } };
    expect(asked.every(({ body }) => JSON.stringify(body.reconcile.tasks) === JSON.stringify([shape]))).toBe(true);
    const recorded = requestsOf(recording("09-reconcile"), "RECONCILE").find(
      ({ body }) => body.reconcile.tasks?.[0]?.agent_id,
    );
    expect(Object.keys(recorded?.body.reconcile.tasks[0])).toEqual(Object.keys(shape));
    bench.master.state.tasks = [listedTask("t")];
    bench.master.push(answer("t"));
    await bench.clock.advance(70_000);
    expect(bench.master.callsOf("RECONCILE").length).toBe(7);
  });

  it("asks implicitly every 15 minutes", async () => {
    const bench = createBench();
    await bench.subscribed();
    for (let minute = 0; minute < 31; minute++) {
      bench.master.push({ type: "HEARTBEAT" });
      await bench.clock.advance(60_000);
    }
    expect(bench.master.callsOf("RECONCILE").map(({ body }) => body.reconcile.tasks)).toEqual([[], []]);
  });

  it("asks for all running tasks again after each subscription", async () => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.push(update("t", "TASK_RUNNING", { uuid: "AAAA" }));
    bench.master.push(update("gone", "TASK_FAILED", { uuid: "AAAB" }));
    await bench.settle();
    bench.master.endStream("broken");
    await bench.clock.advance(2_000);
    await bench.subscribed();
    expect(bench.master.callsOf("RECONCILE").at(-1)?.body.reconcile.tasks).toEqual([
      { task_id: { value: "t" }, agent_id: { value: "S0" } },
    ]);
  });

  it("tells a new epoch after a failover of the master", async () => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.endStream("broken");
    bench.master.state.masterId = "master-2";
    await bench.clock.advance(2_000);
    await bench.subscribed();
    expect(last(bench)).toMatchObject({ epoch: "master-2/fw-1" });
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Complete", origin: { epoch: "master-2/fw-1" } });
  });
});

describe("R2 a known task that the master lists no more", () => {
  const away = answer("t", "TASK_UNREACHABLE");
  const heldOf = (bench: Bench) => {
    const observed = bench.tasks.at(-1);
    if (observed === undefined || observed.type === "Unknown") return [observed?.type];
    return [observed.type, ...[...observed.items.values()].map(({ id, status }) => `${id} ${status.state}`)];
  };
  /** A labelled task is out of reach, and the master that knew it was restarted. */
  async function forgotten() {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t", { labels: { labels: [{ key: "a", value: "b" }] } })];
    await bench.subscribed();
    bench.master.push(answer("t"));
    await bench.clock.advance(PERIOD_MS);
    bench.master.push(update("t", "TASK_UNREACHABLE"));
    bench.master.state.tasks = [];
    bench.master.endStream("broken");
    bench.master.state.masterId = "master-2";
    await bench.clock.advance(2_000);
    await bench.subscribed();
    bench.master.push(away);
    await bench.clock.advance(2 * PERIOD_MS);
    return bench;
  }

  it("is held as unreachable, with its labels", async () => {
    const bench = await forgotten();
    expect(heldOf(bench)).toEqual(["Complete", "t Unreachable"]);
    const observed = bench.tasks.at(-1);
    expect(observed?.type === "Complete" && observed.items.get("t")?.labels).toEqual({ a: "b" });
    await bench.clock.advance(10 * PERIOD_MS);
    expect(heldOf(bench)).toEqual(["Complete", "t Unreachable"]);
  });

  it.each([
    ["TASK_GONE", ["Complete"]],
    ["TASK_GONE_BY_OPERATOR", ["Complete"]],
    ["TASK_UNKNOWN", ["Complete"]],
    ["TASK_FINISHED", ["Complete"]],
    ["TASK_LOST", ["Complete", "t Lost"]],
    ["TASK_RUNNING", ["Partial", "t Running"]],
    ["TASK_OF_THE_FUTURE", ["Complete", "t Unreachable"]],
  ])("is then said to be %s: %j", async (state, expected) => {
    const bench = await forgotten();
    bench.master.push(answer("t", state));
    await bench.clock.advance(2 * PERIOD_MS);
    expect(heldOf(bench)).toEqual(expected);
  });

  it("is asked for once a minute: a master that does not list it does not tell what became of it", async () => {
    const bench = await forgotten();
    const before = bench.master.callsOf("RECONCILE").length;
    for (let beat = 0; beat < 30; beat++) {
      bench.master.push({ type: "HEARTBEAT" });
      bench.master.push(away);
      await bench.clock.advance(10_000);
    }
    expect(bench.master.callsOf("RECONCILE").length - before).toBe(5);
  });

  it("is held though another process launched it and only its id is known", async () => {
    const bench = createBench();
    await bench.driver.reconcile([{ taskId: "t", agentId: "S0" }]);
    await bench.subscribed();
    bench.master.push(away);
    await bench.clock.advance(2 * PERIOD_MS);
    expect(heldOf(bench)).toEqual(["Complete", "t Unreachable"]);
  });

  it("is held while it is asked for", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t")];
    await bench.subscribed();
    bench.master.push(answer("t"));
    await bench.clock.advance(PERIOD_MS);
    bench.master.state.tasks = [];
    await bench.clock.advance(2 * PERIOD_MS);
    expect(heldOf(bench)).toEqual(["Partial", "t Running"]);
  });

  it("is held when it was launched after the listing was asked for", async () => {
    const bench = await withOffer();
    bench.master.state.intercept = (_request, { type }) => {
      if (type === "GET_MASTER" && bench.master.callsOf("ACCEPT").length === 0) {
        void bench.driver.launch(["O1"], [launchOf("t")]);
        bench.master.push(update("t", "TASK_RUNNING", { uuid: "AAAA" }));
      }
      return undefined;
    };
    await bench.clock.advance(PERIOD_MS);
    expect(heldOf(bench)).toEqual(["Complete", "t Running"]);
  });
});

describe("R20 a driver that was replaced", () => {
  it("knows nothing from that moment on", async () => {
    const bench = createBench();
    await bench.subscribed();
    expect(bench.tasks.at(-1)?.type).toBe("Complete");
    bench.master.push({ type: "ERROR", error: { message: "Framework failed over" } });
    await bench.settle();
    expect(bench.tasks.at(-1)?.type).toBe("Unknown");
  });
});

describe("tasks between two listings", () => {
  it("follow the updates, with name and labels of the launch", async () => {
    const bench = await withOffer();
    await bench.driver.launch(["O1"], [launchOf("t", { name: "web", labels: { a: "b" } })]);
    bench.master.push(update("t", "TASK_RUNNING", { uuid: "AAAA" }));
    await bench.clock.advance(200);
    const observed = bench.tasks.at(-1);
    const task = observed?.type === "Unknown" ? undefined : observed?.items.get("t");
    expect(task).toMatchObject({ name: "web", labels: { a: "b" }, status: { state: "Running" } });
  });

  it("keep an update that is newer than the listing", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t")];
    await bench.subscribed();
    bench.master.push(answer("t"));
    await bench.settle();
    let pushes = 0;
    bench.master.state.intercept = (_request, { type }) => {
      if (type === "GET_AGENTS" && pushes++ === 0) bench.master.push(update("t", "TASK_KILLING", { uuid: "AAAA" }));
      return undefined;
    };
    await bench.clock.advance(PERIOD_MS);
    const state = () => {
      const observed = bench.tasks.at(-1);
      return observed?.type === "Complete" ? observed.items.get("t")?.status.state : undefined;
    };
    expect(pushes).toBe(1);
    expect(state()).toBe("Killing");
    await bench.clock.advance(PERIOD_MS);
    expect(state()).toBe("Running");
  });

  it("are the same objects as long as nothing is said of them", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t"), listedTask("u")];
    await bench.subscribed();
    bench.master.push(answer("t"));
    bench.master.push(answer("u"));
    await bench.clock.advance(2 * PERIOD_MS);
    const seen = () => {
      const observed = bench.tasks.at(-1);
      return observed?.type === "Complete" ? [observed.items.get("t"), observed.items.get("u")] : [];
    };
    const [t, u] = seen();
    bench.master.state.tasks = [listedTask("u", { name: "other" }), listedTask("t")];
    await bench.clock.advance(PERIOD_MS);
    const [laterT, laterU] = seen();
    expect(laterT).toBe(t);
    expect([u?.name, laterU?.name]).toEqual(["u", "other"]);
    bench.master.push(update("t", "TASK_KILLING", { uuid: "AAAA" }));
    await bench.clock.advance(200);
    expect([t?.status.state, seen()[0]?.status.state]).toEqual(["Running", "Killing"]);
    bench.master.state.tasks = [listedTask("t", { state: "TASK_KILLING" }), listedTask("u", { name: "other" })];
    await bench.clock.advance(PERIOD_MS);
    expect(seen().map((task) => task?.status.state)).toEqual(["Killing", "Running"]);
    expect(seen()[1]).toBe(laterU);
  });

  it("are only those of our framework", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t"), listedTask("foreign", { framework_id: { value: "fw-2" } })];
    await bench.subscribed();
    bench.master.push(answer("t"));
    await bench.clock.advance(PERIOD_MS);
    const observed = bench.tasks.at(-1);
    expect(observed?.type === "Unknown" ? [] : [...(observed?.items.keys() ?? [])]).toEqual(["t"]);
    expect(bench.master.callsOf("RECONCILE").flatMap(({ body }) => body.reconcile.tasks).length).toBe(1);
  });

  it("come from the recorded GET_TASKS with labels and health", async () => {
    const recorded = recording("14-operator").find(({ body }) => body?.type === "GET_TASKS" && body.get_tasks)?.body
      .get_tasks;
    const frameworkId = recorded.tasks[0].framework_id.value;
    const bench = createBench({ frameworkId });
    bench.master.state.tasks = recorded.tasks;
    await bench.subscribed(frameworkId);
    const observed = bench.tasks.at(-1);
    const items = observed?.type === "Unknown" ? new Map() : (observed?.items ?? new Map());
    expect([...items.keys()]).toEqual(["pod-x-a", "op-run"]);
    expect(items.get("op-run")).toMatchObject({
      labels: { app: "web" },
      status: { state: "Running", isHealthy: true, addresses: ["127.0.0.1"], isReconciliation: true },
    });
  });

  it("come with the recorded agents", async () => {
    const recorded = recording("14-operator").find(({ body }) => body?.type === "GET_AGENTS" && body.get_agents)?.body
      .get_agents;
    const bench = createBench();
    bench.master.state.agents = recorded.agents;
    await bench.subscribed();
    const observed = bench.agents.at(-1);
    const items = observed?.type === "Unknown" ? [] : [...(observed?.items.values() ?? [])];
    expect(items.find(({ hostname }) => hostname === "bladerunner2")).toMatchObject({
      ip: "127.0.0.1",
      state: "Active",
      region: "region-a",
      zone: "zone-b",
      attributes: { node_name: "bladerunner2", node_type: "slave", rack: "2" },
      total: { cpu: 3, memoryMiB: 2560, diskMiB: 5000 },
    });
  });
});

describe("maintenance", () => {
  const lines = recording("14-operator");
  const ask = lines.find(({ event }) => event?.type === "INVERSE_OFFERS")?.event;
  const offers = lines.find(({ event }) => event?.type === "OFFERS")?.event;
  const window = requestsOf(lines, "UPDATE_MAINTENANCE_SCHEDULE")[0]?.body.update_maintenance_schedule.schedule
    .windows[0];
  const agentId = ask.inverse_offers.inverse_offers[0].agent_id.value;
  const PLANNED = { start: 4_102_444_800_000, end: 4_102_448_400_000 };
  const agent = (id: string, hostname: string) => ({
    agent_info: { hostname, id: { value: id } },
    active: true,
    pid: "slave(1)@127.0.0.1:5052",
  });

  it("is told with the recorded offers of an agent that has it, and only with those", async () => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.push(offers);
    await bench.settle();
    expect(bench.offers().map(({ hostname, maintenance }) => [hostname, maintenance])).toEqual(
      offers.offers.offers.map((offer: { hostname: string; unavailability?: object }) => [
        offer.hostname,
        offer.unavailability === undefined ? undefined : PLANNED,
      ]),
    );
    expect(bench.offers().some(({ maintenance }) => maintenance !== undefined)).toBe(true);
  });

  it("is told of agents by the recorded schedule, and remembered while it is not answered", async () => {
    const state = { agents: [agent("S0", "bladerunner1"), agent("S1", "BladeRunner2")], windows: [window] };
    const bench = createBench({}, new Map(), state);
    await bench.subscribed();
    const seen = () => {
      const observed = bench.agents.at(-1);
      return observed?.type === "Complete"
        ? [...observed.items.values()].map(({ maintenance }) => maintenance)
        : observed;
    };
    expect(seen()).toEqual([undefined, PLANNED]);
    bench.master.state.intercept = (_request, { type }) =>
      type === "GET_MAINTENANCE_SCHEDULE" ? textResponse(403, "not allowed") : undefined;
    await bench.clock.advance(2 * PERIOD_MS);
    expect(seen()).toEqual([undefined, PLANNED]);
    bench.master.state.intercept = () => undefined;
    bench.master.state.windows = [];
    await bench.clock.advance(2 * PERIOD_MS);
    expect(seen()).toEqual([undefined, undefined]);
  });

  it.each([
    ["by name and address", [{ hostname: "h", ip: "127.0.0.1" }], true],
    ["by name", [{ hostname: "H" }], true],
    ["by address", [{ ip: "127.0.0.1" }], true],
    ["among others", [{ hostname: "other" }, { hostname: "h" }], true],
    ["not by another address", [{ hostname: "h", ip: "127.0.0.2" }], false],
    ["not by nothing", [{}], false],
  ])("names an agent %s", async (_name, machines, isNamed) => {
    const windows = [{ machine_ids: machines, unavailability: { start: { nanoseconds: 5e6 } } }];
    const bench = createBench({}, new Map(), { agents: [agent("S0", "h")], windows });
    await bench.subscribed();
    const observed = bench.agents.at(-1);
    const found = observed?.type === "Unknown" ? undefined : observed?.items.get("S0")?.maintenance;
    expect(found).toEqual(isNamed ? { start: 5 } : undefined);
  });

  it("is agreed to once nothing of ours lives on the agent", async () => {
    const bench = createBench();
    bench.master.state.tasks = [listedTask("t", { agent_id: { value: agentId } })];
    await bench.subscribed();
    bench.master.push(ask);
    bench.master.push(answer("t"));
    await bench.clock.advance(PERIOD_MS);
    bench.master.push(ask);
    await bench.settle();
    const filters = { refuse_seconds: 60 };
    const inverse_offer_ids = [ask.inverse_offers.inverse_offers[0].id];
    const no = bench.master.callsOf("DECLINE_INVERSE_OFFERS");
    expect(no.map(({ body }) => body.decline_inverse_offers)).toEqual(Array(2).fill({ inverse_offer_ids, filters }));
    bench.master.push(update("t", "TASK_KILLED", { uuid: "AAAA", agent_id: { value: agentId } }));
    bench.master.state.tasks = [];
    await bench.clock.advance(PERIOD_MS);
    bench.master.push(ask);
    await bench.settle();
    const yes = bench.master.callsOf("ACCEPT_INVERSE_OFFERS");
    expect(yes.map(({ body }) => body.accept_inverse_offers)).toEqual([{ inverse_offer_ids, filters }]);
  });

  it("shows the recorded agents as they are deactivated and drained", async () => {
    const recorded = recording("16-drain").filter(({ body }) => body?.type === "GET_AGENTS" && body.get_agents);
    const states: string[] = [];
    for (const { body } of recorded) {
      const bench = createBench({}, new Map(), { agents: body.get_agents.agents });
      await bench.subscribed();
      const observed = bench.agents.at(-1);
      const items = observed?.type === "Unknown" ? [] : [...(observed?.items.values() ?? [])];
      states.push(items.find(({ hostname }) => hostname === "bladerunner1")?.state ?? "absent");
      bench.driver.close();
    }
    expect(states).toEqual(["Deactivated", "Active", "Draining", "Draining", "Active"]);
  });
});
