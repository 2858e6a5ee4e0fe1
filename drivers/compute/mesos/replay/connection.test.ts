import { describe, expect, it } from "vitest";
import { isStatus } from "../../../../api-types/meta/status-error.js";
import { TransportError } from "../../../../platform/transport.js";
import { encodeRecord } from "../recordio.js";
import { fakeEnsemble } from "../zookeeper/harness.js";
import { type Bench, createBench, launchOf, OFFERS, update, withOffer } from "./bench.js";
import { recording, requestsOf } from "./recording.js";
import { scriptedMaster, textResponse } from "./scripted-master.js";

const last = (bench: Bench) => bench.connections.at(-1);

describe("subscribing", () => {
  it("names the stored id in both places", async () => {
    const bench = createBench({ frameworkId: "fw-9" });
    await bench.settle();
    const { body } = bench.master.subscribes[0] ?? {};
    expect(body.framework_id).toEqual({ value: "fw-9" });
    expect(body.subscribe.framework_info.id).toEqual({ value: "fw-9" });
    const recorded = requestsOf(recording("08-failover"), "SUBSCRIBE").find((line) => line.body.framework_id)?.body;
    expect(recorded.subscribe.framework_info.id).toEqual(recorded.framework_id);
  });

  it("follows the recorded redirect with body and authorization", async () => {
    const redirect = recording("19-zookeeper-ha").find((line) => line.status === 307);
    const location = redirect?.headers?.Location ?? "";
    expect(location).toBe("//127.0.0.1:5050/master/api/v1/scheduler");
    const leader = scriptedMaster();
    const masters = ["http://m1:5050", "http://127.0.0.1:5050"];
    const access = async () => ({ authorization: "Basic c2VjcmV0" });
    const bench = createBench({ masters, access }, new Map([["127.0.0.1:5050", leader]]));
    bench.master.state.intercept = () => textResponse(307, "", { location });
    await bench.settle();
    expect(leader.subscribes[0]).toMatchObject({
      path: "/master/api/v1/scheduler",
      headers: { authorization: "Basic c2VjcmV0" },
      body: bench.master.subscribes[0]?.body,
    });
    leader.push({
      type: "SUBSCRIBED",
      subscribed: { framework_id: { value: "fw-1" }, master_info: { id: leader.state.masterId } },
    });
    await bench.settle();
    expect(last(bench)).toMatchObject({ type: "subscribed", frameworkId: "fw-1", epoch: "master-1/fw-1" });
    expect(leader.callsOf("GET_TASKS")[0]?.path).toBe("/master/api/v1");
  });

  it("gives up a circle of redirects and tries the next master", async () => {
    const other = scriptedMaster();
    const masters = ["http://m1:5050", "http://m2:5050"];
    const bench = createBench({ masters }, new Map([["m2:5050", other]]));
    bench.master.state.intercept = () => textResponse(307, "", { location: "//m1:5050/master/api/v1/scheduler" });
    await bench.clock.advance(20_000);
    expect(bench.master.subscribes.length).toBe(4);
    expect(other.subscribes.length).toBe(1);
  });

  it("rotates over dead masters with growing, bounded pauses", async () => {
    const masters = ["http://dead1:5050", "http://dead2:5050", "http://m1:5050"];
    const bench = createBench({ masters });
    await bench.clock.advance(60_000);
    expect(bench.master.subscribes.length).toBe(1);
    expect(bench.connections.some(({ type }) => type === "connecting")).toBe(true);
  });

  it.each([
    ["Framework failed over", "stopped"],
    ["Framework has been removed", "stopped"],
    ["Not authorized to register framework", "connecting"],
  ])("on ERROR %s it is %s", async (message, type) => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.push({ type: "ERROR", error: { message } });
    await bench.clock.advance(60_000);
    expect(last(bench)).toMatchObject({ type, reason: message });
    expect(bench.master.subscribes.length > 1).toBe(type === "connecting");
    expect(bench.tasks.at(-1)?.type).toBe("Unknown");
  });

  it.each([400, 401, 403, 406, 415, 500, 503])("keeps trying after %i, without hurry when refused", async (status) => {
    const bench = createBench();
    bench.master.state.intercept = () => textResponse(status, "no");
    await bench.clock.advance(120_000);
    const advice = status === 401 ? ": see principal and credentialsSecretRef of the Rack" : "";
    expect(last(bench)).toMatchObject({ type: "connecting", reason: `SUBSCRIBE was answered ${status} no${advice}` });
    expect(bench.master.subscribes.length).toBeGreaterThan(5);
    expect(bench.master.subscribes.length).toBeLessThan(60);
  });

  it("hangs up after five silent heartbeats, and not before", async () => {
    const bench = createBench();
    await bench.subscribed();
    await bench.clock.advance(74_000);
    bench.master.push({ type: "HEARTBEAT" });
    await bench.clock.advance(74_000);
    expect(bench.master.subscribes.length).toBe(1);
    await bench.clock.advance(2_000);
    expect(bench.connections.findLast(({ type }) => type === "connecting")).toMatchObject({ reason: "no heartbeat" });
    expect(bench.master.subscribes.length).toBe(2);
  });

  it("takes more and more time when every subscription breaks at once, and none after a long one", async () => {
    const bench = createBench();
    for (let step = 0; step < 600; step++) {
      await bench.clock.advance(100);
      if (!bench.master.isStreaming()) continue;
      await bench.subscribed();
      bench.master.endStream("broken");
    }
    expect(bench.master.subscribes.length).toBeLessThan(20);
    await bench.clock.advanceUntil(() => bench.master.isStreaming(), 60_000);
    await bench.subscribed();
    await bench.clock.advance(60_000);
    const before = bench.master.subscribes.length;
    bench.master.endStream("broken");
    await bench.clock.advance(1_000);
    expect(bench.master.subscribes.length).toBe(before + 1);
  });

  it.each([0, -1, null, 1e12])("keeps its own pace where a master tells a heartbeat of %s seconds", async (seconds) => {
    const bench = createBench();
    await bench.settle();
    const subscribed = {
      framework_id: { value: "fw-1" },
      heartbeat_interval_seconds: seconds,
      master_info: { id: bench.master.state.masterId },
    };
    bench.master.push({ type: "SUBSCRIBED", subscribed });
    await bench.clock.advance(70_000);
    expect(bench.master.subscribes.length).toBe(1);
    await bench.clock.advance(10_000);
    expect(bench.master.subscribes.length).toBe(2);
  });

  it("gives up a refusal that never ends", async () => {
    const bench = createBench();
    const body = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    bench.master.state.intercept = () => ({ status: 400, headers: {}, body });
    await bench.clock.advance(200_000);
    expect(bench.master.subscribes.length).toBeGreaterThan(1);
  });

  it("tries again when a master accepts the connection and says nothing", async () => {
    const bench = createBench({ transport: () => new Promise(() => {}) });
    await bench.clock.advance(11_000);
    expect(last(bench)).toMatchObject({ type: "connecting", reason: "no answer within 10 s" });
  });

  it.each([
    ["a clean end", (bench: Bench) => bench.master.endStream("clean")],
    ["a broken connection", (bench: Bench) => bench.master.endStream("broken")],
    [
      "an end inside a record",
      (bench: Bench) => {
        bench.master.pushBytes(encodeRecord(OFFERS).subarray(0, 40));
        bench.master.endStream("clean");
      },
    ],
    ["a bad frame", (bench: Bench) => bench.master.pushBytes(Buffer.from("x"))],
    ["a record that is not JSON", (bench: Bench) => bench.master.pushBytes(Buffer.from("3\nabc"))],
  ])("subscribes again after %s, without the old offers", async (_name, end) => {
    const bench = await withOffer();
    expect(bench.offers().length).toBe(1);
    end(bench);
    await bench.settle();
    expect(last(bench)?.type).toBe("connecting");
    expect(bench.offers()).toEqual([]);
    await bench.clock.advance(15_000);
    expect(bench.master.subscribes.length).toBe(2);
  });

  it("passes over records of unknown types and shapes", async () => {
    const bench = createBench();
    await bench.subscribed();
    for (const record of [{ type: "NEWS" }, { type: "__proto__" }, { type: "UPDATE" }, [], 1, { type: "OFFERS" }]) {
      bench.master.push(record);
    }
    bench.master.push(update("t", "TASK_FUTURE"));
    await bench.settle();
    expect(last(bench)?.type).toBe("subscribed");
    expect(bench.statuses.map(({ state }) => state)).toEqual(["Lost"]);
  });

  it.each([
    ["403", () => textResponse(403, "Framework is not subscribed")],
    [
      "400 for the stream id",
      () => textResponse(400, "The stream ID 'x' included in this request didn't match the stream ID"),
    ],
    ["307", () => textResponse(307, "", { location: "//m1:5050/master/api/v1/scheduler" })],
  ])("opens a new stream when a call is answered %s", async (_name, respond) => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.state.intercept = (_request, body) => (body.type === "SUPPRESS" ? respond() : undefined);
    const error = await bench.driver.suppress().catch((reason: unknown) => reason);
    expect(isStatus(error, "ServiceUnavailable")).toBe(true);
    await bench.clock.advance(5_000);
    expect(bench.master.subscribes.length).toBe(2);
  });
});

