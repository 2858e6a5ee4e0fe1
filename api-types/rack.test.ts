import { checkRows } from "./meta/suite.js";
import { Rack } from "./rack.js";

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
