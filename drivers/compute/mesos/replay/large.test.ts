import { describe, expect, it } from "vitest";
import { answer, type Bench, createBench, listedTask, PERIOD_MS, update } from "./bench.js";

/** So many that they are listed in every third period. */
const TASKS = 4_500;

/** A settled rack of so many tasks; what was asked since is counted anew. */
async function settled(count = TASKS) {
  const ids = Array.from({ length: count }, (_, index) => `t${index}`);
  const bench = createBench({}, new Map(), { tasks: ids.map((id) => listedTask(id)) });
  await bench.subscribed();
  for (const id of ids) bench.master.push(answer(id));
  await bench.clock.advance(0);
  expect(bench.tasks.at(-1)?.type).toBe("Complete");
  bench.master.calls.splice(0);
  bench.tasks.splice(0);
  return bench;
}

async function beat(bench: Bench, periods: number): Promise<void> {
  for (let period = 0; period < periods; period++) {
    bench.master.push({ type: "HEARTBEAT" });
    await bench.clock.advance(PERIOD_MS);
  }
}

const listings = (bench: Bench) => bench.master.callsOf("GET_TASKS").length;
const confirmations = (bench: Bench) => bench.master.callsOf("GET_MASTER").length;

describe("a rack of many tasks", () => {
  it("R7 R19 is listed less often, and confirmed in every period by its master", async () => {
    const bench = await settled();
    await beat(bench, 30);
    expect([listings(bench), confirmations(bench)]).toEqual([10, 30]);
    expect(new Set(bench.tasks.map(({ type }) => type))).toEqual(new Set(["Complete"]));
    bench.master.push(update("t7", "TASK_KILLING", { uuid: "AAAA" }));
    await bench.clock.advance(200);
    const observed = bench.tasks.at(-1);
    expect(observed?.type === "Complete" && observed.items.get("t7")?.status.state).toBe("Killing");
  });

  it("that is small is listed in every period", async () => {
    const bench = await settled(100);
    await beat(bench, 10);
    expect(listings(bench)).toBe(10);
  });

  it("is listed at once when an agent is lost", async () => {
    const bench = await settled();
    await beat(bench, 1);
    expect(listings(bench)).toBe(0);
    bench.master.push({ type: "FAILURE", failure: { executor_id: { value: "e" }, agent_id: { value: "S0" } } });
    await beat(bench, 1);
    expect(listings(bench)).toBe(0);
    bench.master.push({ type: "FAILURE", failure: { agent_id: { value: "S0" } } });
    bench.master.state.tasks = bench.master.state.tasks.slice(1);
    await bench.clock.advance(PERIOD_MS);
    expect(listings(bench)).toBe(1);
    expect(bench.tasks.at(-1)).toMatchObject({ type: "Partial", reason: "1 known tasks are not listed" });
    await beat(bench, 3);
    expect(listings(bench)).toBe(4);
  });

  it("R7 is listed in every period while its stream is silent", async () => {
    const bench = await settled();
    await bench.clock.advance(30_000);
    const before = listings(bench);
    await bench.clock.advance(4 * PERIOD_MS);
    expect(listings(bench) - before).toBe(4);
  });

  it.each([
    ["another master answers", (bench: Bench) => void Object.assign(bench.master.state, { masterId: "master-2" })],
    [
      "nobody answers",
      (bench: Bench) =>
        void Object.assign(bench.master.state, {
          intercept: (_: unknown, { type }: { type: string }) => {
            if (type === "GET_MASTER") throw new Error("silent");
            return undefined;
          },
        }),
    ],
  ])("R7 counts for nothing when %s", async (_, fail) => {
    const bench = await settled();
    fail(bench);
    await beat(bench, 1);
    expect(bench.tasks.at(-1)?.type).toBe("Unknown");
    expect(bench.agents.at(-1)?.type).toBe("Unknown");
  });
}, 30_000);
