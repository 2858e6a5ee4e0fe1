import { describe, expect, it } from "vitest";
import { instance, node, rack, service } from "../../testing/objects.js";
import { placedPorts } from "./ports.js";
import type { Values } from "./references.js";
import { attachedTasks, ownTask, prepareLaunch } from "./task-launch.js";

type Fields = Readonly<Record<string, unknown>>;

const OWN = "default.shop-web-2-x.uid";
const ALLOW_ALL = {
  namespaces: ["default"],
  privileged: true,
  dockerParameters: true,
  executors: true,
  users: ["u"],
  hostPaths: ["/"],
};
const RACK = rack({
  variables: { MASTER: "10.0.0.9" },
  network: { networkName: "blue" },
  safety: { allow: [ALLOW_ALL] },
  compute: { mesos: { masters: ["http://m:5050"], frameworkName: "f", user: "torc" } },
});

interface Scene {
  readonly addresses?: Readonly<Record<string, string>>;
  readonly values?: Values;
  readonly chosen?: readonly { readonly name: string; readonly port: number }[];
  readonly on?: ReturnType<typeof rack>;
}

function launchOf(fields: Fields, { addresses = {}, values = new Map(), chosen = [], on = RACK }: Scene = {}) {
  const template = service(fields);
  const prepared = prepareLaunch({
    instance: instance({ name: "shop-web-2-x", number: 2 }),
    service: template,
    rack: on,
    node: node("n1", { address: "10.0.0.1" }),
    agentId: "agent-n1",
    taskId: OWN,
    ports: placedPorts({ service: template, number: 2 }, chosen),
    attached: (template.attached ?? []).map(({ name }) => ({ name, taskId: `${OWN}.${name}` })),
    term: 7,
    addressOf: (reference) => addresses[reference],
  });
  return {
    refusal: prepared.refusal,
    own: () => ownTask(prepared, values),
    beside: () => attachedTasks(prepared, values),
  };
}

const TWO_PORTS = [
  { name: "dns-udp", containerPort: 53, protocol: "UDP" },
  { name: "http", hostPort: 8080 },
];

describe("variables", () => {
  it("are replaced in commands and environment, and given as environment", () => {
    const { own, refusal } = launchOf(
      {
        shell: "run $(SERVICE)-$(NUMBER) on $(NODE_ADDRESS) of $(GROUP) at $(MASTER):$(PORT_HTTP), $(date), $$(NODE)",
        env: [
          { name: "UPSTREAM", value: "$(address:shop/db):1" },
          { name: "EMPTY", value: "" },
        ],
        network: { ports: TWO_PORTS },
      },
      { addresses: { "shop/db": "192.168.2.7" } },
    );
    expect(refusal).toBeUndefined();
    expect(own().command).toEqual({
      type: "shell",
      script: "run web-2 on 10.0.0.1 of shop at 10.0.0.9:8080, $(date), $(NODE)",
    });
    expect(own().env).toEqual({
      MASTER: "10.0.0.9",
      NAMESPACE: "default",
      GROUP: "shop",
      SERVICE: "web",
      NUMBER: "2",
      INSTANCE: "shop-web-2-x",
      NODE: "n1",
      NODE_ADDRESS: "10.0.0.1",
      HOST: "10.0.0.1",
      ADDRESS: "10.0.0.1",
      PORT: "53",
      PORT0: "53",
      PORT1: "8080",
      PORT_DNS_UDP: "53",
      PORT_HTTP: "8080",
      UPSTREAM: "192.168.2.7:1",
      EMPTY: "",
    });
  });

  it("of its own environment win over those of the rack", () => {
    expect(launchOf({ env: [{ name: "MASTER", value: "mine" }] }).own().env).toMatchObject({ MASTER: "mine" });
  });

  it.each([
    ["Host", {}, "10.0.0.1"],
    ["Bridge", { mode: "Bridge" }, "10.0.0.1"],
    ["Routed", { mode: "Routed" }, undefined],
    ["Container", { mode: "Container" }, undefined],
    ["None", { mode: "None" }, undefined],
  ])("an address is known before the start with mode %s only where it is the node's", (_, network, address) => {
    expect(launchOf({ network }).own().env.ADDRESS).toBe(address);
  });
});

