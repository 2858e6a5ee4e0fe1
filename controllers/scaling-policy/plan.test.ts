import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOW, policy } from "../testing/objects.js";
import { afterFiring, combine, type PolicyMemory, planPolicy, READINGS_MAX, remember } from "./plan.js";

const NOTHING: PolicyMemory = { readings: new Map(), firedAt: new Map() };
const METRICS = [{ name: "load", source: "instances", query: "network_in_bytes" }];
const UP = { name: "up", metric: "load", above: 30, change: { delta: 1 } };
const DOWN = { name: "down", metric: "load", below: 17, change: { delta: -1 } };

type Value = number | undefined;

/** Readings five seconds apart, the last one now. */
function readings(values: readonly Value[], memory: PolicyMemory = NOTHING): PolicyMemory {
  return values.reduce<PolicyMemory>(
    (known, value, index) => remember(known, "load", { at: NOW - (values.length - 1 - index) * 5000, value }),
    memory,
  );
}

interface Case {
  readonly rules?: readonly Record<string, unknown>[];
  readonly bounds?: readonly [number, number];
  readonly current?: number;
  readonly memory?: PolicyMemory;
  readonly isHeld?: boolean;
}

function plan({ rules = [UP, DOWN], bounds = [1, 5], current = 2, memory = NOTHING, isHeld = false }: Case) {
  const [minReplicas, maxReplicas] = bounds;
  return planPolicy({
    policy: policy({ metrics: METRICS, rules, minReplicas, maxReplicas }),
    memory,
    currentReplicas: current,
    isHeld,
    now: NOW,
  });
}

type Row = readonly [name: string, given: Case, expected: string];

/** The new size, the rule that decided, the bound that cut it. */
function check(rows: readonly Row[]): void {
  it.each(rows)("%s", (_, given, expected) => {
    const { desiredReplicas, rule, limitedBy } = plan(given);
    expect([desiredReplicas, rule ?? [], limitedBy ?? []].flat().join(" ")).toBe(expected);
  });
}

describe("thresholds", () => {
  check([
    ["no reading, no change", {}, "2"],
    ["above", { memory: readings([31]) }, "3 up"],
    ["exactly at the upper threshold is not above", { memory: readings([30]) }, "2"],
    ["below", { memory: readings([16]) }, "1 down"],
    ["exactly at the lower threshold is not below", { memory: readings([17]) }, "2"],
    ["between", { memory: readings([20]) }, "2"],
    [
      "the first rule that fires decides",
      { rules: [UP, { ...UP, name: "more", change: { delta: 2 } }], memory: readings([31]) },
      "3 up",
    ],
    [
      "a rule whose change alters nothing is passed over",
      {
        rules: [
          { ...UP, change: { replicas: 2 } },
          { ...UP, name: "more" },
        ],
        memory: readings([31]),
      },
      "3 more",
    ],
    [
      "a veto stops the rules behind it",
      { rules: [{ ...UP, name: "hold", change: { delta: 0 } }, UP], memory: readings([31]) },
      "2",
    ],
    [
      "a veto that does not hold stops nothing",
      { rules: [{ ...DOWN, name: "hold", change: { delta: 0 } }, UP], memory: readings([31]) },
      "3 up",
    ],
  ]);
});

describe("three of the last five, as in the DNS example", () => {
  const example = [
    { ...UP, atLeast: { count: 3, of: 5 } },
    { ...DOWN, atLeast: { count: 3, of: 5 } },
  ];
  const check5 = (name: string, values: readonly Value[], expected: string): Row => [
    name,
    { rules: example, bounds: [1, 2], current: 1, memory: readings(values) },
    expected,
  ];
  check([
    check5("two high ones are not enough", [31, 31], "1"),
    check5("three in a row are", [31, 31, 31], "2 up"),
    check5("so are three with others between", [31, 20, 31, 20, 31], "2 up"),
    check5("what is older than five does not count", [31, 31, 20, 20, 20, 31], "1"),
    check5("the newest must agree", [31, 31, 31, 20], "1"),
    check5("a missing reading takes a place of the window", [31, 31, undefined, undefined, undefined, 31], "1"),
    check5("a missing newest reading fires nothing", [31, 31, 31, undefined], "1"),
  ]);
});

describe("R25 no value agrees with nothing", () => {
  check([
    ["no scale-down without a value", { memory: readings([undefined]) }, "2"],
    ["a value that is no number agrees with nothing", { memory: readings([Number.NaN]) }, "2"],
    ["nor does an old one stand in for it", { memory: readings([1, 1, 1, undefined]) }, "2"],
    ["a metric that was never read", { rules: [{ ...DOWN, metric: "other" }], memory: readings([1]) }, "2"],
  ]);

  it("however many readings are missing", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Value>(undefined, Number.NaN), { maxLength: 20 }), (values) => {
        expect(plan({ memory: readings(values) }).desiredReplicas).toBe(2);
      }),
    );
  });
});

