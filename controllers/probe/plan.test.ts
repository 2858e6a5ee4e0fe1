import { describe, expect, it } from "vitest";
import type { InstanceProbe } from "../../api-types/instance.js";
import type { ProbeResult } from "../../drivers/probe/driver.js";
import { at, available, condition, NOW, node, placed, service } from "../testing/objects.js";
import { createBlindness } from "./blindness.js";
import {
  type Check,
  checksOf,
  firstDelayMs,
  graceLeftMs,
  isProbed,
  nextProbe,
  probeVerdict,
  requestOf,
  type Verdict,
} from "./plan.js";

const HTTP = { httpGet: { path: "/", port: "web" }, probeFrom: "Controller" };
const NETWORK = { mode: "Host", ports: [{ name: "web", containerPort: 80, hostPort: 8080 }] };

function firstCheck(fields: object): Check {
  const [check] = checksOf(service({ network: NETWORK, ...fields }));
  if (check === undefined) throw new Error("the service has a check by the controller");
  return check;
}

const health = (fields: object = {}) => firstCheck({ healthChecks: [{ name: "up", ...HTTP, ...fields }] });
const readiness = (fields: object = {}) => firstCheck({ readinessCheck: { ...HTTP, ...fields } });
const answer = (status: number): ProbeResult => ({ type: "answer", status });

describe("who is asked", () => {
  it("the controller makes every check that the agent does not", () => {
    const checks = checksOf(
      service({
        network: NETWORK,
        healthChecks: [
          { name: "a", tcpSocket: { port: 80 } },
          { name: "b", ...HTTP },
          { name: "c", tcpSocket: { port: 81 } },
        ],
        readinessCheck: { name: "warm", ...HTTP },
      }),
    );
    expect(checks.map(({ type, name }) => `${type} ${name}`)).toEqual(["health b", "health c", "readiness readiness"]);
  });

  const running = available();
  it.each([
    ["one that runs", running, true],
    ["one that a person deleted and that serves on", available({ isDeleted: true }), true],
    ["one that leaves", available({ leave: "Replaced" }), false],
    ["one that is being killed", available({ status: { lastStatus: { state: "Killing" } } }), false],
    [
      "one out of reach",
      { ...running, status: { ...running.status, conditions: [condition("Running", "Unknown")] } },
      false,
    ],
  ])("%s", (_, instance, is) => {
    expect(isProbed(instance)).toBe(is);
  });
});

describe("where a check asks", () => {
  const ports = [{ name: "web", port: 31_005, containerPort: 80, protocol: "TCP" }];
  const placement = { ...(placed("web").placement as object), ports };
  const view = (status: Readonly<Record<string, unknown>>) => ({
    instance: available({ status }),
    service: service({ network: NETWORK }),
    node: node("n1", { address: "10.0.0.1" }),
  });
  it.each([
    ["the placed port of that name", "web", { placement }, 31_005],
    ["the placed port that leads to that number", 80, { placement }, 31_005],
    ["a number as text", "80", { placement }, 31_005],
    ["a number that no port leads to, as it is", 9090, { placement }, 9090],
    ["the fixed port of an instance placed before", "web", {}, 8080],
    ["nowhere, by an unknown name", "admin", {}, undefined],
  ])("%s", (_, port, status, asked) => {
    expect(requestOf(health({ httpGet: { path: "/", port } }), view(status))?.port).toBe(asked);
  });

  it("asks the node", () => {
    expect(requestOf(health(), view({}))?.host).toBe("10.0.0.1");
  });

  it("asks nobody while the node is not known", () => {
    expect(requestOf(health(), { ...view({}), node: undefined })).toBeUndefined();
  });
});

describe("what an answer means", () => {
  const refused: ProbeResult = { type: "failed", message: "refused" };
  const rows: readonly (readonly [string, Check, ProbeResult, Verdict["type"]])[] = [
    ["health: 199", health(), answer(199), "fail"],
    ["health: 200", health(), answer(200), "pass"],
    ["health: 302", health(), answer(302), "pass"],
    ["health: 399", health(), answer(399), "pass"],
    ["health: 400", health(), answer(400), "fail"],
    ["health: 503", health(), answer(503), "fail"],
    ["health: 102, ignored", health({ ignoreHttp1xx: true }), answer(102), "none"],
    ["health: no answer, 1xx ignored", health({ ignoreHttp1xx: true }), refused, "fail"],
    ["health: connected", health(), { type: "connected" }, "pass"],
    ["readiness: 200", readiness(), answer(200), "pass"],
    ["readiness: 204, not expected", readiness(), answer(204), "fail"],
    ["readiness: 503, expected", readiness({ expectedStatuses: [200, 503] }), answer(503), "pass"],
    ["readiness: no answer", readiness(), refused, "fail"],
  ];
  it.each(rows)("%s", (_, check, result, type) => {
    expect(probeVerdict(check, result).type).toBe(type);
  });
});