describe("how the master knows us", () => {
  it("is read anew for every attempt, and what is missing is told", async () => {
    const answers = ["Secret rackwright-system/mesos is not there", "Basic b25l", "Basic dHdv"];
    let reads = 0;
    const access = async () => {
      const answer = answers[Math.min(reads++, 2)] ?? "";
      if (!answer.startsWith("Basic")) throw new Error(answer);
      return { authorization: answer };
    };
    const bench = createBench({ access });
    await bench.settle();
    expect(last(bench)).toMatchObject({ type: "connecting", reason: answers[0] });
    expect(bench.master.subscribes).toEqual([]);
    await bench.clock.advance(1_000);
    await bench.subscribed();
    await bench.driver.revive();
    bench.master.endStream("broken");
    await bench.clock.advance(16_000);
    expect(bench.master.subscribes.map(({ headers }) => headers.authorization)).toEqual(["Basic b25l", "Basic dHdv"]);
    expect(bench.master.callsOf("REVIVE")[0]?.headers.authorization).toBe("Basic b25l");
    expect(bench.master.callsOf("GET_TASKS")[0]?.headers.authorization).toBe("Basic b25l");
  });

  it.each(["/api/v1/scheduler", "/api/v1"])(
    "stays between us and https: a redirect of %s to http is not followed",
    async (path) => {
      const plain = scriptedMaster();
      const bench = createBench(
        { masters: ["https://m1:5050"], frameworkId: path === "/api/v1" ? undefined : "fw-1" },
        new Map([["m2:5050", plain]]),
      );
      bench.master.state.intercept = () => textResponse(307, "", { location: `http://m2:5050/master${path}` });
      await bench.clock.advance(20_000);
      expect(last(bench)).toMatchObject({ reason: expect.stringContaining("http://m2:5050, which is not https") });
      expect([plain.subscribes, plain.calls]).toEqual([[], []]);
    },
  );

  it.each([
    ["/api/v1/scheduler", "fw-1"],
    ["/api/v1", undefined],
  ])("is not told to a host that the Rack does not name: a redirect of %s", async (path, frameworkId) => {
    const stranger = scriptedMaster();
    const access = async () => ({ authorization: "Basic c2VjcmV0" });
    const bench = createBench({ access, frameworkId }, new Map([["m2:5050", stranger]]));
    bench.master.state.intercept = () => textResponse(307, "", { location: `//m2:5050/master${path}` });
    await bench.clock.advance(20_000);
    expect([stranger.subscribes, stranger.calls]).toEqual([[], []]);
    const reason = "redirects to http://m2:5050, which is none of the Rack's masters: our credentials do not go there";
    expect(last(bench)).toMatchObject({ reason: expect.stringContaining(reason) });
  });

  it("does not matter to a redirect where there are no credentials", async () => {
    const leader = scriptedMaster();
    const bench = createBench({}, new Map([["m2:5050", leader]]));
    bench.master.state.intercept = () => textResponse(307, "", { location: "//m2:5050/master/api/v1/scheduler" });
    await bench.settle();
    expect(leader.subscribes.length).toBe(1);
  });

  it("is not asked again in a storm when it is refused", async () => {
    const refusals = recording("18-auth").filter(({ status }) => status === 401 || status === 400);
    expect(refusals.length).toBeGreaterThan(3);
    const bench = createBench();
    bench.master.state.intercept = () => textResponse(401, "401 Unauthorized.");
    await bench.clock.advance(600_000);
    expect(bench.master.subscribes.length).toBeLessThan(160);
    expect(last(bench)).toMatchObject({
      reason: "SUBSCRIBE was answered 401 401 Unauthorized.: see principal and credentialsSecretRef of the Rack",
    });
  });
});

