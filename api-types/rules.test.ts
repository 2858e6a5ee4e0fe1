import { describe, expect, it } from "vitest";
import { DisruptionOverride } from "./disruption-override.js";
import { DnsRecord } from "./dns-record.js";
import { Instance } from "./instance.js";
import { IPAddress } from "./ip-address.js";
import type { Kind } from "./meta/kind.js";
import { checkRows, faultsOf, objectOf as object } from "./meta/suite.js";
import { Node } from "./node.js";
import { Rack } from "./rack.js";
import { Revision } from "./revision.js";
import { Route } from "./route.js";

const claimant = { namespace: "default", name: "web", uid: "u" };
const claim = { rackName: "r", pool: "web", address: "10.0.0.1", claimant };

describe("IPAddress", () => {
  const named = (name: string, spec: object = {}) => object(IPAddress, { ...claim, ...spec }, { name }); // the name is the claim
  it.each([
    ["is accepted", named("r-web-10.0.0.1"), undefined, []],
    [
      "refuses a name that does not hold the address",
      named("r-web-10.0.0.2"),
      undefined,
      ['spec.address: Invalid value: "10.0.0.1": metadata.name must be r-web-10.0.0.1'],
    ],
    [
      "refuses what is no address",
      named("r-web-x", { address: "x" }),
      undefined,
      ['spec.address: Invalid value: "x": must be an IPv4 address'],
    ],
    [
      "may get another claimant",
      named("r-web-10.0.0.1", { claimant: { ...claimant, uid: "v" } }),
      named("r-web-10.0.0.1"),
      [],
    ],
  ] as const)("%s", (...[, next, previous, expected]) => {
    expect(faultsOf(IPAddress, next, previous)).toEqual(expected);
  });
});

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

checkRows(Node, { rackName: "torc" }, [
  ["is accepted", {}, []],
  ["may be drained, with a deadline or without", { drain: { deadlineSeconds: 1 } }, []],
  [
    "refuses a deadline in the past",
    { drain: { deadlineSeconds: -1 } },
    [
      "spec.drain.deadlineSeconds: Invalid value: -1: spec.drain.deadlineSeconds in body should be greater than or equal to 0",
    ],
  ],
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
  ])("%s", (...[, kind, before, after, faults]) => {
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
