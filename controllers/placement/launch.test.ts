import { describe, expect, it } from "vitest";
import { instance, node, rack, service } from "../testing/objects.js";
import { fixedPorts, launchAction, needOf, taskLaunch } from "./launch.js";

function launchOf(fields: Record<string, unknown>, addresses: Readonly<Record<string, string>> = {}) {
  return taskLaunch({
    instance: instance({ name: "shop-web-2-x", number: 2 }),
    service: service(fields),
    rack: rack({
      variables: { MASTER: "10.0.0.9" },
      compute: { mesos: { masters: ["http://m:5050"], frameworkName: "f", user: "torc" } },
    }),
    node: node("n1", { address: "10.0.0.1" }),
    agentId: "agent-n1",
    taskId: "default.shop-web-2-x.uid",
    term: 7,
    addressOf: (reference) => addresses[reference],
  });
}

const ports = [
  { name: "dns-udp", containerPort: 53, protocol: "UDP" },
  { name: "http", hostPort: 8080 },
];

describe("variables", () => {
  it("are replaced in commands and environment, and given as environment", () => {
    const { launch, unknown } = launchOf(
      {
        shell: "run $(SERVICE)-$(NUMBER) on $(NODE_ADDRESS) of $(GROUP) at $(MASTER):$(PORT_HTTP), $(date), $$(NODE)",
        env: [{ name: "UPSTREAM", value: "$(address:shop/db):1" }, { name: "EMPTY" }],
        network: { ports },
      },
      { "shop/db": "192.168.2.7" },
    );
    expect(unknown).toEqual([]);
    expect(launch.command).toEqual({
      type: "shell",
      script: "run web-2 on 10.0.0.1 of shop at 10.0.0.9:8080, $(date), $(NODE)",
    });
    expect(launch.env).toEqual({
      MASTER: "10.0.0.9",
      NAMESPACE: "default",
      GROUP: "shop",
      SERVICE: "web",
      NUMBER: "2",
      INSTANCE: "shop-web-2-x",
      NODE: "n1",
      NODE_ADDRESS: "10.0.0.1",
      HOST: "10.0.0.1",
      PORT: "53",
      PORT0: "53",
      PORT1: "8080",
      PORT_DNS_UDP: "53",
      PORT_HTTP: "8080",
      UPSTREAM: "192.168.2.7:1",
      EMPTY: "",
    });
  });

  it("without a value are told, once each", () => {
    expect(launchOf({ args: ["$(NOBODY)", "$(NOBODY)", "$(address:db)"] }).unknown).toEqual(["NOBODY", "address:db"]);
  });

  it("of its own environment win over those of the rack", () => {
    expect(launchOf({ env: [{ name: "MASTER", value: "mine" }] }).launch.env).toMatchObject({ MASTER: "mine" });
  });
});

