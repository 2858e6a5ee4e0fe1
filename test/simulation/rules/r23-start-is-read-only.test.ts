import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../platform/random.js";
import { isConverged } from "../schedule/convergence.js";
import { dnsExample } from "../schedule/dns-example.js";
import type { Scenario } from "../schedule/scenario.js";
import { smallRack } from "../schedule/small-rack.js";
import { watchdog } from "../schedule/watchdog.js";
import { isSouthbound, type WireEntry } from "../world/wire.js";
import type { World } from "../world/world.js";
import { changesSince, fullRack } from "./full-rack.js";

/** What was asked for, without the parts that are drawn, sorted; a request that repeats an earlier one is one of its own. */
function summary(wire: readonly WireEntry[]): readonly string[] {
  return wire
    .filter(isSouthbound)
    .flatMap(({ call }) => {
      if (call.type === "launch") return call.taskIds.map((id) => `launch ${roleOf(id)}`);
      if (call.type === "kill") return [`kill ${roleOf(call.taskId)}`];
      return call.type === "register" ? [`register ${call.name}`] : [call.type];
    })
    .sort();
}

/** Task ids and names of instances end in what was drawn. */
function roleOf(taskId: string): string {
  return taskId.replace(/-[a-z0-9]{5}\.[0-9a-f]{8}$/, "");
}

async function play(scenario: Scenario, restartsAt: readonly number[]): Promise<World> {
  const world = await scenario.createWorld({ seed: 23 });
  const events = [
    ...scenario.steps.map(({ atMs, run }) => ({ atMs, run: () => run(world) })),
    ...restartsAt.map((atMs) => ({ atMs, run: async () => void world.restartControllers() })),
  ].sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, run } of events) {
    await world.clock.advance(Math.max(0, atMs - world.clock.monotonic()));
    await run();
  }
  await world.until("converged", () => isConverged(world), 120_000);
  return world;
}

describe("R23 start is read-only", () => {
  it("R23 changes nothing in 60 restarts on a rack that stands still", async () => {
    const world = await fullRack();
    const before = world.wire.length;
    for (let restart = 0; restart < 60; restart++) {
      world.restartControllers();
      await world.clock.advance(world.random.integer(3000));
    }
    await world.clock.advance(15_000);
    expect(changesSince(world, before)).toBe("");
    await world.stop();
  });

  for (const [scenario, runs, restarts] of [
    [smallRack, 30, 4],
    [dnsExample, 4, 5],
  ] as const) {
    it(`R23 sends what a life without restarts sends, in ${runs} lives with ${restarts} restarts of ${scenario.name}`, async () => {
      const calm = await play(scenario, []);
      const expected = summary(calm.wire);
      await calm.stop();
      const random = seededRandom(2323);
      for (let run = 0; run < runs; run++) {
        const restartsAt = Array.from({ length: restarts }, () => random.integer(scenario.endMs));
        const world = await play(scenario, restartsAt);
        const guard = watchdog(world, { names: scenario.names });
        guard.look();
        expect(unwanted(expected, summary(world.wire)), `restarts at ${restartsAt.join()} ms`).toEqual([]);
        expect(guard.breaches).toEqual([]);
        await world.stop();
      }
    });
  }
});

/** What was sent more often than wanted; asking again for a change whose answer died with its process is no change. */
function unwanted(expected: readonly string[], sent: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const text of expected) left.set(text, (left.get(text) ?? 0) + 1);
  return sent.filter((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0 && (text.startsWith("launch") || !expected.includes(text));
  });
}
