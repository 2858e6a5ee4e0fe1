import { describe, expect, it } from "vitest";
import { isStatus } from "../../../../api-types/meta/status-error.js";
import type { TaskExecutor, TaskLaunch } from "../../driver.js";
import { launchOf } from "../replay/bench.js";
import type { WireResource, WireTaskInfo } from "../wire.js";
import { taskInfosOf } from "./launch.js";
import { takeResources } from "./resources.js";

const POOL: readonly WireResource[] = [
  { name: "cpus", type: "SCALAR", scalar: { value: 4 }, allocation_info: { role: "web" } },
  { name: "mem", type: "SCALAR", scalar: { value: 4096 }, allocation_info: { role: "web" } },
  {
    name: "ports",
    type: "RANGES",
    ranges: { range: [{ begin: 31000, end: 31010 }] },
    allocation_info: { role: "web" },
  },
];

const CONTEXT = { pool: POOL, frameworkId: "fw-1", running: new Map() };

function infoOf(changes: Partial<TaskLaunch>): WireTaskInfo {
  const [info] = taskInfosOf([launchOf("t", changes)], CONTEXT);
  return info ?? expect.fail("no task info");
}

const CHECK = { delaySeconds: 1, intervalSeconds: 2, timeoutSeconds: 3, gracePeriodSeconds: 4 };
const TIMES = {
  delay_seconds: 1,
  interval_seconds: 2,
  timeout_seconds: 3,
  grace_period_seconds: 4,
  consecutive_failures: 2147483647,
};

const MAPPINGS = [
  { hostPort: 31005, containerPort: 80, protocol: "TCP" },
  { hostPort: 31005, containerPort: 53, protocol: "UDP" },
] as const;
const WIRE_MAPPINGS = [
  { host_port: 31005, container_port: 80, protocol: "tcp" },
  { host_port: 31005, container_port: 53, protocol: "udp" },
];
const WITH_PORT = { ...launchOf("t").resources, ports: [{ begin: 31005, end: 31005 }] };