describe("nothing is launched", () => {
  const cases: readonly (readonly [name: string, fields: Fields, reason: string, message: string])[] = [
    [
      "while variables have no value, each told once",
      {
        args: ["$(NOBODY)", "$(NOBODY)", "$(address:db)"],
        env: [{ name: "A", value: "$(ADDRESS)" }],
        network: { mode: "Routed" },
      },
      "UnresolvedVariable",
      "no value for $(NOBODY), $(address:db), $(ADDRESS); nothing is launched until there is",
    ],
    [
      "where an executor is shared, but depends on one instance",
      { shell: "x", executor: { name: "e", command: "run $(NUMBER)", shared: true } },
      "UnresolvedVariable",
      "no value for $(NUMBER); nothing is launched until there is",
    ],
    [
      "with a limit that is none once variables are replaced",
      { resources: { limits: { memory: "$(NODE)" } } },
      "ValueNotUsable",
      'resources.limits.memory: "n1" is no quantity',
    ],
    [
      "with a check of a port that is none",
      { healthChecks: [{ name: "c", tcpSocket: { port: "$(NODE)" } }] },
      "ValueNotUsable",
      'check c: "n1" is no port of the service',
    ],
    [
      "with an id that Mesos would refuse",
      { attached: [{ name: "a".repeat(250), shell: "x" }] },
      "ValueNotUsable",
      `the task id ${OWN}.${"a".repeat(250)} is longer than 255 bytes: choose shorter names`,
    ],
  ];
  for (const [name, fields, reason, message] of cases) {
    it(name, () => expect(launchOf(fields).refusal).toMatchObject({ status: "False", reason, message }));
  }

  it.each([
    ["privileged", { image: "i", privileged: true }],
    ["an executor", { shell: "x", executor: { name: "e", command: "c" } }],
    ["a user", { shell: "x", user: "u" }],
    ["attached", { attached: [{ name: "a", image: "i", privileged: true }] }],
  ])("without the right: %s", (_, fields) => {
    expect(launchOf(fields, { on: rack() }).refusal).toMatchObject({ reason: "RightNotGranted" });
    expect(launchOf(fields).refusal).toBeUndefined();
  });
});

it("names that only a running task has hold up no launch", () => {
  expect(launchOf({ dns: { instanceName: "$(ADDRESS)" }, network: { mode: "Routed" } }).refusal).toBeUndefined();
});

