import { describe, expect, it } from "vitest";
import { DisruptionOverride } from "./disruption-override.js";
import { DnsRecord } from "./dns-record.js";
import { Instance } from "./instance.js";
import type { Kind } from "./meta/kind.js";
import { faultsOf } from "./meta/suite.js";
import { Node } from "./node.js";
import { Rack } from "./rack.js";
import { Revision } from "./revision.js";
import { Route } from "./route.js";
import { ScalingPolicy } from "./scaling-policy.js";

const object = (kind: Kind, spec: object, metadata: object = {}) => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name: "it", ...metadata },
  spec,
});

/** Rows of what is changed in a good spec, and the faults that follow. */
type Row = readonly [what: string, change: object, faults: readonly string[]];

function checkRows(kind: Kind, good: object, rows: readonly Row[]): void {
  describe(kind.kind, () => {
    it.each(rows)("%s", (_what, change, faults) => {
      expect(faultsOf(kind, object(kind, { ...good, ...change }))).toEqual(faults);
    });
  });
}

checkRows(Route, { prefix: "192.168.2.3/32", nextHops: [{ address: "10.0.0.1" }] }, [
  ["is accepted", {}, []],
  ["may hold variables", { prefix: "$(A)/32", nextHops: [{ address: "$(B)", weight: 3 }] }, []],
  [
    "refuses host bits",
    { prefix: "192.168.2.3/24" },
    ['spec.prefix: Invalid value: "192.168.2.3/24": must be canonical, without host bits: 192.168.2.0/24'],
  ],
  [
    "refuses leading zeros",
    { prefix: "192.168.02.0/24" },
    ['spec.prefix: Invalid value: "192.168.02.0/24": must be an IPv4 prefix such as 192.168.2.3/32'],
  ],
  [
    "refuses a prefix without a length",
    { prefix: "10.0.0.1" },
    ['spec.prefix: Invalid value: "10.0.0.1": must be an IPv4 prefix such as 192.168.2.3/32'],
  ],
  [
    "says that IPv6 is not supported yet",
    { prefix: "fd00::/64" },
    ["spec.prefix: IPv6 prefixes are not supported yet"],
  ],
  ["refuses an empty list of next hops", { nextHops: [] }, ["spec.nextHops: Required value: at least one next hop"]],
  [
    "refuses a next hop that is no address",
    { nextHops: [{ address: "wedge" }] },
    ['spec.nextHops[0].address: Invalid value: "wedge": must be an IPv4 address'],
  ],
  ["says that a blackhole is not supported yet", { blackhole: true }, ["spec.blackhole: not supported yet"]],
]);

checkRows(DnsRecord, { name: "etcd", targets: [{ id: "a", address: "10.0.0.1" }] }, [
  ["is accepted", {}, []],
  [
    "may have no targets, labels with underscores and variables",
    { targets: [], name: "_dns._udp.x", names: ["$(A)"] },
    [],
  ],
  [
    "refuses a name that is none",
    { name: "Etcd" },
    ['spec.name: Invalid value: "Etcd": must be DNS labels of lower-case letters, digits and `-`, joined by dots'],
  ],
  [
    "refuses a target twice",
    { targets: ["1", "2"].map((end) => ({ id: "a", address: `10.0.0.${end}` })) },
    ['spec.targets[1]: Duplicate value: {"id":"a"}'],
  ],
  [
    "refuses an address that is none",
    { targets: [{ id: "a", address: "10.0.0.256" }] },
    ['spec.targets[0].address: Invalid value: "10.0.0.256": must be an IPv4 address'],
  ],
  [
    "says that other types are not supported yet",
    { type: "CNAME" },
    ['spec.type: Unsupported value: "CNAME": not supported yet, supported values: "Service", "A"'],
  ],
  [
    "refuses a type that is none",
    { type: "MX" },
    ['spec.type: Unsupported value: "MX": supported values: "Service", "A", "AAAA", "CNAME", "SRV", "TXT"'],
  ],
]);