describe("a task on the wire", () => {
  const rows: readonly (readonly [string, Partial<TaskLaunch>, object])[] = [
    ["runs a shell", {}, { command: { shell: true, value: "sleep 1" } }],
    [
      "has argv[0] as its first argument with the Mesos containerizer",
      { command: { type: "exec", argv: ["/bin/echo", "a"] } },
      { command: { shell: false, value: "/bin/echo", arguments: ["/bin/echo", "a"] } },
    ],
    [
      "has the first real argument first with docker",
      { containerizer: "Docker", image: "i", command: { type: "exec", argv: ["/bin/echo", "a"] } },
      { command: { shell: false, value: "/bin/echo", arguments: ["a"] } },
    ],
    [
      "gives arguments to the entry point",
      { containerizer: "Docker", image: "i", command: { type: "entrypoint", args: ["-v"] } },
      { command: { shell: false, arguments: ["-v"] } },
    ],
    [
      "has user and environment",
      { user: "nobody", env: { A: "", B: "2" } },
      {
        command: {
          user: "nobody",
          environment: {
            variables: [
              { name: "A", value: "" },
              { name: "B", value: "2" },
            ],
          },
        },
      },
    ],
    ["has labels", { labels: { k: "v" } }, { labels: { labels: [{ key: "k", value: "v" }] } }],
    ["has its grace", { killGraceSeconds: 7 }, { kill_policy: { grace_period: { nanoseconds: 7_000_000_000 } } }],
    [
      "names its ports for discovery, not as resources",
      { ports: [{ name: "dns", port: 53, protocol: "UDP" }] },
      {
        discovery: {
          visibility: "CLUSTER",
          name: "t",
          ports: { ports: [{ number: 53, name: "dns", protocol: "udp" }] },
        },
        resources: [{ name: "cpus" }, { name: "mem" }],
      },
    ],
    [
      "takes fixed host ports as resources",
      { resources: { cpu: 1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [{ begin: 31005, end: 31005 }] } },
      {
        resources: [
          { name: "cpus", scalar: { value: 1 }, allocation_info: { role: "web" } },
          { name: "mem", scalar: { value: 32 } },
          { name: "ports", ranges: { range: [{ begin: 31005, end: 31005 }] }, allocation_info: { role: "web" } },
        ],
      },
    ],
    [
      "has docker's own fields",
      {
        containerizer: "Docker",
        image: "i:1",
        forcePull: true,
        isPrivileged: true,
        dockerParameters: [{ key: "cap-add", value: "NET_ADMIN" }],
        volumes: [{ hostPath: "/h", containerPath: "/c", isReadOnly: true }],
        network: { mode: "Routed", networkName: "rack" },
      },
      {
        container: {
          type: "DOCKER",
          docker: {
            image: "i:1",
            network: "USER",
            privileged: true,
            force_pull_image: true,
            parameters: [{ key: "cap-add", value: "NET_ADMIN" }],
          },
          volumes: [{ mode: "RO", container_path: "/c", host_path: "/h" }],
          network_infos: [{ name: "rack" }],
        },
      },
    ],
    [
      "asks docker for its address by a parameter",
      { containerizer: "Docker", image: "i", network: { mode: "Routed", networkName: "rack", address: "10.64.0.7" } },
      {
        container: {
          type: "DOCKER",
          docker: { network: "USER", parameters: [{ key: "ip", value: "10.64.0.7" }] },
          network_infos: [{ name: "rack" }],
        },
      },
    ],
    [
      "asks Mesos for its address in its network",
      { image: "i", network: { mode: "Routed", networkName: "rack", address: "10.64.0.7" } },
      {
        container: { network_infos: [{ name: "rack", ip_addresses: [{ protocol: "IPv4", ip_address: "10.64.0.7" }] }] },
      },
    ],
    [
      "has an image and a network with the Mesos containerizer",
      { image: "i", network: { mode: "Routed", networkName: "rack" } },
      {
        container: {
          type: "MESOS",
          mesos: { image: { type: "DOCKER", docker: { name: "i" } } },
          network_infos: [{ name: "rack" }],
        },
      },
    ],
    [
      "maps ports of the node with docker",
      { containerizer: "Docker", image: "i", network: { mode: "Bridge", mappings: MAPPINGS }, resources: WITH_PORT },
      { container: { docker: { network: "BRIDGE", port_mappings: WIRE_MAPPINGS } } },
    ],
    [
      "maps ports of the node on a network of docker",
      {
        containerizer: "Docker",
        image: "i",
        network: { mode: "Container", networkName: "inner", mappings: MAPPINGS },
        resources: WITH_PORT,
      },
      {
        container: {
          docker: { network: "USER", port_mappings: WIRE_MAPPINGS },
          network_infos: [{ name: "inner" }],
        },
      },
    ],
    [
      "maps ports of the node on a network of the Mesos containerizer",
      { network: { mode: "Container", networkName: "inner", mappings: MAPPINGS }, resources: WITH_PORT },
      { container: { type: "MESOS", network_infos: [{ name: "inner", port_mappings: WIRE_MAPPINGS }] } },
    ],
    [
      "bridges with the Mesos containerizer by the network that clusters have for it",
      { network: { mode: "Bridge", mappings: MAPPINGS }, resources: WITH_PORT },
      { container: { type: "MESOS", network_infos: [{ name: "mesos-bridge", port_mappings: WIRE_MAPPINGS }] } },
    ],
    [
      "has credentials for the registry of its image",
      { image: "registry.rack/i:1", pullConfig: '{"auths":{}}' },
      {
        container: {
          mesos: {
            image: {
              docker: { name: "registry.rack/i:1", config: { type: "VALUE", value: { data: "eyJhdXRocyI6e319" } } },
            },
          },
        },
      },
    ],
    [
      "has files fetched",
      {
        fetch: [
          { uri: "http://h/a.tgz", isExtracted: true, isExecutable: false, isCached: true, destination: undefined },
          { uri: "http://h/b.tgz", isExtracted: false, isExecutable: false, isCached: false, destination: "kept.tgz" },
          { uri: "http://h/run.sh", isExtracted: true, isExecutable: true, isCached: false, destination: undefined },
        ],
      },
      {
        command: {
          uris: [
            { value: "http://h/a.tgz", extract: true, executable: false, cache: true },
            { value: "http://h/b.tgz", extract: false, executable: false, cache: false, output_file: "kept.tgz" },
            { value: "http://h/run.sh", extract: true, executable: true, cache: false },
          ],
        },
      },
    ],
    [
      "has limits",
      { limits: { cpu: "unlimited", memoryMiB: 128 } },
      { limits: { cpus: { value: "Infinity" }, mem: { value: 128 } } },
    ],
    ["has one limit", { limits: { memoryMiB: "unlimited" } }, { limits: { mem: { value: "Infinity" } } }],
    [
      "is checked by TCP",
      { check: { ...CHECK, probe: { type: "tcp", port: 53 } } },
      { health_check: { type: "TCP", tcp: { port: 53 }, ...TIMES } },
    ],
    [
      "is checked by HTTP",
      { check: { ...CHECK, probe: { type: "http", port: 80, path: "/up", scheme: "https" } } },
      { health_check: { type: "HTTP", http: { scheme: "https", port: 80, path: "/up" }, ...TIMES } },
    ],
    [
      "is checked by a command",
      { check: { ...CHECK, probe: { type: "command", command: ["/check", "-q"] } } },
      { health_check: { type: "COMMAND", command: { shell: false, value: "/check", arguments: ["/check", "-q"] } } },
    ],
    [
      "is checked by a shell line",
      { check: { ...CHECK, probe: { type: "command", command: "true" } } },
      { health_check: { type: "COMMAND", command: { shell: true, value: "true" } } },
    ],
  ];

  it.each(rows)("%s", (_name, changes, expected) => {
    expect(infoOf(changes)).toMatchObject(expected);
  });

  it("has no container, check or discovery that it does not need", () => {
    expect(Object.keys(infoOf({}))).toEqual([
      "name",
      "task_id",
      "agent_id",
      "resources",
      "command",
      "kill_policy",
      "labels",
    ]);
  });

  it.each([
    ["network None without docker", { network: { mode: "None" } as const }],
    ["docker without an image", { containerizer: "Docker" as const }],
    [
      "devices with docker",
      { containerizer: "Docker" as const, image: "i", resources: { ...launchOf("t").resources, gpu: 1 } },
    ],
    ["a mapped port that it does not take", { network: { mode: "Bridge" as const, mappings: MAPPINGS } }],
    ["roles that the offers are not reserved for", { roles: ["ops"] }],
    ["a port that is not offered", { resources: { ...launchOf("t").resources, ports: [{ begin: 80, end: 80 }] } }],
  ])("is refused: %s", (_name, changes) => {
    let error: unknown;
    try {
      infoOf(changes);
    } catch (caught) {
      error = caught;
    }
    expect(isStatus(error, "Invalid")).toBe(true);
    expect(String(error)).toContain("launching task t");
  });

  it("shares the offers among the tasks, reserved resources first and as they were offered", () => {
    const reserved: WireResource = {
      name: "cpus",
      type: "SCALAR",
      scalar: { value: 0.15 },
      allocation_info: { role: "web" },
      reservations: [{ type: "STATIC", role: "web" }],
    };
    const volume: WireResource = { name: "cpus", type: "SCALAR", scalar: { value: 9 }, disk: { persistence: {} } };
    const infos = taskInfosOf([launchOf("a"), launchOf("b")], { ...CONTEXT, pool: [volume, ...POOL, reserved] });
    const cpus = infos.map(({ resources }) => resources.filter(({ name }) => name === "cpus"));
    expect(cpus).toEqual([
      [{ ...reserved, scalar: { value: 0.1 } }],
      [
        { ...reserved, scalar: { value: 0.05 } },
        { ...POOL[0], scalar: { value: 0.05 } },
      ],
    ]);
  });
});

