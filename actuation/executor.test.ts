import { describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import type { LogFields, Logger } from "../platform/log.js";
import { silentLogger } from "../platform/log.js";
import { createMetrics } from "../platform/metrics.js";
import { TransportError } from "../platform/transport.js";
import { virtualClock } from "../platform/virtual-clock.js";
import type { Action, Ground } from "./action.js";
import { type BudgetState, budgetLimits } from "./budget.js";
import { type Backend, createExecutor, type ExecutorOptions } from "./executor.js";

const common = { rack: "r", change: { a: 1 }, message: "because", cause: ["uid@1"], evidence: ["sha"] } as const;
const tombstone: Ground = { type: "tombstone", owner: "uid" };

function set(key: string): Action {
  return { ...common, type: "route.set", key };
}

function remove(key: string, ground: Ground = tombstone): Action {
  return { ...common, type: "route.remove", key, ground };
}

function budgeted(count: number): readonly Action[] {
  return Array.from({ length: count }, (_, index): Action => ({ ...remove(`k${index}`), budgetClass: "routes" }));
}

function absence(confirmedForMs: number): Ground {
  return { type: "absence", source: "s", epoch: "e", confirmedForMs };
}

function start(changes: Partial<ExecutorOptions> = {}, backendChanges: Partial<Backend> = {}) {
  const clock = virtualClock();
  const sent: Action[] = [];
  const saved: BudgetState[] = [];
  const used: string[] = [];
  const lines: LogFields[] = [];
  const state = { isFresh: true };
  const write = (_: string, fields: LogFields = {}) => void lines.push(fields);
  const log: Logger = { ...silentLogger, info: write, warn: write };
  const backend: Backend = {
    apply: async (action) => void sent.push(action),
    isDone: async () => "done",
    ...backendChanges,
  };
  const metrics = createMetrics();
  const options: ExecutorOptions = {
    backends: { get: (rack) => (rack === "r" ? backend : undefined) },
    leadership: { term: "7", isFresh: () => state.isFresh },
    budget: {
      limits: () => budgetLimits(0),
      load: async () => saved.slice(-1),
      save: async (_, states) => void saved.push(...states),
    },
    overrides: { find: () => undefined, use: async (name, count) => void used.push(`${name}:${count}`) },
    periodMs: () => 5000,
    clock,
    log,
    metrics,
    ...changes,
  };
  return { clock, sent, saved, used, lines, state, metrics, options, execute: createExecutor(options) };
}

const reasons = (outcomes: readonly { type: string; reason?: string }[]) =>
  outcomes.map((outcome) => outcome.reason ?? outcome.type);

describe("execute", () => {
  it("sends in order, stamped with the term, and says so in log and metrics", async () => {
    const { execute, sent, lines, metrics } = start();
    const outcomes = await execute([set("a"), remove("b")]);
    expect(reasons(outcomes)).toEqual(["verified", "verified"]);
    expect(sent.map(({ key, term }) => `${key}@${term}`)).toEqual(["a@7", "b@7"]);
    expect(lines).toMatchObject([
      { id: 1, type: "route.set", key: "a", term: "7", why: "because", cause: ["uid@1"], outcome: "verified" },
      { id: 2, type: "route.remove", ground: tombstone, outcome: "verified" },
    ]);
    expect(await metrics.text()).toContain('rackwright_actions_total{type="route.set",rack="r",outcome="verified"} 1');
  });

  it("R2 refuses a removal without ground, at compile time and at run time", async () => {
    const { execute, sent } = start();
    // @ts-expect-error a removal needs a ground
    const bare: Action = { ...common, type: "route.remove", key: "a" };
    expect(reasons(await execute([bare]))).toEqual(["GroundMissing"]);
    expect(sent).toEqual([]);
  });

  it.each([
    { confirmedForMs: 0, verdict: "GroundMissing" },
    { confirmedForMs: 4999, verdict: "GroundMissing" },
    { confirmedForMs: Number.NaN, verdict: "GroundMissing" },
    { confirmedForMs: 5000, verdict: "verified" },
  ])(
    "R1 absence must be confirmed for a period: $confirmedForMs ms is $verdict",
    async ({ confirmedForMs, verdict }) => {
      const { execute } = start();
      expect(reasons(await execute([remove("a", absence(confirmedForMs))]))).toEqual([verdict]);
    },
  );

  it("R3 a freeze of removals by absence lets other grounds pass", async () => {
    const freezeReason: ExecutorOptions["freezeReason"] = async ({ ground }) =>
      ground?.type === "absence" ? "half of the nodes turned bad" : undefined;
    const { execute } = start({ freezeReason });
    const outcomes = await execute([remove("a", absence(5000)), remove("b"), set("c")]);
    expect(reasons(outcomes)).toEqual(["Frozen", "verified", "verified"]);
  });

  it("R20 a freeze of every removal lets what adds pass", async () => {
    const { execute } = start({ freezeReason: async () => "the store went back" });
    const outcomes = await execute([remove("a", absence(5000)), remove("b"), set("c")]);
    expect(reasons(outcomes)).toEqual(["Frozen", "Frozen", "verified"]);
  });

  it("R5 sends nothing under a lease that is too old, and nothing after it", async () => {
    const { execute, state, sent, options } = start();
    state.isFresh = false;
    expect(reasons(await execute([set("a")]))).toEqual(["Fenced"]);
    let checks = 0;
    const flickering = createExecutor({
      ...options,
      leadership: { term: "7", isFresh: () => ++checks !== 3 },
    });
    expect(reasons(await flickering([set("a"), set("b"), set("c")]))).toEqual(["verified", "Fenced", "Fenced"]);
    expect(sent.map(({ key }) => key)).toEqual(["a"]);
  });

  it("fails for a rack without such a back end", async () => {
    const { execute } = start();
    expect(reasons(await execute([{ ...set("a"), rack: "other" }]))).toEqual(["failed"]);
  });
});

describe("budget", () => {
  it("R4 holds a larger plan whole, and what needs no budget passes", async () => {
    const { execute, sent, saved } = start();
    const outcomes = await execute([set("free"), ...budgeted(6)]);
    expect(reasons(outcomes)).toEqual(["verified", ...Array(6).fill("BudgetExceeded")]);
    expect(sent.map(({ key }) => key)).toEqual(["free"]);
    expect(saved).toEqual([]);
  });

  it("R4 is stored before the first send, and refills with time", async () => {
    const { execute, saved, clock } = start();
    expect(reasons(await execute(budgeted(5)))).toEqual(Array(5).fill("verified"));
    expect(saved).toEqual([{ class: "routes", available: 0, capacity: 5, updatedAt: "2026-01-01T00:00:00Z" }]);
    expect(reasons(await execute(budgeted(1)))).toEqual(["BudgetExceeded"]);
    await clock.advance(12_000);
    expect(reasons(await execute(budgeted(1)))).toEqual(["verified"]);
  });

  it("R4 a restart does not refill it", async () => {
    const { execute, options } = start();
    await execute(budgeted(5));
    expect(reasons(await createExecutor(options)(budgeted(1)))).toEqual(["BudgetExceeded"]);
  });

  it("R30 a jump of the wall clock does not refill it", async () => {
    const clock = virtualClock();
    let jump = 0;
    const { execute } = start({ clock: { ...clock, now: () => clock.now() + jump } });
    await execute(budgeted(5));
    jump = 3_600_000;
    expect(reasons(await execute(budgeted(1)))).toEqual(["BudgetExceeded"]);
  });

  it("two plans at once do not spend the same budget", async () => {
    const { execute, sent } = start();
    const [first, second] = await Promise.all([execute(budgeted(3)), execute(budgeted(3))]);
    expect([reasons(first)[0], reasons(second)[0]]).toEqual(["verified", "BudgetExceeded"]);
    expect(sent).toHaveLength(3);
  });

  it("an override lifts it, and is counted", async () => {
    const find = (_: string, budgetClass: string, count: number) =>
      budgetClass === "routes" && count <= 9 ? "o" : undefined;
    const box: string[] = [];
    const { execute, saved } = start({
      overrides: { find, use: async (name, count) => void box.push(`${name}:${count}`) },
    });
    expect(reasons(await execute(budgeted(9)))).toEqual(Array(9).fill("verified"));
    expect(box).toEqual(["o:9"]);
    expect(saved).toEqual([]);
    expect(reasons(await execute(budgeted(10)))[0]).toBe("BudgetExceeded");
  });

  it("holds the plan when the budget cannot be stored", async () => {
    const { options, sent } = start();
    const save = () => Promise.reject(new StatusError("ServiceUnavailable", "store is down"));
    const outcomes = await createExecutor({ ...options, budget: { ...options.budget, save } })(budgeted(1));
    expect(outcomes).toMatchObject([{ reason: "BudgetExceeded", message: expect.stringContaining("store is down") }]);
    expect(sent).toEqual([]);
  });
});

describe("outcomes", () => {
  const lost = new TransportError("reset", { isSent: true });
  const rows: {
    readonly name: string;
    readonly error?: unknown;
    readonly state: "done" | "notDone" | "unknown";
    readonly verifies?: boolean;
    readonly verdict: string;
  }[] = [
    { name: "acknowledged", state: "unknown", verdict: "verified" },
    { name: "acknowledged and read back", state: "done", verifies: true, verdict: "verified" },
    { name: "acknowledged, but not so", state: "notDone", verifies: true, verdict: "failed" },
    { name: "acknowledged, not readable", state: "unknown", verifies: true, verdict: "unknown" },
    { name: "lost, done", error: lost, state: "done", verdict: "verified" },
    { name: "lost, not done", error: lost, state: "notDone", verdict: "failed" },
    { name: "lost, not readable", error: lost, state: "unknown", verdict: "unknown" },
    {
      name: "never sent",
      error: new TransportError("refused", { isSent: false }),
      state: "unknown",
      verdict: "failed",
    },
    { name: "refused", error: new StatusError("Invalid", "no"), state: "unknown", verdict: "BackendRefused" },
    { name: "server error", error: new StatusError("InternalError", "?"), state: "done", verdict: "verified" },
    { name: "overload", error: new StatusError("TooManyRequests", "?"), state: "unknown", verdict: "failed" },
    { name: "bug", error: new TypeError("?"), state: "notDone", verdict: "failed" },
  ];
  it.each(rows)("$name: $verdict", async ({ error, state, verifies, verdict }) => {
    const apply = async () => {
      if (error !== undefined) throw error;
    };
    const backend = { apply, isDone: async () => state, ...(verifies === undefined ? {} : { verifies }) };
    expect(reasons(await start({}, backend).execute([set("a")]))).toEqual([verdict]);
  });

  it("gives up waiting at the deadline, aborts, and reads back", async () => {
    let signal: AbortSignal | undefined;
    const { execute, clock } = start(
      {},
      {
        apply: (_, given) => {
          signal = given;
          return new Promise(() => {});
        },
      },
    );
    const outcomes = execute([set("a")]);
    await clock.advance(10_000);
    expect(reasons(await outcomes)).toEqual(["verified"]);
    expect(signal?.aborted).toBe(true);
  });

  it("never repeats blindly: a target is held while its outcome is unknown", async () => {
    const state: { answer: "done" | "notDone" | "unknown" } = { answer: "unknown" };
    let sends = 0;
    const { execute } = start(
      {},
      {
        apply: async () => {
          sends += 1;
          if (sends === 1) throw lost;
        },
        isDone: async () => state.answer,
      },
    );
    expect(reasons(await execute([set("a")]))).toEqual(["unknown"]);
    expect(reasons(await execute([set("a"), remove("a"), set("b")]))).toEqual(["unknown", "unknown", "verified"]);
    expect(sends).toBe(2);
    state.answer = "done";
    expect(reasons(await execute([set("a")]))).toEqual(["verified"]);
    expect(sends).toBe(2);
    expect(reasons(await execute([remove("a")]))).toEqual(["verified"]);
    expect(sends).toBe(3);
  });
});
