import { ServiceGroup } from "../../../api-types/service-group.js";
import { applyAll, readFolder } from "../world/manifests.js";
import { createWorld, type World, type WorldOptions } from "../world/world.js";
import type { Scenario } from "./scenario.js";

/** Every object of the example. */
export const DNS_OBJECTS = readFolder("manifests/samples/dns-example");
const NODES = [
  { name: "wedge", function: "controller" },
  ...[1, 2, 3, 4].map((number) => ({ name: `bladerunner${number}`, function: "lab" })),
];

/** The rack of the DNS example with one control plane; everything is applied, nothing has happened yet. */
export async function dnsWorld(
  options: Pick<WorldOptions, "seed" | "log" | "store" | "servers" | "metrics">,
): Promise<World> {
  const world = await createWorld({ ...options, nodes: NODES });
  world.startControllers();
  await world.ask(() => applyAll(world.client, DNS_OBJECTS));
  return world;
}

/** Starts or stops a load, as `kubectl patch --type=merge` does. */
export async function suspend(world: World, name: string, isSuspended: boolean): Promise<void> {
  const key = { namespace: "dns-example", name };
  await world.ask(() => world.client.patch(ServiceGroup, key, { spec: { suspend: isSuspended } }));
}

/** The story of the example, told by the clock: load rises twice, falls, and goes. */
export const dnsExample: Scenario = {
  name: "dns-example",
  createWorld: dnsWorld,
  names: ["dns-sl"],
  routedTasks: /^dns-example\./,
  steps: [
    { atMs: 15_000, run: (world) => suspend(world, "normalload200", false) },
    { atMs: 30_000, run: (world) => suspend(world, "normalload400", false) },
    { atMs: 80_000, run: (world) => suspend(world, "normalload400", true) },
    { atMs: 95_000, run: (world) => suspend(world, "normalload200", true) },
  ],
  faultsFromMs: 500,
  faultsUntilMs: 90_000,
  endMs: 100_000,
};
