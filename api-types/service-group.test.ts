import { describe, expect, it } from "vitest";
import { faultsOf } from "./meta/suite.js";
import { ServiceGroup } from "./service-group.js";

const base = { name: "web", image: "nginx" };

function group(spec: object, metadata: object = {}): object {
  return {
    apiVersion: ServiceGroup.apiVersion,
    kind: "ServiceGroup",
    metadata: { name: "shop", namespace: "prod", ...metadata },
    spec,
  };
}

const checkSpec = (spec: object, expected: readonly string[]) =>
  expect(faultsOf(ServiceGroup, group({ services: [base], ...spec }))).toEqual(expected);

describe("a group", () => {
  it.each<[what: string, spec: object, fault: string]>([
    [
      "no services",
      { services: [] },
      "spec.services: Invalid value: 0: spec.services in body should have at least 1 items",
    ],
    ["a service twice", { services: [base, base] }, 'spec.services[1]: Duplicate value: {"name":"web"}'],
    [
      "an odd dependency",
      { dependsOn: ["a/b/c"] },
      'spec.dependsOn[0]: Invalid value: "a/b/c": must be the name of a ServiceGroup, or namespace/name',
    ],
    [
      "a dependency on itself",
      { dependsOn: ["prod/shop"] },
      'spec.dependsOn[0]: Invalid value: "prod/shop": a group cannot depend on itself',
    ],
    [
      "a time that is none",
      { restartedAt: "now" },
      'spec.restartedAt: Invalid value: "now": must be an RFC 3339 time such as 2026-01-01T12:00:00Z',
    ],
    [
      "another rollback",
      { rollback: "Always" },
      'spec.rollback: Unsupported value: "Always": supported values: "None", "OnDeadline"',
    ],
    [
      "a fraction of a copy",
      { replicas: 1.5 },
      'spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number"',
    ],
    ["an unknown field", { replica: 1 }, 'unknown field "spec.replica"'],
    [
      "a negative size",
      { scale: { web: -1 } },
      "spec.scale.web: Invalid value: -1: spec.scale.web in body should be greater than or equal to 0",
    ],
  ])("may not have %s", (_what, spec, fault) => checkSpec(spec, [fault]));

  it("may go back by itself", () => checkSpec({ rollback: "OnDeadline" }, []));

  it("may depend on a group of the same name elsewhere", () => checkSpec({ dependsOn: ["test/shop", "db"] }, []));

  it("may not be named like no DNS label", () => {
    expect(faultsOf(ServiceGroup, group({ services: [base] }, { name: "a.b" }))[0]).toMatch(
      /^metadata.name: Invalid value: "a.b"/,
    );
  });

  it("tells a cycle of its services", () => {
    const services = [
      { ...base, name: "a", dependsOn: ["b"] },
      { ...base, name: "b", dependsOn: ["c"] },
      { ...base, name: "c", dependsOn: ["b"] },
    ];
    checkSpec({ services }, ['spec.services[1].dependsOn: Invalid value: "b": is a cycle: b → c → b']);
  });
});

describe("the table of groups", () => {
  const reason = ServiceGroup.columns.find(({ name }) => name === "Reason");
  const condition = (type: string, status: string) => ({ type, status, reason: `${type}${status}`, message: "" });

  it.each([
    { title: "Ready's", conditions: [condition("Ready", "True"), condition("Blocked", "True")], shown: "ReadyTrue" },
    { title: "Ready's without a hurdle", conditions: [condition("Ready", "False")], shown: "ReadyFalse" },
    {
      title: "the hurdle's",
      conditions: [condition("Ready", "False"), condition("Blocked", "True")],
      shown: "BlockedTrue",
    },
    {
      title: "nothing from a hurdle that was taken",
      conditions: [condition("Ready", "False"), condition("Unschedulable", "False")],
      shown: "ReadyFalse",
    },
    { title: "nothing before the first status", conditions: undefined, shown: undefined },
  ])("shows the reason of $title", ({ conditions, shown }) => {
    const group = { apiVersion: "", kind: "", metadata: { name: "a" }, status: { conditions } };
    expect(reason?.value?.(group)).toBe(shown);
  });
});
