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

/** The faults of a group with one service that differs from a good one by `change`. */
const check = (change: object, expected: readonly string[]) =>
  expect(faultsOf(ServiceGroup, group({ services: [{ ...base, ...change }] }))).toEqual(expected);

const checkSpec = (spec: object, expected: readonly string[]) =>
  expect(faultsOf(ServiceGroup, group({ services: [base], ...spec }))).toEqual(expected);

const at = (fault: string) => `spec.services[0].${fault}`;

describe("a service", () => {
  it.each<[what: string, change: object]>([
    ["an image alone", {}],
    ["a shell line without an image", { image: undefined, shell: "sleep 1" }],
    ["arguments of an image", { args: ["-v"] }],
    ["quantities with variables", { resources: { cpu: "$(CPU)", memory: "1Gi", disk: 5 } }],
    [
      "a health check on a named port",
      {
        network: { ports: [{ name: "http", hostPort: 80 }] },
        healthChecks: [{ name: "a", httpGet: { port: "http" } }],
      },
    ],
    ["a health check by command", { healthChecks: [{ name: "a", exec: { shell: "true" }, probeFrom: "Agent" }] }],
    [
      "a routed port",
      {
        network: {
          mode: "Routed",
          addressFrom: "Runtime",
          ports: [{ name: "dns", containerPort: 53, protocol: "UDP" }],
        },
      },
    ],
    [
      "the same port for TCP and UDP",
      {
        network: {
          ports: [
            { name: "a", hostPort: 53 },
            { name: "b", hostPort: 53, protocol: "UDP" },
          ],
        },
      },
    ],
    [
      "Marathon's spelling of an operator",
      { placement: { constraints: [{ attribute: "hostname", operator: "UNIQUE" }] } },
    ],
    ["names with variables", { dns: { instanceName: "$(SERVICE)$(NUMBER)" } }],
    ["one on each node", { mode: "EachNode" }],
  ])("may have %s", (_what, change) => check(change, []));

  const label =
    "must consist of lower case alphanumeric characters or '-', start and end with one, and be at most 63 characters long";
  it.each<[what: string, change: object, fault: string]>([
    ["a name that is no label", { name: "Web_1" }, `name: Invalid value: "Web_1": ${label}`],
    [
      "a size with EachNode",
      { mode: "EachNode", instances: 2 },
      "instances: Forbidden: may not be set with mode EachNode, which runs one on every matching node",
    ],
    ["nothing to run", { image: undefined }, "image: Required value: one of image, command and shell must be set"],
    [
      "arguments without an image",
      { image: undefined, args: ["-v"] },
      "image: Required value: args are arguments of an image's entry point",
    ],
    ["command and shell", { command: ["a"], shell: "a" }, "shell: Forbidden: may not be set together with command"],
    ["shell and arguments", { shell: "a", args: ["a"] }, "args: Forbidden: may not be set together with shell"],
    [
      "a quantity that is none",
      { resources: { memory: "128MB" } },
      'resources.memory: Invalid value: "128MB": must be a quantity such as 500m, 2 or 128Mi',
    ],
    ["a negative quantity", { resources: { cpu: -1 } }, "resources.cpu: Invalid value: -1: must not be negative"],
    [
      "privileges without Docker",
      { image: undefined, shell: "a", privileged: true },
      "privileged: Forbidden: needs an image that is run by Docker",
    ],
    [
      "a relative path",
      { volumes: [{ hostPath: "data", containerPath: "/data" }] },
      'volumes[0].hostPath: Invalid value: "data": must be an absolute path without `..`',
    ],
    [
      "a path that climbs",
      { volumes: [{ hostPath: "/run/../etc", containerPath: "/x" }] },
      'volumes[0].hostPath: Invalid value: "/run/../etc": must be an absolute path without `..`',
    ],
    ["a variable without a value", { env: [{ name: "A" }] }, "env[0].value: Required value"],
    [
      "a label that Kubernetes refuses",
      { labels: { "a b": "c" } },
      'labels: Invalid value: "a b": must be a name, or a DNS name, `/` and a name',
    ],
    [
      "a dependency that is unknown",
      { dependsOn: ["db"] },
      'dependsOn[0]: Invalid value: "db": no service of this group has this name',
    ],
    ["a dependency on itself", { dependsOn: ["web"] }, 'dependsOn: Invalid value: "web": is a cycle: web → web'],
    [
      "two ports with one number",
      {
        network: {
          ports: [
            { name: "a", hostPort: 80 },
            { name: "b", containerPort: 80 },
          ],
        },
      },
      'network.ports[1]: Duplicate value: "TCP/80"',
    ],
    [
      "a port twice by name",
      {
        network: {
          ports: [
            { name: "a", hostPort: 80 },
            { name: "a", hostPort: 81 },
          ],
        },
      },
      'network.ports[1]: Duplicate value: {"name":"a"}',
    ],
    [
      "a routed port without a number",
      { network: { mode: "Routed", ports: [{ name: "a" }] } },
      "network.ports[0].containerPort: Required value",
    ],
    [
      "ports without a network",
      { network: { mode: "None", ports: [{ name: "a", containerPort: 1 }] } },
      "network.ports: Forbidden: there are none without a network",
    ],
    [
      "an address source on the node's network",
      { network: { addressFrom: "Runtime" } },
      "network.addressFrom: Forbidden: needs mode Routed",
    ],
    [
      "a host port that differs from its own",
      { network: { ports: [{ name: "a", hostPort: 80, containerPort: 81 }] } },
      "network.ports[0].hostPort: Invalid value: 80: must equal containerPort: the network of the node has one port for both",
    ],
    [
      "a check without a probe",
      { healthChecks: [{ name: "a" }] },
      "healthChecks[0]: Required value: one of httpGet, tcpSocket and exec",
    ],
    [
      "a check with two probes",
      { healthChecks: [{ name: "a", tcpSocket: { port: 1 }, exec: { shell: "a" } }] },
      "healthChecks[0].exec: Forbidden: may not be set together with tcpSocket",
    ],
    [
      "a check of an unknown port",
      { healthChecks: [{ name: "a", tcpSocket: { port: "b" } }] },
      'healthChecks[0].tcpSocket.port: Invalid value: "b": no port of this service has this name',
    ],
    [
      "a check of port 0",
      { healthChecks: [{ name: "a", tcpSocket: { port: 0 } }] },
      "healthChecks[0].tcpSocket.port: Invalid value: 0: must be between 1 and 65535",
    ],
    [
      "a check without a command",
      { healthChecks: [{ name: "a", exec: {} }] },
      "healthChecks[0].exec: Required value: one of command and shell",
    ],
    [
      "an unknown operator",
      { placement: { constraints: [{ attribute: "hostname", operator: "Near" }] } },
      'placement.constraints[0].operator: Unsupported value: "Near": supported values: "Unique", "Cluster", "GroupBy", "Like", "Unlike", "MaxPer", "Is"',
    ],
    [
      "a DNS name that is none",
      { dns: { name: "a_b" } },
      'dns.name: Invalid value: "a_b": must be DNS labels of lower-case letters, digits and `-`, joined by dots',
    ],
  ])("may not have %s", (_what, change, fault) => check(change, [at(fault)]));

  it.each<[what: string, change: object, fault: string]>([
    ["executor", { executor: { name: "x", command: "y" } }, "executor: not supported yet"],
    ["update", { update: { maxSurge: 1 } }, "update: not supported yet"],
    ["attached", { attached: [{ name: "log", shell: "x" }] }, "attached: not supported yet"],
    [
      "mode Job",
      { mode: "Job" },
      'mode: Unsupported value: "Job": not supported yet, supported values: "Replicated", "EachNode"',
    ],
    [
      "Bridge",
      { network: { mode: "Bridge" } },
      'network.mode: Unsupported value: "Bridge": not supported yet, supported values: "Host", "Routed", "None"',
    ],
    [
      "probes by the controller",
      { healthChecks: [{ name: "a", tcpSocket: { port: 1 }, probeFrom: "Controller" }] },
      'healthChecks[0].probeFrom: Unsupported value: "Controller": not supported yet, supported values: "Agent"',
    ],
    [
      "a value from elsewhere",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }] },
      "env[0].valueFrom: not supported yet",
    ],
    ["limits", { resources: { limits: { cpu: 1 } } }, "resources.limits: not supported yet"],
    [
      "GroupBy",
      { placement: { constraints: [{ attribute: "@zone", operator: "GROUP_BY" }] } },
      'placement.constraints[0].operator: Unsupported value: "GROUP_BY": not supported yet, supported values: "Unique"',
    ],
    [
      "other attributes",
      { placement: { constraints: [{ attribute: "@zone", operator: "unique" }] } },
      'placement.constraints[0].attribute: Unsupported value: "@zone": not supported yet, supported values: "hostname"',
    ],
    [
      "a host port from the offer",
      { network: { ports: [{ name: "a", hostPort: 0 }] } },
      "network.ports[0].hostPort: not supported yet",
    ],
    ["a service of another group", { dependsOn: ["other/db"] }, "dependsOn[0]: not supported yet"],
  ])("is told that %s is not supported yet", (_what, change, fault) => check(change, [at(fault)]));

  it("is told that a second check is not supported yet", () => {
    const checks = ["a", "b"].map((name) => ({ name, tcpSocket: { port: 1 } }));
    check({ healthChecks: checks }, [at("healthChecks[1]: not supported yet")]);
  });
});

describe("a group", () => {
  it("of 20,000 services is judged in a moment", () => {
    const services = Array.from({ length: 20_000 }, (_, index) => ({
      ...base,
      name: `s${index}`,
      dependsOn: [`s${index + 1}`],
    }));
    checkSpec({ services }, [
      'spec.services[19999].dependsOn[0]: Invalid value: "s20000": no service of this group has this name',
    ]);
  });

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
    ["a rollback", { rollback: "OnDeadline" }, "spec.rollback: not supported yet"],
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