describe("masters in ZooKeeper", () => {
  const info = (port: number) => JSON.stringify({ ip: 1, address: { hostname: `m${port}`, ip: "10.0.0.1", port } });
  const NODE = "/mesos/json.info_000000000";

  function rack(options: Parameters<typeof createBench>[0] = {}) {
    const ensemble = fakeEnsemble();
    ensemble.set("/mesos", "");
    const [first, second] = [scriptedMaster(), scriptedMaster()];
    second.state.masterId = "master-2";
    const hosts = ["10.0.0.1:1", "m1:1"].map((host) => [host, first] as const);
    const others = ["10.0.0.1:2", "m2:2"].map((host) => [host, second] as const);
    const masters = ["zk://a:1,b:2/mesos"];
    const bench = createBench({ masters, connect: ensemble.connect, ...options }, new Map([...hosts, ...others]));
    const subscribe = async (master: typeof first) => {
      await bench.settle();
      const subscribed = { framework_id: { value: "fw-1" }, master_info: { id: master.state.masterId } };
      master.push({ type: "SUBSCRIBED", subscribed });
      await bench.settle();
    };
    return { bench, ensemble, first, second, subscribe };
  }

  it("are found, and followed when another one leads though the old stream still lives", async () => {
    const { bench, ensemble, first, second, subscribe } = rack();
    ensemble.set(`${NODE}1`, info(1));
    ensemble.set(`${NODE}2`, info(2));
    await bench.clock.advance(5_000);
    await subscribe(first);
    expect(last(bench)).toMatchObject({ type: "subscribed", epoch: "master-1/fw-1" });
    ensemble.remove(`${NODE}1`);
    await bench.settle();
    expect(last(bench)).toMatchObject({ type: "connecting", reason: "http://10.0.0.1:2 leads now" });
    await bench.clock.advance(15_000);
    await subscribe(second);
    expect(last(bench)).toMatchObject({ type: "subscribed", epoch: "master-2/fw-1" });
    bench.driver.close();
  });

  it("are waited for, and the reason told", async () => {
    const { bench, ensemble, first } = rack();
    await bench.clock.advance(30_000);
    expect(last(bench)).toMatchObject({ reason: "no master is registered in ZooKeeper below /mesos" });
    ensemble.set(`${NODE}1`, info(1));
    await bench.clock.advance(20_000);
    expect(first.subscribes.length).toBeGreaterThan(0);
    bench.driver.close();
  });

  it("are reached by https and by name with TLS", async () => {
    const { bench, ensemble, first } = rack({ access: async () => ({ tls: {} }) });
    ensemble.set(`${NODE}1`, info(1));
    const asked: string[] = [];
    first.state.intercept = (request) => {
      asked.push(JSON.stringify([request.tls, request.headers.host ?? ""]));
      return undefined;
    };
    await bench.clock.advance(5_000);
    expect(first.subscribes.length).toBe(1);
    expect(asked[0]).toContain("{}");
    bench.driver.close();
  });
});