describe("what reaches the task, field by field", () => {
  const values = new Map([
    ["Secret/s/k", "hidden"],
    ["ConfigMap/c/k", "open"],
    ["Secret/one/.dockerconfigjson", '{"auths":{"a":{"auth":"1"}}}'],
    ["Secret/two/.dockerconfigjson", '{"auths":{"a":{"auth":"2"},"b":{"auth":"3"}}}'],
  ]);
  const file = { isExecutable: false, isCached: false, destination: undefined };
  const rows: readonly (readonly [field: string, fields: Fields, expected: Fields])[] = [
    ["command and args", { command: ["a", "b"], args: ["c"] }, { command: { type: "exec", argv: ["a", "b", "c"] } }],
    ["shell", { shell: "a | b" }, { command: { type: "shell", script: "a | b" } }],
    ["args", { image: "i", args: ["c"] }, { command: { type: "entrypoint", args: ["c"] } }],
    ["image", { image: "i" }, { image: "i", command: { type: "entrypoint", args: [] }, containerizer: "Docker" }],
    ["no image", { shell: "a" }, { image: undefined, containerizer: "Mesos" }],
    ["containerizer", { image: "i", containerizer: "Mesos" }, { containerizer: "Mesos" }],
    ["user of the rack", {}, { user: "torc" }],
    ["user", { user: "u" }, { user: "u" }],
    ["env", { env: [{ name: "A", value: "$(NODE)" }] }, { env: { A: "n1" } }],
    [
      "env from a Secret",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
      { env: { A: "hidden" } },
    ],
    [
      "env from a ConfigMap",
      { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } }] },
      { env: { A: "open" } },
    ],
    ["imagePullPolicy", { image: "i", imagePullPolicy: "Always" }, { forcePull: true }],
    ["imagePullPolicy, default", { image: "i" }, { forcePull: false }],
    ["imagePullSecrets", { imagePullSecrets: [{ name: "one" }] }, { pullConfig: '{"auths":{"a":{"auth":"1"}}}' }],
    [
      "imagePullSecrets, several",
      { imagePullSecrets: [{ name: "one" }, { name: "two" }] },
      { pullConfig: '{"auths":{"a":{"auth":"1"},"b":{"auth":"3"}}}' },
    ],
    ["privileged", { image: "i", privileged: true }, { isPrivileged: true }],
    [
      "dockerParameters",
      { dockerParameters: [{ key: "k", value: "v" }] },
      { dockerParameters: [{ key: "k", value: "v" }] },
    ],
    [
      "executor",
      {
        shell: "a",
        executor: {
          name: "e",
          command: "run on $(NUMBER)",
          fetch: [{ uri: "http://h/e.tgz" }],
          env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
          resources: { cpu: "50m", memory: "64Mi" },
          data: "of $(INSTANCE)",
        },
      },
      {
        executor: {
          id: OWN,
          name: "e",
          script: "run on 2",
          fetch: [{ ...file, uri: "http://h/e.tgz", isExtracted: true }],
          env: { A: "hidden", NUMBER: "2" },
          resources: { cpu: 0.05, memoryMiB: 64, diskMiB: 0, gpu: 0, ports: [] },
          data: "of shop-web-2-x",
        },
      },
    ],
    [
      "executor, with the task's environment",
      {
        shell: "a",
        env: [
          { name: "A", value: "of the task" },
          { name: "B", value: "of both" },
        ],
        executor: { name: "e", command: "run", env: [{ name: "B", value: "of the executor" }] },
      },
      { executor: { env: { A: "of the task", B: "of the executor", GROUP: "shop", NUMBER: "2" } } },
    ],
    [
      "executor, shared",
      { shell: "a", executor: { name: "e", shared: true, command: "run on $(NODE)", data: "of $(INSTANCE)" } },
      { executor: { id: "default.shop.web.shop-web-1", script: "run on n1", data: "of shop-web-2-x" } },
    ],
    [
      "fetch",
      { fetch: [{ uri: "http://h/a.txt" }] },
      { fetch: [{ ...file, uri: "http://h/a.txt", isExtracted: false }] },
    ],
    ["fetch of an archive", { fetch: [{ uri: "http://h/a.tgz?x" }] }, { fetch: [{ isExtracted: true }] }],
    [
      "fetch, not extracted",
      { fetch: [{ uri: "http://h/a.zip", extract: false }] },
      { fetch: [{ isExtracted: false }] },
    ],
    [
      "fetch, every option",
      { fetch: [{ uri: "file:///$(GROUP)", extract: true, executable: true, cache: true, destination: "d" }] },
      { fetch: [{ uri: "file:///shop", isExtracted: true, isExecutable: true, isCached: true, destination: "d" }] },
    ],
    [
      "volumes",
      {
        volumes: [
          { hostPath: "/h", containerPath: "/c", readOnly: true },
          { hostPath: "/i", containerPath: "/d" },
        ],
      },
      {
        volumes: [
          { hostPath: "/h", containerPath: "/c", isReadOnly: true },
          { hostPath: "/i", containerPath: "/d", isReadOnly: false },
        ],
      },
    ],
    [
      "resources",
      { resources: { cpu: "1500m", memory: "1Gi", disk: "2Gi", gpu: 2 } },
      { resources: { cpu: 1.5, memoryMiB: 1024, diskMiB: 2048, gpu: 2, ports: [] } },
    ],
    ["resources, default", {}, { resources: { cpu: 0.2, memoryMiB: 128, diskMiB: 0, gpu: 0, ports: [] } }],
    ["limits", { resources: { limits: { cpu: "2", memory: "1Gi" } } }, { limits: { cpu: 2, memoryMiB: 1024 } }],
    [
      "limits, none",
      { resources: { limits: { cpu: "unlimited", memory: "unlimited" } } },
      { limits: { cpu: "unlimited", memoryMiB: "unlimited" } },
    ],
    ["placement.roles", { placement: { roles: ["$(MASTER)", "*"] } }, { roles: ["10.0.0.9", "*"] }],
    ["network None", { network: { mode: "None" } }, { network: { mode: "None" }, ports: [] }],
    ["network Host", {}, { network: { mode: "Host" } }],
    ["network Routed", { network: { mode: "Routed" } }, { network: { mode: "Routed", networkName: "blue" } }],
    [
      "networkName",
      { network: { mode: "Routed", networkName: "red" } },
      { network: { mode: "Routed", networkName: "red" } },
    ],
    [
      "ports, Bridge",
      { network: { mode: "Bridge", ports: [{ name: "a", containerPort: 80, hostPort: 8080, protocol: "UDP" }] } },
      {
        network: { mode: "Bridge", mappings: [{ hostPort: 8080, containerPort: 80, protocol: "UDP" }] },
        ports: [{ name: "a", port: 8080, protocol: "UDP" }],
        resources: { ports: [{ begin: 8080, end: 8080 }] },
        env: { PORT: "8080", PORT_A: "8080" },
      },
    ],
    [
      "ports, Container",
      { network: { mode: "Container", ports: [{ name: "a", containerPort: 80 }] } },
      {
        network: { mode: "Container", networkName: "blue", mappings: [] },
        ports: [{ name: "a", port: 80, protocol: "TCP" }],
        resources: { ports: [] },
      },
    ],
    [
      "ports, numberOffset",
      { network: { ports: [{ name: "a", numberOffset: 12020 }] } },
      { ports: [{ name: "a", port: 12022, protocol: "TCP" }], resources: { ports: [{ begin: 12022, end: 12022 }] } },
    ],
    ["terminationGracePeriodSeconds", { terminationGracePeriodSeconds: 3 }, { killGraceSeconds: 3 }],
    ["terminationGracePeriodSeconds, default", {}, { killGraceSeconds: 10 }],
  ];
  for (const [name, fields, expected] of rows) {
    it(name, () => {
      const { own, refusal } = launchOf(fields, { values });
      expect(refusal).toBeUndefined();
      expect(own()).toMatchObject(expected);
    });
  }

  it("nothing of one task is in the environment of an executor that many share", () => {
    const env = [{ name: "A", value: "of the task" }];
    const executor = { name: "e", command: "run", shared: true, env: [{ name: "B", value: "of the executor" }] };
    const task = launchOf({ shell: "a", env, executor, network: { ports: [{ name: "a", hostPort: 80 }] } }).own();
    const ofNode = { NODE: "n1", NODE_ADDRESS: "10.0.0.1", HOST: "10.0.0.1" };
    const ofService = { MASTER: "10.0.0.9", NAMESPACE: "default", GROUP: "shop", SERVICE: "web" };
    expect(task.executor?.env).toEqual({ ...ofNode, ...ofService, B: "of the executor" });
    expect(task.env).toMatchObject({ A: "of the task", PORT: "80", NUMBER: "2" });
  });

  it("without anything optional nothing optional is said", () => {
    const task = launchOf({ shell: "x" }).own();
    for (const field of ["fetch", "executor", "pullConfig", "limits", "roles"]) expect(task).not.toHaveProperty(field);
    expect(task.check).toBeUndefined();
  });
});

