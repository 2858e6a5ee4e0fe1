import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { conditionOf } from "../../api-types/life.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../api-types/well-known.js";
import { createMemoryBalancer, type MemoryBalancer } from "../../drivers/load-balancer/memory.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { available, condition, group, NOW, rack, service } from "../testing/objects.js";
import { loadBalancerController } from "./controller.js";

const PROXY = { adminSocket: "/a", masterSocket: "/m", configFile: "/c" };
const ENDPOINTS = [
  { name: "a", ...PROXY },
  { name: "b", adminSocket: "/a2", masterSocket: "/m2", configFile: "/c2" },
];
const web = (fields: object = {}) =>
  service({
    name: "web",
    image: "web",
    network: { mode: "Routed", ports: [{ name: "http", containerPort: 8080, servicePort: 10_000 }] },
    ...fields,
  });
const one = (name: string, fields: object = {}) => available({ name, finalizers: [FINALIZER.task], ...fields });

let world: LoopWorld;
let proxies: ReadonlyMap<string, MemoryBalancer>;
const proxy = (name = "a") => proxies.get(name) as MemoryBalancer; // both are there

beforeEach(async () => {
  const clock = virtualClock(NOW);
  const open = () => createMemoryBalancer({ clock, periodMs: 5000 });
  proxies = new Map([
    ["a", open()],
    ["b", open()],
  ]);
  world = await loopWorld({ loops: [loadBalancerController], balancers: proxies, clock });
  await world.put(Rack, rack({ loadBalancer: { haproxy: { endpoints: ENDPOINTS } } }));
  await world.put(ServiceGroup, group({ services: [web()] }));
});
afterEach(() => world.close());

const run = (ms = 6000) => world.clock.advance(ms);
const shown = (name = "a") =>
  [...proxy(name).items().values()].flatMap((item) =>
    item.type === "server"
      ? [`${item.id} ${item.address}:${item.port} ${item.state}${item.isStored ? "" : ", not stored"}`]
      : [],
  );
const balancers = async (name: string) =>
  ((await world.instance(name)).status?.balancers ?? []).map(
    ({ name: at, port, state, isUnconfirmed }) => `${at} ${port} ${state}${isUnconfirmed ? "?" : ""}`,
  );
const finalizers = async (name: string) => (await world.instance(name)).metadata.finalizers ?? [];
const rackCondition = async () => {
  const { status, reason, message } =
    conditionOf(await world.settle(world.client.get(Rack, { name: "rack" })), "BalancerReady") ?? {};
  return { text: `${status} ${reason}`, message };
};
const letGo = async (name: string, reason = "Replaced") => {
  const key = { namespace: "default", name };
  await world.settle(world.client.patch(Instance, key, { metadata: { annotations: { [ANNOTATION.leave]: reason } } }));
  await world.settle(world.client.delete(Instance, key, {}));
};
const leavingAs = (name: string, reason: string) =>
  world.report(name, {
    ...statusOf(name),
    conditions: [
      ...["Ready", "Routed"].map((type) => condition(type, "True")),
      condition("Leaving", "True", { reason }),
    ],
  });
const statusOf = (name: string, address = "192.168.2.3") => ({
  placement: { node: "n1", agentID: "agent-n1", taskID: `default.${name}.uid` },
  addresses: [address],
  lastStatus: { state: "Running" },
});

