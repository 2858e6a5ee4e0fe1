import { describe, expect, it } from "vitest";
import { Event } from "../../../api-types/core/event.js";
import { Instance } from "../../../api-types/instance.js";
import { isAvailable } from "../../../api-types/life.js";
import { computeWorld, machines } from "../compute/compute-world.js";
import { isRemoval } from "../world/wire.js";
import type { World } from "../world/world.js";

const INSTANCES = 6;
const GROUP = `
apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata: { name: web, namespace: shop }
spec:
  rackName: lab
  services:
  - name: web
    image: web
    instances: ${INSTANCES}
    network: { mode: Bridge, ports: [{ name: http, containerPort: 8080 }] }
    healthChecks:
    - { name: http, httpGet: { port: http }, gracePeriodSeconds: 10, periodSeconds: 5, timeoutSeconds: 1, probeFrom: Controller }
`;

async function open(): Promise<World> {
  const world = await computeWorld({ seed: 1, nodes: machines(3), groups: [GROUP] });
  await world.until("every instance is available", async () => (await available(world)) === INSTANCES, 60_000);
  return world;
}

const instances = async (world: World) => (await world.client.list(Instance, { namespace: "shop" })).items;
const available = async (world: World) => (await instances(world)).filter(isAvailable).length;
const removals = (world: World) => world.wire.filter(isRemoval);

/** What the control plane's own probes hear of the first `count` tasks from now on. */
function tell(world: World, count: number, isHealthy: boolean): void {
  for (const { task } of world.runner.running().slice(0, count)) world.runner.setHealthy(task.taskId, isHealthy);
}

describe("R11 health as the control plane sees it", () => {
  it("R3 removes nothing while its prober is broken, says so, and needs one period to recover", async () => {
    const world = await open();
    tell(world, INSTANCES, false);
    await world.clock.advance(300_000);
    expect(removals(world)).toEqual([]);
    expect(await world.ask(() => available(world))).toBe(INSTANCES);
    const { items } = await world.ask(() => world.client.list(Event));
    expect(items.map(({ reason }) => reason)).toContain("ProbesDoubted");
    tell(world, INSTANCES, true);
    await world.clock.advance(6000);
    const probes = (await world.ask(() => instances(world))).flatMap(({ status }) => status?.probes ?? []);
    expect(probes.map(({ isPassing }) => isPassing)).toEqual(Array.from({ length: INSTANCES }, () => true));
    expect(removals(world)).toEqual([]);
    await world.stop();
  });

  it("replaces one that is bad, after its successor is Published", async () => {
    const world = await open();
    const before = (await world.ask(() => instances(world))).map(({ metadata }) => metadata.name);
    tell(world, 1, false);
    await world.until(
      "the bad one is gone, another one in its place",
      async () => {
        const names = (await instances(world)).map(({ metadata }) => metadata.name);
        const isReplaced =
          names.length === INSTANCES && before.filter((name) => names.includes(name)).length === INSTANCES - 1;
        return isReplaced && (await available(world)) === INSTANCES;
      },
      120_000,
    );
    expect(removals(world).filter(({ call }) => call.type === "kill")).toHaveLength(1);
    await world.stop();
  });
});