it("an assigned port is told wherever the program or its clients look", () => {
  const network = {
    mode: "Bridge",
    ports: [
      { name: "a", containerPort: 80 },
      { name: "b", hostPort: 0 },
    ],
  };
  const { own } = launchOf(
    { network, shell: "serve $(PORT_A) $(PORT1)" },
    {
      chosen: [
        { name: "a", port: 31005 },
        { name: "b", port: 31006 },
      ],
    },
  );
  expect(own()).toMatchObject({
    command: { script: "serve 31005 31006" },
    network: {
      mappings: [
        { hostPort: 31005, containerPort: 80 },
        { hostPort: 31006, containerPort: 31006 },
      ],
    },
    env: { PORT: "31005", PORT0: "31005", PORT1: "31006", PORT_A: "31005", PORT_B: "31006" },
    labels: { "rackwright.dev/ports": "a=31005,b=31006" },
  });
  expect(own().resources.ports).toEqual([
    { begin: 31005, end: 31005 },
    { begin: 31006, end: 31006 },
  ]);
});

it("stamps the task, so that it is found again", () => {
  expect(launchOf({ labels: { team: "$(GROUP)" } }).own().labels).toEqual({
    team: "shop",
    "rackwright.dev/group": "shop",
    "rackwright.dev/service": "web",
    "rackwright.dev/number": "2",
    "rackwright.dev/revision": "shop-web-1",
    "rackwright.dev/identity": "rack",
    "rackwright.dev/namespace": "default",
    "rackwright.dev/stamp": "rack/Instance/default/shop-web-2-x/uid-shop-web-2-x/7",
  });
});