describe("the load-balancer loop", () => {
  it("puts a ready instance behind its service port at every proxy, after its finalizer is stored", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    for (const name of ["a", "b"]) expect(shown(name)).toEqual(["default.w1.uid 192.168.2.3:8080 Ready"]);
    expect(await balancers("w1")).toEqual(["a 10000 Ready", "b 10000 Ready"]);
    expect(await finalizers("w1")).toContain(FINALIZER.balancer);
    expect((await rackCondition()).text).toBe("True BalancerAnswers");
  });

  it("R8 writes and sends nothing when nothing changes", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    const [writes, actions] = [world.writes.length, world.actions.length];
    await run(600_000);
    expect([world.writes.length, world.actions.length]).toEqual([writes, actions]);
    expect(proxy().reloads()).toBe(1);
  });

  it("adds a second one without a reload, and stores it", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    await world.put(Instance, one("w2", { number: 2, status: { addresses: ["192.168.2.4"] } }));
    await run();
    expect(shown()).toHaveLength(2);
    expect(shown().join()).not.toContain("not stored");
    expect(proxy().reloads()).toBe(1);
  });

  it("drains what leaves, tells when no session is left, removes it when its time is over, and lets it go", async () => {
    await world.put(Instance, one("w1"));
    await world.put(Instance, one("w2", { number: 2, status: { addresses: ["192.168.2.4"] } }));
    world.start();
    await run();
    proxy().serve(10_000, "default.w1.uid", 3);
    await letGo("w1");
    await run();
    expect(await balancers("w1")).toEqual(["a 10000 Draining", "b 10000 Drained"]);
    proxy().serve(10_000, "default.w1.uid", 0);
    await run();
    expect(await balancers("w1")).toEqual(["a 10000 Drained", "b 10000 Drained"]);
    expect(await finalizers("w1")).toContain(FINALIZER.balancer);
    await leavingAs("w1", "RemovingServer");
    await run(12_000);
    expect(shown()).toEqual(["default.w2.uid 192.168.2.4:8080 Ready"]);
    expect(await balancers("w1")).toEqual([]);
    expect(await finalizers("w1")).not.toContain(FINALIZER.balancer);
    const removals = world.actions.filter(({ type }) => type === "balancer.remove");
    expect(removals.map(({ ground }) => ground?.type)).toEqual(["tombstone", "tombstone"]);
  });

  it("R11 drains one that turned bad, and keeps the last one", async () => {
    await world.put(Instance, one("w1"));
    await world.put(Instance, one("w2", { number: 2, status: { addresses: ["192.168.2.4"] } }));
    world.start();
    await run();
    const bad = [condition("Ready", "False"), condition("Routed", "True")];
    await world.report("w1", { ...statusOf("w1"), conditions: bad });
    await run();
    expect(shown().join()).toContain("default.w1.uid 192.168.2.3:8080 Drain");
    await world.report("w2", { ...statusOf("w2", "192.168.2.4"), conditions: bad });
    await run();
    expect(shown().join()).toContain("default.w2.uid 192.168.2.4:8080 Ready");
  });

  it("forgets a dead one at once, on the word of its task", async () => {
    await world.put(Instance, one("w1"));
    await world.put(Instance, one("w2", { number: 2, status: { addresses: ["192.168.2.4"] } }));
    world.start();
    await run();
    await world.report("w1", {
      ...statusOf("w1"),
      lastStatus: { state: "Failed", at: "2026-01-01T12:00:00Z" },
      conditions: [condition("Ready", "False")],
    });
    await run(1000);
    expect(shown()).toEqual(["default.w2.uid 192.168.2.4:8080 Ready"]);
    expect(world.actions.filter(({ type }) => type === "balancer.remove").map(({ ground }) => ground?.type)).toEqual([
      "statement",
      "statement",
    ]);
  });

  it("brings back what a proxy has lost within a period", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    proxy().restart(true);
    expect(shown()).toEqual([]);
    await run(5000);
    expect(shown()).toEqual(["default.w1.uid 192.168.2.3:8080 Ready"]);
  });

  it("R1 changes nothing at a silent proxy, says so, and lets nothing go", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    proxy("b").breakReads("connection refused");
    const before = world.actions.length;
    await run();
    expect(world.actions.length).toBe(before);
    expect(await balancers("w1")).toEqual(["a 10000 Ready", "b 10000 Ready?"]);
    expect(await rackCondition()).toEqual({ text: "Unknown BalancerUnknown", message: "b: connection refused" });
    await letGo("w1");
    await leavingAs("w1", "RemovingServer");
    await run(60_000);
    expect(shown("b")).toEqual(["default.w1.uid 192.168.2.3:8080 Ready"]);
    expect(await finalizers("w1")).toContain(FINALIZER.balancer);
    const key = { namespace: "default", name: "w1" };
    await world.settle(
      world.client.patch(Instance, key, { metadata: { annotations: { [ANNOTATION.release]: "dns,balancer" } } }),
    );
    await run();
    expect(await finalizers("w1")).not.toContain(FINALIZER.balancer);
  });

  it("leaves out a port that a proxy cannot listen on, serves the others, and tries again", async () => {
    const ports = [10_000, 10_001, 10_002, 10_003].map((servicePort) => ({
      name: `p${servicePort}`,
      containerPort: servicePort,
      servicePort,
    }));
    await world.put(
      ServiceGroup,
      group(
        { services: [service({ name: "api", image: "api", network: { mode: "Routed", ports: ports.slice(1) } })] },
        { name: "other" },
      ),
    );
    proxy().occupy([10_002]);
    world.start();
    await run(30_000);
    const open = () =>
      [...proxy().items().values()].flatMap((item) => (item.type === "port" && item.isOpen ? [item.servicePort] : []));
    expect(open().sort()).toEqual([10_000, 10_001, 10_003]);
    const told = await rackCondition();
    expect(told.text).toBe("False ServicePortNotServed");
    expect(told.message).toContain("a: 10002");
    proxy().occupy([]);
    await run(90_000);
    expect(open().sort()).toEqual([10_000, 10_001, 10_002, 10_003]);
    expect((await rackCondition()).text).toBe("True BalancerAnswers");
  });

  it("R20 leaves servers as they are whose Instances nobody knows, and their port", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    const lost = { id: "default.lost.uid", address: "192.168.2.9", port: 8080 };
    await proxy().apply({ type: "ready", servicePort: 10_000, server: lost });
    await run(60_000);
    expect(shown()).toHaveLength(2);
    expect((await rackCondition()).message).toContain("1 servers belong to no Instance");
  });

  it("retires who has lost its service port when its sessions are over, then the port", async () => {
    await world.put(Instance, one("w1"));
    world.start();
    await run();
    proxy().serve(10_000, "default.w1.uid", 1);
    const network = { mode: "Routed", ports: [{ name: "http", containerPort: 8080 }] };
    const key = { namespace: "default", name: "shop" };
    await world.settle(world.client.patch(ServiceGroup, key, { spec: { services: [web({ network })] } }));
    await run(30_000);
    expect(shown().join()).toContain("default.w1.uid 192.168.2.3:8080 Drain");
    proxy().serve(10_000, "default.w1.uid", 0);
    await run(30_000);
    expect([...proxy().items().keys()]).toEqual([]);
    expect(await balancers("w1")).toEqual([]);
  });
});