describe("an executor of one's own", () => {
  const executor: TaskExecutor = {
    id: "e1",
    name: "runner",
    script: "./runner",
    fetch: [{ uri: "http://h/runner", isExtracted: false, isExecutable: true, isCached: true, destination: undefined }],
    env: { A: "1" },
    resources: { cpu: 0.1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] },
    data: "hello",
  };
  const files = [{ uri: "http://h/x", isExtracted: true, isExecutable: false, isCached: false, destination: "y" }];

  it("stands instead of the command, with what it needs, and takes resources of its own", () => {
    const info = infoOf({ executor, image: "i", user: "nobody", env: { IGNORED: "x" }, fetch: files });
    expect(info).toMatchObject({
      data: Buffer.from("hello").toString("base64"),
      resources: [
        { name: "cpus", scalar: { value: 0.1 } },
        { name: "mem", scalar: { value: 32 } },
      ],
      executor: {
        type: "CUSTOM",
        executor_id: { value: "e1" },
        framework_id: { value: "fw-1" },
        name: "runner",
        command: {
          shell: true,
          value: "./runner",
          user: "nobody",
          environment: { variables: [{ name: "A", value: "1" }] },
          uris: [{ value: "http://h/runner" }, { value: "http://h/x", output_file: "y" }],
        },
        container: { type: "MESOS", mesos: { image: { docker: { name: "i" } } } },
        resources: [
          { name: "cpus", scalar: { value: 0.1 }, allocation_info: { role: "web" } },
          { name: "mem", scalar: { value: 32 } },
        ],
      },
    });
    expect(info.command).toBeUndefined();
    expect(info.container).toBeUndefined();
  });

  it("is taken for once, and described alike, by the tasks that share it", () => {
    const pool = POOL.map((entry) => (entry.name === "cpus" ? { ...entry, scalar: { value: 0.3 } } : entry));
    const tasks = ["a", "b"].map((id) => launchOf(id, { executor }));
    const infos = taskInfosOf(tasks, { ...CONTEXT, pool });
    expect(infos[1]?.executor).toEqual(infos[0]?.executor);
    const running = new Map([["e1", infos[0]?.executor ?? expect.fail("no executor")]]);
    const rest = pool.map((entry) => (entry.name === "cpus" ? { ...entry, scalar: { value: 0.1 } } : entry));
    expect(
      taskInfosOf([launchOf("c", { executor })], { pool: rest, frameworkId: "fw-1", running })[0]?.executor,
    ).toEqual(infos[0]?.executor);
    expect(() => taskInfosOf([launchOf("c", { executor })], { ...CONTEXT, pool: rest })).toThrow("do not hold");
  });
});