describe("ten seconds of redirects to a dead leader", () => {
  it("are survived by trying the others in turn, as recorded", async () => {
    const [early, late] = recording("19-zookeeper-ha").filter(({ kind }) => kind === "probe");
    expect(early?.text).toContain('5070: scheduler 307 "" //127.0.0.1:5050/master/api/v1/scheduler');
    expect(late?.text).toContain('5070: scheduler 307 "" //127.0.0.1:5060/master/api/v1/scheduler');
    const [second, third] = [scriptedMaster(), scriptedMaster()];
    const masters = ["http://127.0.0.1:5050", "http://127.0.0.1:5060", "http://127.0.0.1:5070"];
    const others = new Map([
      ["127.0.0.1:5060", second],
      ["127.0.0.1:5070", third],
    ]);
    const bench = createBench({ masters }, others);
    const toward = (port: number) => () =>
      textResponse(307, "", { location: `//127.0.0.1:${port}/master/api/v1/scheduler` });
    second.state.intercept = toward(5050);
    third.state.intercept = toward(5050);
    await bench.clock.advance(10_000);
    expect(last(bench)).toMatchObject({ type: "connecting", reason: expect.stringContaining("ECONNREFUSED") });
    expect(second.subscribes.length + third.subscribes.length).toBeGreaterThan(2);
    second.state.intercept = () => undefined;
    third.state.intercept = toward(5060);
    await bench.clock.advance(15_000);
    expect(second.isStreaming()).toBe(true);
    bench.driver.close();
  });
});