describe("changes", () => {
  const high = readings([31]);
  const rule = (change: Record<string, number>) => [{ ...UP, change }];
  check([
    ["a number of instances more", { rules: rule({ delta: 2 }), memory: high }, "4 up"],
    ["a new size", { rules: rule({ replicas: 5 }), memory: high }, "5 up"],
    ["percent, up to a whole instance", { rules: rule({ percent: 10 }), current: 3, memory: high }, "4 up"],
    ["percent down, at least a whole instance", { rules: rule({ percent: -10 }), current: 3, memory: high }, "2 up"],
    ["exact percent", { rules: rule({ percent: 50 }), current: 2, memory: high }, "3 up"],
    ["never above the upper bound", { rules: rule({ delta: 9 }), memory: high }, "5 up maxReplicas"],
    ["never below the lower bound", { rules: rule({ delta: -9 }), memory: high }, "1 up minReplicas"],
    ["at the bound nothing changes, and the bound is named", { current: 5, memory: high }, "5 maxReplicas"],
    ["a size above the bounds comes down without a rule", { current: 9 }, "5"],
    ["a size below the bounds comes up without a rule", { current: 0 }, "1"],
    ["held, nothing changes", { isHeld: true, memory: high }, "2"],
    ["held, not even to the bounds", { isHeld: true, current: 9 }, "9"],
  ]);

  it("I12 the result is within the bounds, whatever the rules and readings", () => {
    const change = fc.oneof(
      fc.record({ delta: fc.integer({ min: -20, max: 20 }) }),
      fc.record({ percent: fc.integer({ min: -100, max: 300 }) }),
      fc.record({ replicas: fc.nat(20) }),
    );
    fc.assert(
      fc.property(
        change,
        fc.nat(20),
        fc.array(fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined })),
        (changed, current, values) => {
          const { desiredReplicas } = plan({
            rules: [{ ...UP, change: changed }, DOWN],
            current,
            memory: readings(values),
          });
          expect(desiredReplicas).toBeGreaterThanOrEqual(1);
          expect(desiredReplicas).toBeLessThanOrEqual(5);
        },
      ),
    );
  });
});

describe("after a rule fired", () => {
  const fired = (secondsAgo: number, rule = "up") => afterFiring(NOTHING, rule, NOW - secondsAgo * 1000);
  const cooled = [{ ...UP, cooldownSeconds: 60 }, DOWN];
  check([
    [
      "readings from before do not count",
      { rules: [{ ...UP, atLeast: { count: 3, of: 5 } }], memory: readings([31, 31, 31, 31], fired(8)) },
      "2",
    ],
    [
      "those after it do",
      { rules: [{ ...UP, atLeast: { count: 3, of: 5 } }], memory: readings([31, 31, 31, 31], fired(11)) },
      "3 up",
    ],
    [
      "nor do they count for another rule",
      { rules: [{ ...DOWN, atLeast: { count: 3, of: 5 } }], memory: readings([1, 1, 1], fired(8)) },
      "2",
    ],
    ["it waits for its cooldown", { rules: cooled, memory: readings([31], fired(59)) }, "2"],
    ["and fires again after it", { rules: cooled, memory: readings([31], fired(60)) }, "3 up"],
    ["another rule need not wait", { rules: cooled, memory: readings([1], fired(30)) }, "1 down"],
  ]);

  it("tells until when a rule cools down", () => {
    expect(plan({ rules: cooled, memory: readings([31], fired(20)) }).rules[0]).toEqual({
      name: "up",
      agreeing: 1,
      needed: 1,
      cooldownUntil: NOW + 40_000,
    });
  });
});

describe("what is remembered", () => {
  it("is bounded", () => {
    const many = Array.from({ length: READINGS_MAX + 5 }, (_, value) => value);
    const kept = readings(many).readings.get("load") ?? [];
    expect([kept.length, kept[0]?.value]).toEqual([READINGS_MAX, 5]);
  });

  it("is kept by metric", () => {
    const memory = remember(readings([1]), "other", { at: NOW, value: 2 });
    expect([...memory.readings.keys()]).toEqual(["load", "other"]);
  });
});

it.each([
  ["Average", 2],
  ["Max", 3],
  ["Min", 1],
  ["Sum", 6],
] as const)("combines by %s", (how, value) => {
  expect(combine([1, 2, 3], how)).toBe(value);
  expect(combine([], how)).toBeUndefined();
});
