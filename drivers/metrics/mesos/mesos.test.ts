import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { metricDriverSuite } from "../suite.js";
import { createMesosMetrics } from "./mesos.js";
import { BUILT_IN } from "./statistics.js";

type Values = ReadonlyMap<string, number>;
const FIELDS = [...BUILT_IN.values()].map((metric) => metric.fields[0] ?? "");
const agentOf = (taskId: string) => (taskId === "t3" ? "a2" : "a1");

/** Agents a1 and a2 whose containers have every counter at the same value. */
function agents(read: () => { readonly values: Values; readonly timestamp: number; readonly isBroken: boolean }) {
  const transport: HttpHandler = async (request) => {
    const { values, timestamp, isBroken } = read();
    if (isBroken) throw new TransportError("refused", { isSent: false });
    const agent = new URL(request.url).hostname;
    const containers = [...values].filter(([taskId]) => agentOf(taskId) === agent);
    const body = containers.map(([taskId, value]) => ({
      executor_id: taskId,
      executor_name: `Command Executor (Task: ${taskId})`,
      framework_id: "f-0000",
      source: taskId,
      statistics: { timestamp, ...Object.fromEntries(FIELDS.map((field) => [field, value])) },
    }));
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) };
  };
  return transport;
}

const tasksOf = (...taskIds: string[]) => taskIds.map((taskId) => ({ taskId, agentId: agentOf(taskId) }));

function open(transport: HttpHandler, clock = virtualClock()) {
  const agentUrl = (agentId: string) => (agentId === "lost" ? undefined : `http://${agentId}:5051/`);
  return createMesosMetrics({ transport, agentUrl, clock, log: silentLogger });
}

metricDriverSuite("mesos", async () => {
  let state = { values: new Map<string, number>(), timestamp: 1_795_178_129.25, isBroken: false };
  const clock = virtualClock();
  const driver = open(
    agents(() => state),
    clock,
  );
  return {
    driver,
    query: "network_in_bytes",
    async prepare(values) {
      state = { ...state, timestamp: state.timestamp + 5, values: new Map([...values].map(([task]) => [task, 7])) };
      await clock.advance(5000);
      await driver.query({ query: "network_in_bytes", tasks: tasksOf("t1", "t2", "t3") });
      await clock.advance(8000);
      const grown = [...values].map(([task, rate]): [string, number] => [task, 7 + rate * 8]);
      state = { ...state, timestamp: state.timestamp + 8, values: new Map(grown) };
    },
    breakSource: () => {
      state = { ...state, isBroken: true };
    },
  };
});