describe("a record beyond the limit", () => {
  it("ends the stream with a clear reason, before it is read", async () => {
    const bench = await withOffer();
    bench.master.pushBytes(Buffer.from("99999999\nabc"));
    await bench.settle();
    expect(last(bench)).toMatchObject({ type: "connecting", reason: "a record of 99999999 bytes exceeds 67108864" });
    await bench.clock.advance(16_000);
    expect(bench.master.subscribes.length).toBe(2);
  });
});

describe("the framework when no id is stored", () => {
  const framework = (id: string, changes: object = {}, identity = "rack-a") => ({
    framework_info: {
      user: "root",
      name: "rackwright",
      id: { value: id },
      labels: { labels: [{ key: "rackwright.dev/identity", value: identity }] },
    },
    active: false,
    connected: false,
    registered_time: { nanoseconds: 1 },
    ...changes,
  });

  it.each([
    ["nothing is there", [], undefined],
    ["ours is disconnected", [framework("fw-7")], "fw-7"],
    ["two are ours", [framework("fw-7"), framework("fw-8", { registered_time: { nanoseconds: 2 } })], "fw-8"],
    ["another identity", [framework("fw-7", {}, "rack-b")], undefined],
  ])("is chosen when %s", async (_name, frameworks, id) => {
    const bench = createBench({ frameworkId: undefined }, new Map(), { frameworks });
    await bench.settle();
    expect(bench.master.subscribes[0]?.body.framework_id?.value).toBe(id);
  });

  it("R23 waits for the agents of a restarted master: one of them may bring it back", async () => {
    const recoveredAgents = [{ hostname: "bladerunner1", id: { value: "S0" } }];
    const bench = createBench({ frameworkId: undefined }, new Map(), { recoveredAgents });
    await bench.clock.advance(60_000);
    expect(bench.master.subscribes).toEqual([]);
    expect(last(bench)).toMatchObject({ reason: expect.stringContaining("1 agents are not back yet") });
    Object.assign(bench.master.state, { recoveredAgents: [], frameworks: [framework("fw-7")] });
    await bench.clock.advance(20_000);
    expect(bench.master.subscribes[0]?.body.framework_id).toEqual({ value: "fw-7" });
  });

  it("waits while ours is connected", async () => {
    const frameworks = [framework("fw-7", { connected: true })];
    const bench = createBench({ frameworkId: undefined }, new Map(), { frameworks });
    await bench.clock.advance(60_000);
    expect(bench.master.subscribes).toEqual([]);
    expect(last(bench)).toMatchObject({ reason: "framework fw-7 of our name and identity is connected" });
    bench.master.state.frameworks = [framework("fw-7")];
    await bench.clock.advance(20_000);
    expect(bench.master.subscribes[0]?.body.framework_id).toEqual({ value: "fw-7" });
  });
});

