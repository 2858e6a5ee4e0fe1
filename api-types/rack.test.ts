import { checkRows, type Row } from "./meta/suite.js";
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
    ...[
      ["http://10.0.0.1:5050", "http://10.0.0.2:5050/", "https://master:5050/mesos"],
      ["http://master", "http://[::1]:5050"],
      ["https://$(M):5050"],
      ["$(URL)", "http://a:1"],
      ["zk://a:2181/mesos"],
      ["zk://a:2181,10.0.0.2:2181,[::1]:2181/mesos/rack-1"],
      ["zk://$(ZOOKEEPER)/mesos"],
    ].map((masters): Row => [`takes masters ${masters.join(" ")}`, { compute: { mesos: { masters } } }, []]),
    ...[
      "10.0.0.1:5050",
      "ftp://a:5050",
      "ftp://$(M)",
      "http://",
      "http://a:5050?x",
      "http://a b",
      "zk://a:2181",
      "zk://a:2181/",
      "zk://a/mesos",
      "zk://a:2181,/mesos",
      "zk:///mesos",
    ].map(
      (master): Row => [
        `refuses the master ${master}`,
        { compute: { mesos: { masters: [master] } } },
        [
          `spec.compute.mesos.masters[0]: Invalid value: "${master}": must be http://host:port, https://host:port or zk://host:port,host:port/path`,
        ],
      ],
    ),
    [
      "refuses ZooKeeper beside a master",
      { compute: { mesos: { masters: ["http://a:1", "zk://a:2181/mesos"] } } },
      [
        'spec.compute.mesos.masters[1]: Invalid value: "zk://a:2181/mesos": must be the only one: ZooKeeper knows all masters',
      ],
    ],
    [
      "refuses a login at ZooKeeper, without showing it",
      { compute: { mesos: { masters: ["zk://user:pass@a:2181/mesos"] } } },
      [
        "spec.compute.mesos.masters[0]: Forbidden: a user of ZooKeeper is not supported: the path must be readable for all",
      ],
    ],
    [
      "refuses a password in an address, without showing it",
      { compute: { mesos: { masters: ["https://user:pass@a:5050"] } } },
      ["spec.compute.mesos.masters[0]: Forbidden: credentials stand in a Secret: credentialsSecretRef"],
    ],
    ["takes TLS with https", { compute: { mesos: { masters: ["http://a:1", "https://a:2"], tls: {} } } }, []],
    ["takes TLS with ZooKeeper", { compute: { mesos: { masters: ["zk://a:1/m"], tls: {} } } }, []],
    [
      "refuses TLS without https",
      { compute: { mesos: { ...mesos, tls: {} } } },
      ["spec.compute.mesos.tls: Forbidden: needs a master with https, or one by zk"],
    ],
    [
      "takes a principal with its secret",
      { compute: { mesos: { ...mesos, principal: "p", credentialsSecretRef: { name: "a", key: "b" } } } },
      [],
    ],
    [
      "refuses a secret of nobody",
      { compute: { mesos: { ...mesos, credentialsSecretRef: { name: "a", key: "b" } } } },
      ["spec.compute.mesos.principal: Required value: credentialsSecretRef holds the secret of a principal"],
    ],
    ["takes roles", { compute: { mesos: { ...mesos, roles: ["*", "web/shop", "$(ROLE)"] } } }, []],
    [
      "refuses no role at all",
      { compute: { mesos: { ...mesos, roles: [] } } },
      ["spec.compute.mesos.roles: Required value: leave it out to take unreserved resources"],
    ],
    ...["", "-a", "a b", "a//b", "/a", "..", "a/."].map(
      (role): Row => [
        `refuses the role "${role}"`,
        { compute: { mesos: { ...mesos, roles: [role] } } },
        [
          `spec.compute.mesos.roles[0]: Invalid value: "${role}": must be \`*\` or the name of a Mesos role, like \`web\` or \`web/shop\``,
        ],
      ],
    ),
    [
      "says that Consul by https is not supported yet",
      { dns: { domain: "a", consul: { address: "https://a:8500" } } },
      ['spec.dns.consul.address: Invalid value: "https://a:8500": https is not supported yet, use http'],
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
      "refuses a name server of its own that is not told where to listen",
      { dns: { domain: "a", type: "Builtin" } },
      ["spec.dns.builtin: Required value: type is Builtin"],
    ],
    [
      "takes a name server of its own",
      {
        variables: { IP: "10.0.0.1" },
        dns: {
          domain: "a",
          type: "Builtin",
          builtin: { listen: "$(IP):53", allowTransfer: ["10.0.0.0/8"], resolvers: ["10.0.0.2", "10.0.0.3:5353"] },
        },
      },
      [],
    ],
    ...["10.0.0.1", ":53", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:053", "[::1]:53", "host:53", "10.0.0.1:53:53"].map(
      (listen): Row => [
        `refuses to listen on "${listen}"`,
        { dns: { domain: "a", type: "Builtin", builtin: { listen } } },
        [
          `spec.dns.builtin.listen: Invalid value: "${listen}": must be an IPv4 address and a port, such as 10.0.0.1:53`,
        ],
      ],
    ),
    [
      "refuses resolvers that are none, and the server itself",
      {
        dns: {
          domain: "a",
          type: "Builtin",
          builtin: { listen: "10.0.0.1:53", allowTransfer: ["10.0.0.1"], resolvers: ["dns.example", "10.0.0.1"] },
        },
      },
      [
        'spec.dns.builtin.allowTransfer[0]: Invalid value: "10.0.0.1": must be an IPv4 prefix such as 10.250.3.0/24',
        'spec.dns.builtin.resolvers[0]: Invalid value: "dns.example": must be an IPv4 address, with a port where that is not 53',
        'spec.dns.builtin.resolvers[1]: Invalid value: "10.0.0.1": must not be the address that the server itself listens on',
      ],
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
      "takes pools",
      {
        network: {
          pools: [
            { name: "web", cidr: "172.16.0.0/24", exclude: ["172.16.0.1", "172.16.0.128/25"], quarantineSeconds: 0 },
            { name: "db", cidr: "172.16.1.0/30" },
          ],
          managementPrefixes: ["10.0.0.0/24"],
        },
      },
      [],
    ],
    ...(
      [
        ["with host bits", "172.16.0.1/24", "must be canonical, without host bits: 172.16.0.0/24"],
        ["of IPv6", "fd00::/64", "must be an IPv4 prefix such as 192.168.2.0/24"],
        ["without room", "172.16.0.0/31", "must be a prefix of /12 to /30"],
        ["of half the world", "0.0.0.0/1", "must be a prefix of /12 to /30"],
        ["within a management prefix", "10.0.0.0/30", "overlaps the management prefix 10.0.0.0/24"],
        ["around a management prefix", "10.0.0.0/16", "overlaps the management prefix 10.0.0.0/24"],
        ["within another pool", "172.16.0.64/26", "overlaps pool web, 172.16.0.0/24"],
        ["around another pool", "172.16.0.0/16", "overlaps pool web, 172.16.0.0/24"],
      ] as const
    ).map(
      ([name, cidr, why]): Row => [
        `refuses a pool ${name}`,
        {
          network: {
            pools: [
              { name: "web", cidr: "172.16.0.0/24" },
              { name: "b", cidr },
            ],
            managementPrefixes: ["10.0.0.0/24"],
          },
        },
        [`spec.network.pools[1].cidr: Invalid value: "${cidr}": ${why}`],
      ],
    ),
    [
      "refuses what is left out elsewhere",
      { network: { pools: [{ name: "web", cidr: "172.16.0.0/24", exclude: ["172.16.1.1", "172.16.0.0/23"] }] } },
      ["172.16.1.1", "172.16.0.0/23"].map(
        (text, index) =>
          `spec.network.pools[0].exclude[${index}]: Invalid value: "${text}": must be an address or a prefix within 172.16.0.0/24`,
      ),
    ],
    [
      "refuses a pool whose name is no label",
      { network: { pools: [{ name: "A", cidr: "172.16.0.0/24" }] } },
      [
        "spec.network.pools[0].name: Invalid value: \"A\": must consist of lower case alphanumeric characters or '-', start and end with one, and be at most 63 characters long",
      ],
    ],
    [
      "refuses an allowance that climbs",
      { safety: { allow: [{ namespaces: ["a"], hostPaths: ["/run/.."] }] } },
      ['spec.safety.allow[0].hostPaths[0]: Invalid value: "/run/..": must be an absolute path without `..`'],
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
