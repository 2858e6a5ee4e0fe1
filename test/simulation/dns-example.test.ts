import { describe, expect, it } from "vitest";
import { areGroupsReady, isConverged } from "./schedule/convergence.js";
import { dnsExample, dnsWorld, suspend } from "./schedule/dns-example.js";
import { runSchedule } from "./schedule/run.js";
import { watchdog } from "./schedule/watchdog.js";
import type { World } from "./world/world.js";

/** Bytes a second that each name server receives, lowest number first, over ten seconds. */
async function ratesOf(world: World): Promise<readonly number[]> {
  const servers = world.runner.running().filter(({ task }) => task.image === "bind9");
  const received = () => servers.map(({ task }) => world.load.statistics(task.taskId).netRxBytes);
  const before = received();
  await world.clock.advance(10_000);
  return received().map((bytes, index) => Math.round((bytes - (before[index] ?? 0)) / 10_000));
}

describe("the DNS example in virtual time", () => {
  it("adds a server when the load is high, halves what each gets, and takes it away again", async () => {
    const world = await dnsWorld({ seed: 1 });
    const guard = watchdog(world, { names: ["dns-sl", "dns-sl1"] });
    await world.until("everything Ready", () => areGroupsReady(world), 60_000);
    await suspend(world, "normalload200", false);
    await world.clock.advance(5000);
    // in kB/s
    expect(await ratesOf(world)).toEqual([14]);
    await suspend(world, "normalload400", false);
    await world.clock.advance(2000);
    expect(await ratesOf(world)).toEqual([42]);
    await world.until("two servers", () => world.consul.snapshot().services.some(isSecond), 60_000);
    await world.clock.advance(2000);
    expect(await ratesOf(world)).toEqual([21, 21]);
    await suspend(world, "normalload400", true);
    const isAlone = () => !world.consul.snapshot().services.some(isSecond);
    await world.until("one server again", async () => isAlone() && (await isConverged(world)), 120_000);
    expect(await ratesOf(world)).toEqual([14]);
    guard.look();
    expect(guard.breaches).toEqual([]);
    await world.stop();
  });

  it("keeps every rule and ends still", async () => {
    const result = await runSchedule({ seed: 1, scenario: dnsExample });
    expect(result.faults).toEqual([]);
  });
});

function isSecond({ service }: { readonly service: string }): boolean {
  return service === "dns-sl2";
}
