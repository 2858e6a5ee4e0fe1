import { checkRows } from "../meta/suite.js";
import { Rack } from "../rack.js";

const influxdb = { address: "http://10.250.3.24:8086", database: "torc" };
const history = { name: "history", influxdb };
const pcp = { name: "pcp", pcp: {} };

checkRows(Rack, { metricSources: [pcp, history] }, [
  ["is accepted without a collector", {}, []],
  ["collects of agents, for /metrics only, unless told otherwise", { collector: {} }, []],
  [
    "takes everything",
    {
      collector: {
        from: "pcp",
        to: "history",
        intervalSeconds: 1,
        nodeTypes: ["worker", "slave"],
        interfaces: ["p2p2"],
      },
    },
    [],
  ],
  [
    "names the sources that may be read",
    { collector: { from: "pcb" } },
    [
      'spec.collector.from: Invalid value: "pcb": no metricSource has this name; accepted is one of type pcp: `agents`, `pcp`',
    ],
  ],
  [
    "does not read a database",
    { collector: { from: "history" } },
    [
      'spec.collector.from: Invalid value: "history": this metricSource is not of type pcp; accepted is one of type pcp: `agents`, `pcp`',
    ],
  ],
  [
    "does not write where measurements are made",
    { collector: { to: "pcp" } },
    [
      'spec.collector.to: Invalid value: "pcp": this metricSource is not of type influxdb; accepted is one of type influxdb: `history`',
    ],
  ],
  [
    "says when there is nothing to write to",
    { metricSources: undefined, collector: { to: "agents" } },
    [
      'spec.collector.to: Invalid value: "agents": no metricSource has this name; accepted is one of type influxdb: there is none yet',
    ],
  ],
  [
    "knows no other type of node",
    { collector: { nodeTypes: ["switch"] } },
    ['spec.collector.nodeTypes[0]: Unsupported value: "switch": supported values: "master", "worker", "slave"'],
  ],
  [
    "refuses an interval below a second",
    { collector: { intervalSeconds: 0 } },
    [
      "spec.collector.intervalSeconds: Invalid value: 0: spec.collector.intervalSeconds in body should be greater than or equal to 1",
    ],
  ],
  [
    "keeps the built-in names free",
    { metricSources: [{ name: "agents", pcp: {} }] },
    ["spec.metricSources[0].name: Forbidden: `agents` is built in: choose another name"],
  ],
  [
    "refuses a source that is none",
    { metricSources: [{ name: "a" }] },
    ['spec.metricSources[0]: Invalid value: "a": exactly one of influxdb and pcp must be given'],
  ],
  [
    "refuses a source that is two",
    { metricSources: [{ name: "a", influxdb, pcp: {} }] },
    ['spec.metricSources[0]: Invalid value: "a": exactly one of influxdb and pcp must be given'],
  ],
  ...[
    ["10.250.3.24:8086", 'Invalid value: "10.250.3.24:8086": must be an address such as http://10.250.3.24:8086'],
    ["udp://a:8089", 'Invalid value: "udp://a:8089": must be an address such as http://10.250.3.24:8086'],
    ["http://root:root@a:8086", "Forbidden: credentials stand in a Secret: credentialsSecretRef"],
    [
      "http://a:8086/?u=root",
      'Invalid value: "http://a:8086/?u=root": must be an address such as http://10.250.3.24:8086',
    ],
  ].map(([address, why]): [string, object, string[]] => [
    `refuses the address ${address}`,
    { metricSources: [{ name: "a", influxdb: { ...influxdb, address } }] },
    [`spec.metricSources[0].influxdb.address: ${why}`],
  ]),
  [
    "takes variables, https and a path",
    {
      metricSources: [
        { name: "a", influxdb: { address: "http://$(DB):8086", database: "$(NAME)" } },
        {
          name: "b",
          influxdb: {
            ...influxdb,
            address: "https://db.example/influx",
            tls: { caSecretRef: { name: "db", key: "ca" } },
            credentialsSecretRef: { name: "db", key: "login" },
          },
        },
      ],
    },
    [],
  ],
  [
    "refuses TLS without https",
    { metricSources: [{ name: "a", influxdb: { ...influxdb, tls: {} } }] },
    ["spec.metricSources[0].influxdb.tls: Forbidden: needs an https address"],
  ],
  [
    "refuses the name of a database that would need quotes",
    { metricSources: [{ name: "a", influxdb: { ...influxdb, database: 'a"; drop' } }] },
    ['spec.metricSources[0].influxdb.database: Invalid value: "a\\"; drop": must be letters, digits, `_`, `.` and `-`'],
  ],
  [
    "says which versions of InfluxDB are not supported yet",
    { metricSources: [{ name: "a", influxdb: { ...influxdb, api: "V2" } }] },
    ['spec.metricSources[0].influxdb.api: Unsupported value: "V2": not supported yet, supported values: "V1"'],
  ],
  [
    "says which sources are not supported yet",
    { metricSources: [{ name: "a", prometheus: { address: "http://a:9090" } }] },
    [
      "spec.metricSources[0].prometheus: not supported yet",
      'spec.metricSources[0]: Invalid value: "a": exactly one of influxdb and pcp must be given',
    ],
  ],
]);