const metrics = [{ name: "in", source: "instances", query: "network_in_bytes" }];
const rule = { name: "up", metric: "in", above: 5, change: { delta: 1 } };
checkRows(ScalingPolicy, { scaleTargetRef: { name: "dns" }, maxReplicas: 2, metrics, rules: [rule] }, [
  ["is accepted", {}, []],
  [
    "refuses bounds that cross",
    { minReplicas: 3 },
    ["spec.minReplicas: Invalid value: 3: must not be greater than maxReplicas (2)"],
  ],
  [
    "refuses a metric that nobody measures",
    { rules: [{ ...rule, metric: "out" }] },
    ['spec.rules[0].metric: Invalid value: "out": no metric of this policy has this name'],
  ],
  [
    "refuses a rule without a metric",
    { rules: [{ ...rule, metric: undefined }] },
    ["spec.rules[0].metric: Required value"],
  ],
  [
    "refuses a rule without a comparison",
    { rules: [{ ...rule, above: undefined }] },
    ["spec.rules[0]: Required value: exactly one of above, below"],
  ],
  [
    "refuses a rule with two comparisons",
    { rules: [{ ...rule, below: 1 }] },
    ["spec.rules[0].below: Forbidden: may not be set together with above"],
  ],
  [
    "refuses a rule without a change",
    { rules: [{ ...rule, change: {} }] },
    ["spec.rules[0].change: Required value: exactly one of delta, percent, replicas"],
  ],
  [
    "refuses a rule with two changes",
    { rules: [{ ...rule, change: { delta: 1, replicas: 0 } }] },
    ["spec.rules[0].change.replicas: Forbidden: may not be set together with delta"],
  ],
  ["accepts a veto", { rules: [{ ...rule, change: { delta: 0 } }] }, []],
  [
    "refuses more readings than are looked at",
    { rules: [{ ...rule, atLeast: { count: 4, of: 3 } }] },
    ["spec.rules[0].atLeast.count: Invalid value: 4: must not be greater than of (3)"],
  ],
  [
    "says that other sources are not supported yet",
    { metrics: [{ ...metrics[0], source: "influxdb" }] },
    ['spec.metrics[0].source: Unsupported value: "influxdb": not supported yet, supported values: "instances"'],
  ],
  [
    "refuses an unknown measurement",
    { metrics: [{ ...metrics[0], query: "load" }] },
    [
      'spec.metrics[0].query: Unsupported value: "load": supported values: "cpu_usage_user", "cpu_usage_system", "memory_usage", "network_in_bytes", "network_out_bytes", "network_in_drops", "network_out_drops"',
    ],
  ],
  [
    "says that schedules are not supported yet",
    { schedule: [{ name: "a", start: "0 8 * * *", durationSeconds: 9 }] },
    ["spec.schedule: not supported yet"],
  ],
]);

const mesos = { masters: ["http://10.0.0.1:5050"] };
const address = "http://10.0.0.1:8500";
checkRows(
  Rack,
  {
    nodes: [{ name: "a", address: "10.0.0.1" }],
    compute: { mesos },
    dns: { domain: "service.torc", consul: { address } },
  },
  [
    ["is accepted", {}, []],
    ["may be empty", { nodes: undefined, compute: undefined, dns: undefined }, []],
    [
      "may hold variables",
      {
        variables: { M: "x" },
        nodes: [{ name: "a", address: "$(M)" }],
        compute: { mesos: { masters: ["http://$(M):1", "$(URL)"] } },
      },
      [],
    ],
    [
      "refuses a node twice",
      { nodes: [{ name: "a" }, { name: "a" }] },
      ['spec.nodes[1]: Duplicate value: {"name":"a"}'],
    ],
    [
      "refuses an address that is none",
      { nodes: [{ name: "a", address: "a" }] },
      ['spec.nodes[0].address: Invalid value: "a": must be an IPv4 address'],
    ],
    [
      "refuses a variable that could not be named",
      { variables: { lower: "x" } },
      ['spec.variables: Invalid value: "lower": names must be A-Z, 0-9 and `_`, a letter first'],
    ],
    [
      "says that zk is not supported yet",
      { compute: { mesos: { masters: ["zk://a:2181/mesos"] } } },
      ['spec.compute.mesos.masters[0]: Invalid value: "zk://a:2181/mesos": zk is not supported yet, use http'],
    ],
    [
      "says that https with a variable is not supported yet",
      { compute: { mesos: { masters: ["https://$(M):5050"] } } },
      ['spec.compute.mesos.masters[0]: Invalid value: "https://$(M):5050": https is not supported yet, use http'],
    ],
    [
      "refuses a master that is no address",
      { compute: { mesos: { masters: ["10.0.0.1:5050"] } } },
      [
        'spec.compute.mesos.masters[0]: Invalid value: "10.0.0.1:5050": must be an address such as http://10.0.0.1:5050',
      ],
    ],
    [
      "refuses weeks",
      { compute: { mesos: { ...mesos, failoverTimeout: "1w" } } },
      ['spec.compute.mesos.failoverTimeout: Invalid value: "1w": must be a Go duration such as 168h'],
    ],
    [
      "refuses Consul without an address",
      { dns: { domain: "a" } },
      ["spec.dns.consul: Required value: type is Consul"],
    ],
    [
      "refuses a switch without an address",
      { network: { switch: { type: "SnapRoute" } } },
      ["spec.network.switch.address: Required value: type is SnapRoute"],
    ],
    [
      "says that other switches are not supported yet",
      { network: { switch: { type: "FBOSS", address } } },
      [
        'spec.network.switch.type: Unsupported value: "FBOSS": not supported yet, supported values: "SnapRoute", "None"',
      ],
    ],
    [
      "refuses a management prefix with host bits",
      { network: { managementPrefixes: ["10.0.0.1/24"] } },
      [
        'spec.network.managementPrefixes[0]: Invalid value: "10.0.0.1/24": must be canonical, without host bits: 10.0.0.0/24',
      ],
    ],
    [
      "refuses an allowance that climbs",
      { safety: { allow: [{ namespaces: ["a"], hostPaths: ["/run/.."] }] } },
      ['spec.safety.allow[0].hostPaths[0]: Invalid value: "/run/..": must be an absolute path without `..`'],
    ],
    [
      "says that a collector is not supported yet",
      { collector: { from: "a", to: "b" } },
      ["spec.collector: not supported yet"],
    ],
    [
      "refuses a resync that is too rare",
      { intervals: { resyncSeconds: 301 } },
      [
        "spec.intervals.resyncSeconds: Invalid value: 301: spec.intervals.resyncSeconds in body should be less than or equal to 300",
      ],
    ],
    [
      "refuses an identity that a stamp cannot hold",
      { identity: "a/b" },
      ['spec.identity: Invalid value: "a/b": must be letters, digits, `.`, `_` and `-`'],
    ],
  ],
);