describe("what is launched", () => {
  it.each([
    ["command and arguments", { command: ["a", "b"], args: ["c"] }, { type: "exec", argv: ["a", "b", "c"] }],
    ["shell", { shell: "a | b" }, { type: "shell", script: "a | b" }],
    ["arguments of the image", { image: "i", args: ["c"] }, { type: "entrypoint", args: ["c"] }],
    ["the image alone", { image: "i" }, { type: "entrypoint", args: [] }],
  ])("%s", (_, fields, command) => {
    expect(launchOf(fields).launch.command).toEqual(command);
  });

  it.each([
    ["Docker with an image", { image: "i" }, "Docker"],
    ["Mesos without", { shell: "a" }, "Mesos"],
    ["as told", { image: "i", containerizer: "Mesos" }, "Mesos"],
  ])("the containerizer: %s", (_, fields, containerizer) => {
    expect(launchOf(fields).launch.containerizer).toBe(containerizer);
  });

  it.each([
    ["None", { mode: "None" }, { mode: "None" }],
    ["Host", {}, { mode: "Host" }],
    ["Routed, by default of the product", { mode: "Routed" }, { mode: "Routed", networkName: "rackwright" }],
    ["Routed, as told", { mode: "Routed", networkName: "blue" }, { mode: "Routed", networkName: "blue" }],
  ])("the network: %s", (_, network, expected) => {
    expect(launchOf({ network }).launch.network).toEqual(expected);
  });

  it("takes resources, fixed ports, user, rights and files from the service and the rack", () => {
    const { launch } = launchOf({
      image: "i",
      imagePullPolicy: "Always",
      privileged: true,
      resources: { cpu: "1500m", memory: "1Gi", disk: "2Gi" },
      network: { ports },
      volumes: [{ hostPath: "/h", containerPath: "/c", readOnly: true }],
      dockerParameters: [{ key: "k", value: "v" }],
      terminationGracePeriodSeconds: 3,
    });
    expect(launch.resources).toEqual({
      cpu: 1.5,
      memoryMiB: 1024,
      diskMiB: 2048,
      gpu: 0,
      ports: [{ begin: 8080, end: 8080 }],
    });
    expect(launch).toMatchObject({
      taskId: "default.shop-web-2-x.uid",
      name: "web-2",
      agentId: "agent-n1",
      user: "torc",
      forcePull: true,
      isPrivileged: true,
      volumes: [{ hostPath: "/h", containerPath: "/c", isReadOnly: true }],
      dockerParameters: [{ key: "k", value: "v" }],
      killGraceSeconds: 3,
    });
    expect(launch.ports).toEqual([
      { name: "dns-udp", port: 53, protocol: "UDP" },
      { name: "http", port: 8080, protocol: "TCP" },
    ]);
  });

  it("stamps the task, so that it is found again", () => {
    const { launch } = launchOf({ labels: { team: "x" } });
    expect(launch.labels).toEqual({
      team: "x",
      "rackwright.dev/group": "shop",
      "rackwright.dev/service": "web",
      "rackwright.dev/number": "2",
      "rackwright.dev/revision": "shop-web-1",
      "rackwright.dev/identity": "rack",
      "rackwright.dev/namespace": "default",
      "rackwright.dev/stamp": "rack/Instance/default/shop-web-2-x/uid-shop-web-2-x/7",
    });
  });

  it("needs the defaults when nothing is said", () => {
    expect(needOf(service())).toEqual({ cpu: 0.2, memoryMiB: 128, diskMiB: 0 });
    expect(fixedPorts(service({ network: { ports } }))).toEqual([8080]);
  });

  it("names every task of one acceptance", () => {
    const { launch } = launchOf({});
    const action = launchAction(rack(), { agentId: "agent-n1", offerIds: ["o1"], tasks: [launch] });
    expect(action).toMatchObject({
      type: "task.launch",
      rack: "rack",
      key: "default.shop-web-2-x.uid",
      message: "launch web-2 on agent agent-n1",
    });
  });
});

describe("the agent's check", () => {
  const timing = { periodSeconds: 5, timeoutSeconds: 2, gracePeriodSeconds: 9 };
  it.each([
    ["tcp by number", { tcpSocket: { port: 99 } }, { type: "tcp", port: 99 }],
    ["tcp by name", { tcpSocket: { port: "http" } }, { type: "tcp", port: 8080 }],
    ["http", { httpGet: { port: "http", path: "/ok" } }, { type: "http", port: 8080, path: "/ok", scheme: "http" }],
    ["https", { httpGet: { port: 443, scheme: "HTTPS" } }, { type: "http", port: 443, path: "/", scheme: "https" }],
    ["a command", { exec: { command: ["a", "b"] } }, { type: "command", command: ["a", "b"] }],
    ["a command line", { exec: { shell: "a | b" } }, { type: "command", command: "a | b" }],
  ])("%s", (_, probe, expected) => {
    const { launch } = launchOf({ network: { ports }, healthChecks: [{ name: "c", ...timing, ...probe }] });
    expect(launch.check).toEqual({
      probe: expected,
      delaySeconds: 0,
      intervalSeconds: 5,
      timeoutSeconds: 2,
      gracePeriodSeconds: 9,
    });
  });

  it("is none without health checks", () => {
    expect(launchOf({}).launch.check).toBeUndefined();
  });
});