describe("createMesosMetrics", () => {
  it("gives no rate at the first reading", async () => {
    const driver = open(agents(() => ({ values: new Map([["t1", 5]]), timestamp: 100, isBroken: false })));
    expect(await driver.query({ query: "network_in_bytes", tasks: tasksOf("t1") })).toMatchObject({
      type: "Partial",
      samples: [],
    });
  });

  it("gives memory at once, at our time, whatever the agent's clock says; what it repeats ages (R30)", async () => {
    const clock = virtualClock();
    let timestamp = 100.5;
    const driver = open(
      agents(() => ({ values: new Map([["t1", 5]]), timestamp, isBroken: false })),
      clock,
    );
    const ask = () => driver.query({ query: "memory_usage", tasks: tasksOf("t1") });
    const began = clock.now();
    expect(await ask()).toEqual({ type: "Complete", samples: [{ subject: "t1", value: 5, at: began }] });
    await clock.advance(5000);
    expect(await ask()).toMatchObject({ samples: [{ at: began }] });
    timestamp += 5;
    expect(await ask()).toMatchObject({ samples: [{ at: began + 5000 }] });
  });

  it.each([...BUILT_IN.keys()])("reads %s", async (query) => {
    let state = { values: new Map([["t1", 10]]), timestamp: 100, isBroken: false };
    const clock = virtualClock();
    const driver = open(
      agents(() => state),
      clock,
    );
    await driver.query({ query, tasks: tasksOf("t1") });
    await clock.advance(4000);
    state = { ...state, values: new Map([["t1", 30]]), timestamp: 104 };
    const expected = query === "memory_usage" ? 30 : 5;
    const result = await driver.query({ query, tasks: tasksOf("t1") });
    expect(result).toMatchObject({ type: "Complete", samples: [{ value: expected }] });
  });

  it("reads a real agent's answer, which has no network counters without an isolator", async () => {
    const recorded = [
      {
        executor_id: "op-run",
        executor_name: "Command Executor (Task: op-run) (Command: sh -c 'echo to-stdo...')",
        framework_id: "d32ff4db-413d-46af-a501-3de55f0182b7-0000",
        source: "op-run",
        statistics: {
          cpus_soft_limit: 0.2,
          cpus_system_time_secs: 0.03,
          cpus_user_time_secs: 0.22999999999999998,
          mem_limit_bytes: 67108864,
          mem_rss_bytes: 403296256,
          mem_soft_limit_bytes: 67108864,
          timestamp: 1795178129.184471,
        },
      },
    ];
    const driver = open(async () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(recorded)) }));
    const tasks = [{ taskId: "op-run", agentId: "a1" }];
    expect(await driver.query({ query: "memory_usage", tasks })).toMatchObject({
      type: "Complete",
      samples: [{ subject: "op-run", value: 403296256 }],
    });
    expect(await driver.query({ query: "network_in_bytes", tasks })).toMatchObject({ type: "Partial", samples: [] });
  });

  it.each([
    ["status 500", 500, "[]"],
    ["HTML", 200, "<html>"],
    ["truncated JSON", 200, '[{"executor_id":"t1"'],
    ["an object", 200, "{}"],
    ["a container without statistics", 200, '[{"executor_id":"t1","source":"t1"}]'],
    ["a container without a time", 200, '[{"executor_id":"t1","source":"t1","statistics":{}}]'],
  ])("R25 is Unknown when the only agent answers %s", async (_name, status, text) => {
    const driver = open(async () => ({ status, headers: {}, body: Buffer.from(text) }));
    expect((await driver.query({ query: "memory_usage", tasks: tasksOf("t1") })).type).toBe("Unknown");
  });

  it("is Partial when one of two agents is not known, and asks each agent once", async () => {
    const asked: string[] = [];
    const inner = agents(() => ({
      values: new Map([
        ["t1", 5],
        ["t2", 6],
      ]),
      timestamp: 100,
      isBroken: false,
    }));
    const driver = open((request) => {
      asked.push(request.url);
      return inner(request);
    });
    const tasks = [...tasksOf("t1", "t2"), { taskId: "t9", agentId: "lost" }];
    const result = await driver.query({ query: "memory_usage", tasks });
    expect(result).toMatchObject({
      type: "Partial",
      reason: expect.stringContaining("agent lost: its address is not known"),
    });
    expect(asked).toEqual(["http://a1:5051/monitor/statistics"]);
  });

  it("never has more than 16 requests open", async () => {
    let open16 = 0;
    let most = 0;
    const driver = open(async () => {
      open16 += 1;
      most = Math.max(most, open16);
      await new Promise((resolve) => setImmediate(resolve));
      open16 -= 1;
      return { status: 200, headers: {}, body: Buffer.from("[]") };
    });
    const tasks = Array.from({ length: 200 }, (_unused, number) => ({
      taskId: `t${number}`,
      agentId: `agent-${number}`,
    }));
    await driver.query({ query: "memory_usage", tasks });
    expect(most).toBe(16);
  });

  it("does not know other queries", async () => {
    const driver = open(async () => ({ status: 200, headers: {}, body: Buffer.from("[]") }));
    expect((await driver.query({ query: "up", tasks: [] })).type).toBe("Unknown");
  });
});