checkRows(Node, { rackName: "torc" }, [
  ["is accepted", {}, []],
  ["says that draining is not supported yet", { drain: { deadlineSeconds: 1 } }, ["spec.drain: not supported yet"]],
]);

describe("what cannot be changed", () => {
  const instance = { serviceGroup: "dns", service: "dns-sl", number: 1, revisionName: "dns-dns-sl-1" };
  const revision = { serviceGroup: "dns", service: "web", number: 1, template: { name: "web", image: "nginx" } };
  const rack = (identity?: string) => ({ ...(identity !== undefined && { identity }) });
  it.each<[what: string, kind: Kind, before: object, after: object, faults: readonly string[]]>([
    ["an instance as it was", Instance, instance, instance, []],
    [
      "the number of an instance",
      Instance,
      instance,
      { ...instance, number: 2 },
      ['spec: Invalid value: "object": field is immutable'],
    ],
    ["a revision as it was", Revision, revision, revision, []],
    [
      "the template of a revision",
      Revision,
      revision,
      { ...revision, template: { name: "web", image: "b" } },
      ['spec: Invalid value: "object": field is immutable'],
    ],
    ["an identity that is now written down", Rack, rack(), rack("it"), []],
    ["an identity", Rack, rack(), rack("other"), ['spec.identity: Invalid value: "other": field is immutable']],
    [
      "an identity that is taken away",
      Rack,
      rack("other"),
      rack(),
      ['spec.identity: Invalid value: "it": field is immutable'],
    ],
  ])("%s", (_what, kind, before, after, faults) => {
    expect(faultsOf(kind, object(kind, after), object(kind, before))).toEqual(faults);
  });
});

describe("DisruptionOverride", () => {
  const spec = { classes: ["tasks"], maxRemovals: 3, reason: "row A is moved" };
  const check = (expires: string, faults: readonly string[]) =>
    expect(
      faultsOf(
        DisruptionOverride,
        object(DisruptionOverride, { ...spec, expires }, { creationTimestamp: "2026-01-01T11:00:00Z" }),
      ),
    ).toEqual(faults);

  it("lives up to one hour", () => check("2026-01-01T12:00:00Z", []));
  it("knows time zones", () => check("2026-01-01T13:00:00+01:00", []));
  it("lives no longer", () =>
    check("2026-01-01T12:00:01Z", [
      'spec.expires: Invalid value: "2026-01-01T12:00:01Z": must be at most 1 hour after creation',
    ]));
  it("ends at a time", () =>
    check("soon", ['spec.expires: Invalid value: "soon": must be an RFC 3339 time such as 2026-01-01T12:00:00Z']));
  it("names classes of removals", () => {
    const odd = object(DisruptionOverride, {
      ...spec,
      classes: ["all", "tasks", "tasks"],
      expires: "2026-01-01T12:00:00Z",
    });
    expect(faultsOf(DisruptionOverride, odd)).toEqual([
      'spec.classes[0]: Unsupported value: "all": supported values: "tasks", "names", "routes"',
      'spec.classes[2]: Duplicate value: "tasks"',
    ]);
  });
});