describe("calls", () => {
  it("keeps ACCEPT, DECLINE, KILL, SUPPRESS and REVIVE in the recorded shape", async () => {
    const bench = await withOffer();
    await bench.driver.kill({ taskId: "t", agentId: "S0", graceSeconds: 3 });
    await bench.driver.suppress();
    await bench.driver.revive();
    await bench.driver.decline(["O1", "O-unknown"], 4);
    const shapes = bench.master.calls.filter(({ path }) => path.endsWith("/scheduler")).map(({ body }) => body);
    expect(shapes).toEqual([
      {
        framework_id: { value: "fw-1" },
        type: "KILL",
        kill: {
          task_id: { value: "t" },
          agent_id: { value: "S0" },
          kill_policy: { grace_period: { nanoseconds: 3e9 } },
        },
      },
      { framework_id: { value: "fw-1" }, type: "SUPPRESS" },
      { framework_id: { value: "fw-1" }, type: "REVIVE" },
      {
        framework_id: { value: "fw-1" },
        type: "DECLINE",
        decline: { offer_ids: [{ value: "O1" }], filters: { refuse_seconds: 4 } },
      },
    ]);
    const kill = requestsOf(recording("04-kill"), "KILL").find(({ body }) => body.kill.kill_policy !== undefined)?.body
      .kill;
    expect(Object.keys(kill.kill_policy)).toEqual(["grace_period"]);
    const decline = requestsOf(recording("06-offers"), "DECLINE").find(({ body }) => body.decline.filters)?.body
      .decline;
    expect(Object.keys(decline.filters)).toEqual(["refuse_seconds"]);
    expect(bench.offers()).toEqual([]);
  });

  it("forgets an offer with its rescission, and refuses to launch on it", async () => {
    const bench = await withOffer();
    bench.master.push({ type: "RESCIND", rescind: { offer_id: { value: "O1" } } });
    await bench.settle();
    expect(bench.offers()).toEqual([]);
    await expect(bench.driver.launch(["O1"], [launchOf("t")])).rejects.toThrow("offer O1 is not held any more");
    expect(bench.master.callsOf("ACCEPT")).toEqual([]);
  });

  it("never sends a launch that does not fit its offers", async () => {
    const bench = await withOffer();
    const tooBig = launchOf("t", { resources: { cpu: 5, memoryMiB: 1, diskMiB: 0, gpu: 0, ports: [] } });
    await expect(bench.driver.launch(["O1"], [tooBig])).rejects.toThrow("the offers do not hold its resources");
    expect(bench.offers().length).toBe(1);
  });

  it.each([
    [503, "StatusError"],
    [400, "StatusError"],
    [401, "StatusError"],
    [500, "TransportError"],
  ])("rejects a call that is answered %i with a %s", async (status, name) => {
    const bench = await withOffer();
    bench.master.state.intercept = (_request, body) =>
      body.type === "ACCEPT" ? textResponse(status, "no") : undefined;
    const error = await bench.driver.launch(["O1"], [launchOf("t")]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name });
    // refused: the offer is still good; unknown: it may be used up
    expect(bench.offers().length).toBe(name === "StatusError" ? 1 : 0);
  });

  it("rejects while not subscribed, saying that nothing was sent", async () => {
    const bench = createBench();
    const error = await bench.driver.revive().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ isSent: false });
  });

  it("sends no acknowledgement for a status without uuid", async () => {
    const bench = createBench();
    await bench.subscribed();
    bench.master.push(update("t", "TASK_ERROR"));
    await bench.settle();
    await bench.driver.acknowledge(bench.statuses[0] ?? expect.fail("no status"));
    expect(bench.master.callsOf("ACKNOWLEDGE")).toEqual([]);
  });

  it("describes an executor that runs already as it was started", async () => {
    const executor = {
      id: "e1",
      name: "runner",
      script: "./runner",
      fetch: [],
      env: {},
      resources: { cpu: 0.1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] },
      data: undefined,
    };
    const bench = await withOffer();
    const [offer] = OFFERS.offers.offers;
    const launch = async (offerId: string, taskId: string, executorIds: readonly string[]) => {
      const executor_ids = executorIds.map((value) => ({ value }));
      bench.master.push({ type: "OFFERS", offers: { offers: [{ ...offer, id: { value: offerId }, executor_ids }] } });
      await bench.settle();
      await bench.driver.launch([offerId], [launchOf(taskId, { executor })]);
      return bench.master.callsOf("ACCEPT").at(-1)?.body.accept.operations[0].launch.task_infos[0].executor;
    };
    const started = await launch("O2", "a", []);
    expect(started).toMatchObject({ executor_id: { value: "e1" }, framework_id: { value: "fw-1" } });
    executor.script = "./other";
    expect(await launch("O3", "b", ["e1"])).toEqual(started);
    // it ended meanwhile
    expect(await launch("O4", "c", [])).toMatchObject({ command: { value: "./other" } });
  });

  it("describes an executor that another process of ours started as the master tells, as recorded", async () => {
    const recorded = recording("14-operator").find(({ body }) => body?.type === "GET_EXECUTORS" && body.get_executors)
      ?.body.get_executors.executors[0];
    const framework_id = { value: "fw-1" };
    const own = { ...recorded, agent_id: { value: "S0" }, executor_info: { ...recorded.executor_info, framework_id } };
    const foreign = {
      ...own,
      executor_info: { ...own.executor_info, framework_id: { value: "fw-2" }, name: "foreign" },
    };
    const bench = createBench({}, new Map(), { executors: [foreign, own] });
    await bench.subscribed();
    const [offer] = OFFERS.offers.offers;
    const executor = {
      id: recorded.executor_info.executor_id.value,
      name: "runner",
      script: "./runner",
      fetch: [],
      env: {},
      resources: { cpu: 0.1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] },
      data: undefined,
    };
    const launch = async (offerId: string, taskId: string) => {
      const executor_ids = [{ value: executor.id }];
      bench.master.push({ type: "OFFERS", offers: { offers: [{ ...offer, id: { value: offerId }, executor_ids }] } });
      await bench.settle();
      await bench.driver.launch([offerId], [launchOf(taskId, { executor })]);
      return bench.master.callsOf("ACCEPT").at(-1)?.body.accept.operations[0].launch.task_infos[0].executor;
    };
    expect(await launch("O2", "a")).toEqual(own.executor_info);
    expect(await launch("O3", "b")).toEqual(own.executor_info);
    expect(bench.master.callsOf("GET_EXECUTORS").length).toBe(1);
  });

  it("says TEARDOWN when told to, and only then", async () => {
    const bench = createBench();
    await bench.subscribed();
    await bench.driver.teardown();
    const shape = requestsOf(recording("11-teardown"), "TEARDOWN")[0]?.body;
    const sent = bench.master.callsOf("TEARDOWN");
    expect(sent.map(({ body }) => Object.keys(body).toSorted())).toEqual([Object.keys(shape).toSorted()]);
    const other = createBench();
    await other.subscribed();
    other.driver.close();
    await other.clock.advance(60_000);
    expect(other.master.callsOf("TEARDOWN")).toEqual([]);
  });
});
