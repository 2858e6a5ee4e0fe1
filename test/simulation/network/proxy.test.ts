import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import { changeService, instancesOf, machines } from "../compute/compute-world.js";
import { labRack, NAMESPACE } from "../world/lab.js";
import { applyAll, readDocuments } from "../world/manifests.js";
import { MASTER } from "../world/rack.js";
import type { WireCall } from "../world/wire.js";
import { createWorld, type World } from "../world/world.js";

const SERVICE_PORT = 10_080;
const INSTANCES = 3;

const NETWORK = `
    managementPrefixes: [10.250.3.0/24]
    switch: { type: SnapRoute, address: "http://${MASTER}:8080" }`;

const WEB = `
apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata: { name: web, namespace: ${NAMESPACE} }
spec:
  rackName: lab
  services:
  - name: web
    image: web
    instances: ${INSTANCES}
    network:
      mode: Routed
      ports: [{ name: http, containerPort: 8080, servicePort: ${SERVICE_PORT} }]
    healthChecks:
    - { name: tcp, tcpSocket: { port: http }, gracePeriodSeconds: 10, periodSeconds: 2, timeoutSeconds: 1 }
    drainSeconds: 2
`;

async function proxiedWorld(seed: number): Promise<World> {
  const nodes = machines(4);
  const world = await createWorld({ seed, nodes });
  world.startControllers();
  const rack = labRack({ nodes, ttlSeconds: 1, network: NETWORK, hasProxy: true });
  await world.ask(() =>
    applyAll(
      world.client,
      [rack, WEB].flatMap((text) => readDocuments(text)),
    ),
  );
  await world.until("all are available", async () => (await available(world)) === INSTANCES, 60_000);
  return world;
}

async function available(world: World): Promise<number> {
  return (await instancesOf(world, "web")).filter(isAvailable).length;
}

/** Tasks to which the proxy sends new sessions. */
function ready(world: World): readonly string[] {
  return [...world.proxy.items().values()].flatMap((item) =>
    item.type === "server" && item.state === "Ready" ? [item.id] : [],
  );
}

/** Whatever the control plane does: new sessions find enough servers, and nothing but tasks that run. */
async function play(world: World, { forMs, atLeast }: { forMs: number; atLeast: number }): Promise<readonly string[]> {
  const breaches: string[] = [];
  for (let passed = 0; passed < forMs; passed += 25) {
    await world.clock.advance(25);
    const servers = ready(world);
    const running = new Set(world.runner.running().map(({ task }) => task.taskId));
    const dead = servers.filter((id) => !running.has(id));
    if (servers.length < atLeast) breaches.push(`${world.clock.monotonic()}: ${servers.length} servers`);
    if (dead.length > 0) breaches.push(`${world.clock.monotonic()}: ${dead.join(", ")} serve and do not run`);
  }
  return breaches;
}

const update = (world: World) => changeService(world, "web", { args: ["second"] });

/** Where in the wire what left was taken away, layer by layer. */
function leavingOrder(world: World, { metadata, status }: Instance) {
  const taskId = status?.placement?.taskID;
  const prefix = `${status?.addresses?.[0]}/32`;
  const last = (isWanted: (call: WireCall) => boolean) => world.wire.findLastIndex(({ call }) => isWanted(call));
  return [
    last((call) => call.type === "proxy.drain" && call.taskId === taskId),
    last((call) => call.type === "deregister" && call.id.endsWith(metadata.name)),
    last((call) => call.type === "proxy.remove" && call.taskId === taskId),
    last((call) => call.type === "route.remove" && call.prefix === prefix),
    last((call) => call.type === "kill" && call.taskId === taskId),
  ];
}

describe("a service behind a proxy", () => {
  it("R6 leaves the proxy, then DNS, then the switch, then ends; new sessions always find all", async () => {
    const world = await proxiedWorld(61);
    const before = await world.ask(() => instancesOf(world, "web"));
    expect([...ready(world)].sort()).toEqual(before.map(({ status }) => status?.placement?.taskID ?? "").sort());
    expect(before.map((one) => conditionOf(one, "Balanced")?.reason)).toEqual(
      Array(INSTANCES).fill("BalancerConfirmed"),
    );
    await update(world);
    expect(await play(world, { forMs: 60_000, atLeast: INSTANCES })).toEqual([]);
    expect(await world.ask(() => available(world))).toBe(INSTANCES);
    for (const instance of before) {
      const order = leavingOrder(world, instance);
      expect(order).not.toContain(-1);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    // ports change by a reload only, servers never
    expect(world.proxy.reloads()).toBe(1);
    await world.stop();
  });

  it.each([62, 63, 64, 65])("R23 keeps it so while the loops are killed again and again, seed %i", async (seed) => {
    const world = await proxiedWorld(seed);
    await update(world);
    for (let kill = 0; kill < 5; kill++) {
      expect(await play(world, { forMs: 500 + Math.floor(world.random.next() * 5000), atLeast: INSTANCES })).toEqual(
        [],
      );
      world.restartControllers();
    }
    expect(await play(world, { forMs: 60_000, atLeast: INSTANCES })).toEqual([]);
    expect(await world.ask(() => available(world))).toBe(INSTANCES);
    expect(ready(world)).toHaveLength(INSTANCES);
    await world.stop();
  });

  it("takes out what ended within half a second", async () => {
    const world = await proxiedWorld(67);
    const [ended] = ready(world);
    world.mesos.killTask(ended ?? "none");
    await world.until("it ended", () => world.runner.running().length < INSTANCES, 5000);
    await world.clock.advance(500);
    expect(ready(world)).toHaveLength(INSTANCES - 1);
    expect(ready(world)).not.toContain(ended);
    await world.until("all are available", async () => (await available(world)) === INSTANCES, 60_000);
    expect(ready(world)).toHaveLength(INSTANCES);
    await world.stop();
  });

  it("R1 stays with what it has while the proxy does not answer, and comes back to what is wanted", async () => {
    const world = await proxiedWorld(66);
    world.proxy.breakReads("it does not answer");
    await world.clock.advance(20_000);
    const from = world.wire.length;
    await update(world);
    await world.clock.advance(60_000);
    const removals = world.wire.slice(from).filter(({ call }) => ["deregister", "kill"].includes(call.type));
    expect(removals).toEqual([]);
    expect(ready(world)).toHaveLength(INSTANCES);
    world.proxy.breakReads(undefined);
    expect(await play(world, { forMs: 90_000, atLeast: INSTANCES })).toEqual([]);
    expect(await world.ask(() => available(world))).toBe(INSTANCES);
    expect(world.runner.running()).toHaveLength(INSTANCES);
    await world.stop();
  });
});
