import { describe, expect, it } from "vitest";
import { Instance } from "../../../api-types/instance.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { isConverged } from "../schedule/convergence.js";
import { scaleTo, smallWorld, updateArgs, WEB } from "../schedule/small-rack.js";
import { type Watchdog, watchdog } from "../schedule/watchdog.js";
import type { WireEntry } from "../world/wire.js";
import type { World } from "../world/world.js";

async function guardedWorld(): Promise<{ world: World; guard: Watchdog }> {
  const world = await smallWorld({ seed: 6 });
  const guard = watchdog(world, { names: ["web", "web1", "web2"] });
  await world.until("converged", () => isConverged(world), 60_000);
  return { world, guard };
}

/** Plays on in small steps, looking at every one. */
async function play(world: World, guard: Watchdog, forMs: number): Promise<void> {
  for (let passed = 0; passed < forMs; passed += 25) {
    await world.clock.advance(25);
    guard.look();
  }
}

/** When the last request about an instance of each kind was made. */
function orderOf(wire: readonly WireEntry[], instance: string) {
  const last = (isWanted: (entry: WireEntry) => boolean) => wire.findLastIndex(isWanted);
  return {
    deregister: last(({ call }) => call.type === "deregister" && call.id.endsWith(instance)),
    kill: last(({ call }) => call.type === "kill" && call.taskId.includes(instance)),
  };
}

describe("R6 make before break", () => {
  it("R6 takes name, route and task of what leaves in that order, and nothing from what stays", async () => {
    const { world, guard } = await guardedWorld();
    const { items } = await world.ask(() => world.client.list(Instance));
    const third = items.find(({ spec }) => spec.number === 3);
    const prefix = `${third?.status?.addresses?.[0]}/32`;
    await scaleTo(world, 2);
    await play(world, guard, 15_000);
    const name = third?.metadata.name ?? "none";
    const { deregister, kill } = orderOf(world.wire, name);
    const route = world.wire.findIndex(({ call }) => call.type === "route.remove" && call.prefix === prefix);
    expect(deregister).toBeGreaterThanOrEqual(0);
    expect(route).toBeGreaterThan(deregister);
    expect(kill).toBeGreaterThan(route);
    // ttl and margin, then the drain
    expect((world.wire[route]?.at ?? 0) - (world.wire[deregister]?.at ?? 0)).toBeGreaterThanOrEqual(3000);
    expect(world.wire.filter(({ call }) => call.type === "kill")).toHaveLength(1);
    expect(guard.breaches).toEqual([]);
    await world.stop();
  });

  it("R6 publishes each successor under the same number before its predecessor goes", async () => {
    const { world, guard } = await guardedWorld();
    const before = world.wire.length;
    await updateArgs(world, ["second"]);
    await play(world, guard, 60_000);
    await world.until("converged", () => isConverged(world), 60_000);
    expect(guard.breaches).toEqual([]);
    const entries = world.wire.slice(before);
    for (const number of [1, 2, 3]) {
      const registered = entries.findIndex(
        ({ call }) => call.type === "register" && call.id.startsWith(`web${number}:`),
      );
      const gone = entries.findIndex(({ call }) => call.type === "deregister" && call.id.startsWith(`web${number}:`));
      expect(registered).toBeGreaterThanOrEqual(0);
      expect(gone).toBeGreaterThan(registered);
    }
    await world.stop();
  });

  it("R6 brings number and name of a killed task back, and never loses the last name", async () => {
    const { world, guard } = await guardedWorld();
    for (const { task } of world.runner.running()) {
      world.mesos.killTask(task.taskId);
      await play(world, guard, 500);
    }
    await play(world, guard, 30_000);
    await world.until("converged", () => isConverged(world), 60_000);
    const { items } = await world.ask(() => world.client.list(Instance));
    expect(items.map(({ spec }) => spec.number).sort()).toEqual([1, 2, 3]);
    const names = new Set(world.consul.snapshot().services.map(({ service }) => service));
    expect([...names].filter((name) => name !== "consul").sort()).toEqual(["web", "web1", "web2", "web3"]);
    await world.stop();
  });

  it("R6 ends a deleted group in order", async () => {
    const { world, guard } = await guardedWorld();
    const strict = watchdog(world, { names: [] });
    await world.ask(() => world.client.delete(ServiceGroup, WEB));
    await play(world, guard, 20_000);
    await world.until(
      "everything gone",
      async () => (await world.client.list(ServiceGroup)).items.length === 0 && world.runner.running().length === 0,
      60_000,
    );
    expect(strict.breaches).toEqual([]);
    expect(world.wire.filter(({ call }) => call.type === "kill")).toHaveLength(3);
    expect([...world.tor.routes().values()].filter(({ protocol }) => protocol === "STATIC")).toEqual([]);
    await world.stop();
  });
});