describe("what is written of a check", () => {
  const passing: InstanceProbe = { name: "up", isPassing: true, consecutiveFailures: 0, since: at(-60) };
  const failing = (failures: number): InstanceProbe => ({
    ...{ name: "up", isPassing: false, consecutiveFailures: failures, since: at(-60), message: "refused" },
  });
  const pass: Verdict = { type: "pass" };
  const fail: Verdict = { type: "fail", message: "refused" };
  const now = at(0);
  const strict = health({ failureThreshold: 1 });
  const harmless = health({ failureThreshold: 0 });
  const rows: readonly (readonly [string, Check, InstanceProbe | undefined, Verdict, boolean, object | "nothing"])[] = [
    ["the first pass", health(), undefined, pass, true, { isPassing: true, consecutiveFailures: 0, since: now }],
    ["a further pass", health(), passing, pass, false, "nothing"],
    ["a failure in grace", health(), undefined, fail, true, { isPassing: false, consecutiveFailures: 0, since: now }],
    ["a further one in grace", health(), failing(0), fail, true, "nothing"],
    ["the first after grace", health(), failing(0), fail, false, { consecutiveFailures: 1, since: at(-60) }],
    [
      "a failure after a pass in grace",
      health(),
      passing,
      fail,
      true,
      { isPassing: false, consecutiveFailures: 1, since: now },
    ],
    ["a further failure", health(), failing(1), fail, true, { consecutiveFailures: 2, since: at(-60) }],
    ["the one at the threshold", health(), failing(2), fail, false, { consecutiveFailures: 3 }],
    ["one beyond the threshold", health(), failing(3), fail, false, "nothing"],
    ["one beyond a threshold that was lowered", strict, failing(3), fail, false, "nothing"],
    ["one of a check that never replaces", harmless, failing(2), fail, false, { consecutiveFailures: 3 }],
    [
      "a pass after failures",
      health(),
      failing(2),
      pass,
      false,
      { isPassing: true, consecutiveFailures: 0, since: now },
    ],
    ["neither", health(), failing(2), { type: "none" }, false, "nothing"],
    ["readiness lost", readiness(), passing, fail, false, { isPassing: false, consecutiveFailures: 0, since: now }],
    ["readiness still lost", readiness(), { ...failing(0) }, fail, false, "nothing"],
  ];
  it.each(rows)("%s", (_, check, known, verdict, isGrace, written) => {
    const next = nextProbe({ check, known, verdict, isGrace, now: NOW });
    if (written === "nothing") expect(next).toBe(known);
    else expect(next).toMatchObject(written);
  });
});

describe("times", () => {
  const minute = health({ periodSeconds: 60 });
  it.each([
    ["new, slow", minute, undefined, 0, 5000],
    ["new, slow, another chance", minute, undefined, 0.5, 4500],
    ["new, fast", health({ periodSeconds: 2 }), undefined, 0, 2000],
    ["known", minute, true, 0.5, 30_000],
  ])("the first probe: %s", (_, check, isPassing, chance, expected) => {
    const known = isPassing === undefined ? undefined : { name: "up", isPassing };
    expect(firstDelayMs(check, known, chance)).toBe(expected);
  });

  it.each([
    ["just started", at(0), 300_000],
    ["for a while", at(-100), 200_000],
    ["long ago", at(-1000), 0],
    ["R30 in the future", at(1000), 300_000],
    ["never told", undefined, 300_000],
  ])("what is left of the grace period: %s", (_, startedAt, leftMs) => {
    expect(graceLeftMs(health(), startedAt, NOW)).toBe(leftMs);
  });

  it("readiness has no grace period", () => {
    expect(graceLeftMs(readiness(), at(0), NOW)).toBe(0);
  });
});

describe("R3 doubt", () => {
  const bad = { isGood: false, isTurn: true };
  const good = { isGood: true, isTurn: false };
  const open = (targets: number) => {
    let time = 0;
    const blindness = createBlindness(() => time);
    for (let target = 0; target < targets; target++) blindness.note("rack", `t${target}`, good);
    return {
      note: (target: number, result: typeof bad) => blindness.note("rack", `t${target}`, result),
      blindness,
      pass: (ms: number) => {
        time += ms;
      },
    };
  };

  it.each([
    ["2 of 3 are too few", 3, 2, "believed"],
    ["3 of 10 are no more than 30 %", 10, 3, "believed"],
    ["3 of 9 are too many", 9, 3, "begun"],
    ["4 of 10 are too many", 10, 4, "begun"],
  ])("%s", (_, targets, turned, belief) => {
    const { note } = open(targets);
    const beliefs = Array.from({ length: turned }, (_unused, target) => note(target, bad));
    expect(beliefs.at(-1)).toBe(belief);
  });

  it("does not arise from what turned bad one after another over a long time", () => {
    const { note, pass } = open(10);
    for (let target = 0; target < 9; target++) {
      expect(note(target, bad)).toBe("believed");
      pass(60_000);
    }
  });

  it("lasts, however long, until fewer are bad; and is told once", () => {
    const { note, pass } = open(10);
    for (let target = 0; target < 3; target++) note(target, bad);
    expect(note(3, bad)).toBe("begun");
    pass(3_600_000);
    expect(note(4, bad)).toBe("doubted");
    expect(note(0, good)).toBe("doubted");
    expect(note(1, good)).toBe("believed");
  });

  it("is about one rack", () => {
    const { note, blindness } = open(10);
    for (let target = 0; target < 4; target++) note(target, bad);
    expect(blindness.note("other", "x", bad)).toBe("believed");
  });

  it("forgets who left", () => {
    const { note, blindness } = open(10);
    for (let target = 0; target < 4; target++) note(target, bad);
    blindness.forget("rack", "t0");
    blindness.forget("rack", "t1");
    expect(note(9, good)).toBe("believed");
  });
});
