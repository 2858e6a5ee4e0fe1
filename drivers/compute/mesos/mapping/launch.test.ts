import { describe, expect, it } from "vitest";
import { isStatus } from "../../../../api-types/meta/status-error.js";
import type { TaskLaunch } from "../../driver.js";
import { launchOf } from "../replay/bench.js";
import type { WireResource, WireTaskInfo } from "../wire.js";
import { taskInfosOf } from "./launch.js";

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