describe("the agent's check", () => {
  const timing = { periodSeconds: 5, timeoutSeconds: 2, gracePeriodSeconds: 9 };
  const network = { mode: "Bridge", ports: [{ name: "http", containerPort: 80, hostPort: 8080 }] };
  it.each([
    ["tcp by number", { tcpSocket: { port: 99 } }, { type: "tcp", port: 99 }],
    ["tcp by name, inside the container", { tcpSocket: { port: "http" } }, { type: "tcp", port: 80 }],
    ["http", { httpGet: { port: "http", path: "/ok" } }, { type: "http", port: 80, path: "/ok", scheme: "http" }],
    ["https", { httpGet: { port: 443, scheme: "HTTPS" } }, { type: "http", port: 443, path: "/", scheme: "https" }],
    ["a command", { exec: { command: ["a", "b"] } }, { type: "command", command: ["a", "b"] }],
    ["a command line", { exec: { shell: "a | b" } }, { type: "command", command: "a | b" }],
  ])("%s", (_, probe, expected) => {
    const check = launchOf({ network, healthChecks: [{ name: "c", ...timing, ...probe }] }).own().check;
    const times = { delaySeconds: 0, intervalSeconds: 5, timeoutSeconds: 2, gracePeriodSeconds: 9 };
    expect(check).toEqual({ probe: expected, ...times });
  });

  it("is the first that an agent runs; the controller runs the others", () => {
    const healthChecks = [
      { name: "a", tcpSocket: { port: 1 }, probeFrom: "Controller" },
      { name: "b", tcpSocket: { port: 2 }, probeFrom: "Agent" },
    ];
    expect(launchOf({ healthChecks }).own().check?.probe).toEqual({ type: "tcp", port: 2 });
  });

  it("may be that of readiness, without a time of grace", () => {
    const readinessCheck = { tcpSocket: { port: 80 }, probeFrom: "Agent" };
    expect(launchOf({ readinessCheck }).own().check).toMatchObject({ probe: { type: "tcp" }, gracePeriodSeconds: 0 });
  });

  it("is none where the controller runs all", () => {
    expect(launchOf({ readinessCheck: { httpGet: { port: 80 } } }).own().check).toBeUndefined();
  });
});

describe("attached tasks", () => {
  const attached = [
    {
      name: "log",
      image: "logger",
      env: [{ name: "TO", value: "$(PORT_HTTP) of $(NUMBER)" }],
      resources: { cpu: "100m" },
    },
    {
      name: "sync",
      shell: "sync",
      network: { mode: "Bridge" },
      healthChecks: [{ name: "c", tcpSocket: { port: "http" } }],
    },
  ];
  const fields = {
    attached,
    user: "u",
    labels: { team: "x" },
    placement: { roles: ["r"] },
    network: { ports: [{ name: "http", hostPort: 8080 }] },
    terminationGracePeriodSeconds: 4,
  };

  it("run beside their instance: on its agent, with its number, its labels and variables, and no ports of their own", () => {
    const [log, sync] = launchOf(fields).beside();
    expect(log).toMatchObject({
      taskId: `${OWN}.log`,
      name: "web-2-log",
      agentId: "agent-n1",
      image: "logger",
      containerizer: "Docker",
      user: "u",
      roles: ["r"],
      env: { TO: "8080 of 2", NODE: "n1", PORT: "8080" },
      resources: { cpu: 0.1, memoryMiB: 128, ports: [] },
      network: { mode: "Host" },
      ports: [],
      check: undefined,
      killGraceSeconds: 4,
      labels: {
        team: "x",
        "rackwright.dev/service": "web",
        "rackwright.dev/number": "2",
        "rackwright.dev/attached": "log",
      },
    });
    expect(sync).toMatchObject({
      taskId: `${OWN}.sync`,
      containerizer: "Mesos",
      command: { type: "shell", script: "sync" },
      network: { mode: "Bridge", mappings: [] },
      check: { probe: { type: "tcp", port: 8080 } },
      labels: { "rackwright.dev/attached": "sync" },
    });
  });

  it("are not what their instance is", () => {
    expect(launchOf(fields).own().labels).not.toHaveProperty("rackwright.dev/attached");
  });

  it.each([
    ["as the service says", { containerizer: "Mesos", image: "i" }, { image: "i" }, "Mesos"],
    ["Docker by default", {}, { image: "i" }, "Docker"],
    [
      "Docker where it needs what only Docker has",
      { containerizer: "Mesos", image: "i" },
      { image: "i", privileged: true },
      "Docker",
    ],
    ["Mesos without an image", { containerizer: "Docker", image: "i" }, { shell: "x" }, "Mesos"],
  ])("their containerizer is %s", (_, of, task, containerizer) => {
    expect(launchOf({ ...of, attached: [{ name: "a", ...task }] }).beside()[0]?.containerizer).toBe(containerizer);
  });
});
