import { areGroupsReady, isConverged } from "../schedule/convergence.js";
import { dnsWorld, suspend } from "../schedule/dns-example.js";
import { isRemoval, isSouthbound, wireText } from "../world/wire.js";
import type { World } from "../world/world.js";

/** The DNS example, Ready, with both servers and both loads: everything that there is to lose. */
export async function fullRack(seed = 1): Promise<World> {
  const world = await dnsWorld({ seed });
  await world.until("everything Ready", () => areGroupsReady(world), 60_000);
  // what comes now is stamped with a term that a store from before this moment has not reached
  world.restartControllers();
  await suspend(world, "normalload200", false);
  await suspend(world, "normalload400", false);
  const hasBoth = async () => (await isConverged(world)) && namesOf(world).includes("dns-sl2");
  await world.until("both servers published", hasBoth, 120_000);
  await world.clock.advance(20_000);
  return world;
}

/** The names in the catalogue, each once. */
export function namesOf(world: World): readonly string[] {
  const services = world.consul.snapshot().services.map((service) => service.service);
  return [...new Set(services)].sort();
}

/** What was taken away since the `from`-th entry, as text. */
export function removalsSince(world: World, from: number): string {
  return wireText(world.wire.slice(from).filter(isRemoval));
}

/** Every change of the outside since the `from`-th entry, as text. */
export function changesSince(world: World, from: number): string {
  return wireText(world.wire.slice(from).filter(isSouthbound));
}