describe("resources of several roles", () => {
  const of = (role: string | undefined, name: string, value: object): WireResource => ({
    name,
    type: "scalar" in value ? "SCALAR" : "RANGES",
    ...value,
    allocation_info: { role: "web" },
    ...(role === undefined
      ? {}
      : {
          reservations: [
            { type: "DYNAMIC", role: "eng" },
            { type: "DYNAMIC", role },
          ],
        }),
  });
  const scalar = (value: number) => ({ scalar: { value } });
  const range = (...ranges: readonly (readonly [number, number])[]) => ({
    ranges: { range: ranges.map(([begin, end]) => ({ begin, end })) },
  });
  const pool = [
    of(undefined, "cpus", scalar(1)),
    of("web", "cpus", scalar(2)),
    of(undefined, "mem", scalar(64)),
    of("web", "mem", scalar(64)),
    of(undefined, "ports", range([100, 105], [110, 120])),
    of("web", "ports", range([106, 109])),
  ];
  const wanted = { cpu: 1.5, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] };
  const cpusOf = (taken: readonly WireResource[] | undefined) =>
    taken
      ?.filter(({ name }) => name === "cpus")
      .map((entry) => `${entry.reservations?.at(-1)?.role ?? "*"} ${entry.scalar?.value}`);

  it.each([
    { name: "any, reserved ones first", roles: undefined, cpu: 2.5, taken: ["web 2", "* 0.5"] },
    { name: "those of one role only", roles: ["web"], cpu: 1.5, taken: ["web 1.5"] },
    { name: "unreserved ones only", roles: ["*"], cpu: 1, taken: ["* 1"] },
    { name: "both when both are named", roles: ["web", "*"], cpu: 3, taken: ["web 2", "* 1"] },
    { name: "too many for the role", roles: ["*"], cpu: 1.5, taken: undefined },
    { name: "none of an unknown role", roles: ["ops"], cpu: 0.1, taken: undefined },
  ])("are $name", ({ roles, cpu, taken }) => {
    expect(cpusOf(takeResources([...pool], { ...wanted, cpu }, roles))).toEqual(taken);
  });

  it("give ports across ranges and entries, each entry as it was offered", () => {
    const left = [...pool];
    const taken = takeResources(left, {
      ...wanted,
      ports: [
        { begin: 104, end: 111 },
        { begin: 120, end: 120 },
      ],
    });
    expect(taken?.filter(({ name }) => name === "ports")).toEqual([
      of("web", "ports", range([106, 109])),
      of(undefined, "ports", range([104, 105], [110, 111], [120, 120])),
    ]);
    expect(left.slice(4)).toEqual([of(undefined, "ports", range([100, 103], [112, 119])), of("web", "ports", range())]);
    expect(takeResources([...pool], { ...wanted, ports: [{ begin: 104, end: 111 }] }, ["*"])).toBeUndefined();
    expect(takeResources([...pool], { ...wanted, ports: [{ begin: 119, end: 121 }] })).toBeUndefined();
  });
});
