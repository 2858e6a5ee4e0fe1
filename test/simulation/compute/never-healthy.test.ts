import { describe, expect, it } from "vitest";
import { isTrue } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import type { World } from "../world/world.js";
import {
  availableOf,
  changeService,
  computeWorld,
  groupOf,
  instancesOf,
  machines,
  saidOf,
  sentSince,
  webGroup,
} from "./compute-world.js";

const DEADLINE_MS = 120_000;
const BACKOFF = "restart: { backoff: { initialSeconds: 5, factor: 2, maxSeconds: 300 } }";

/** Two that serve, and then a new version of which no instance ever passes its check. */
async function brokenUpdate(rollback: "None" | "OnDeadline"): Promise<World> {
  const group = webGroup("web", { instances: 2, more: BACKOFF }).replace(
    "rackName: lab",
    `rackName: lab\n  progressDeadlineSeconds: ${DEADLINE_MS / 1000}\n  rollback: ${rollback}`,
  );
  const world = await computeWorld({
    seed: 1,
    nodes: machines(3),
    groups: [group],
    behaviour: (task) => (task.argv.includes("broken") ? { probe: () => false } : {}),
  });
  await world.until("both serve", async () => (await availableOf(world, "web")) === 2, 60_000);
  await changeService(world, "web", { args: ["broken"] });
  return world;
}

describe("an update whose instances never get healthy", () => {
  it("misses its deadline, says so without a break, and spends neither the budget nor the nodes", async () => {
    const world = await brokenUpdate("None");
    const from = world.wire.length;
    await world.clock.advance(DEADLINE_MS + 30_000);
    const said: string[] = [];
    for (let second = 0; second < 600; second++) {
      await world.clock.advance(1000);
      said.push(await world.ask(() => saidOf(world, "web", "Progressing")));
      expect(await world.ask(() => availableOf(world, "web"))).toBe(2);
    }
    expect([...new Set(said)]).toEqual(["False:DeadlineExceeded"]);
    // both are tried again and again, ever more slowly
    const launches = sentSince(world, "launch", { group: "web", from }).length;
    expect(launches).toBeGreaterThan(4);
    expect(launches).toBeLessThan(24);
    const rack = await world.ask(() => world.client.get(Rack, { name: "lab" }));
    expect(rack.status?.budgets?.find((budget) => budget.class === "tasks")?.available ?? 5).toBe(5);
    await world.stop();
  });

  it("is rolled back", async () => {
    const world = await brokenUpdate("OnDeadline");
    await world.clock.advance(DEADLINE_MS + 60_000);
    const group = await world.ask(() => groupOf(world, "web"));
    expect(group.status?.services?.[0]).toMatchObject({ failedRevision: "web-web-2", available: 2, updated: 0 });
    await world.stop();
  });
});

describe("a task that ends while its name is still being published", () => {
  it("keeps the name until the next one has it: names of the dead do not add up", async () => {
    const unchecked = webGroup("web", { instances: 1 }).replace(/ *healthChecks:[\s\S]*?timeoutSeconds: 1 }\n/, "");
    const behaviour = () => ({ exit: { afterMs: 20, code: 1 } });
    const world = await computeWorld({ seed: 1, nodes: machines(4), groups: [unchecked], behaviour });
    world.scripts.consul.rules = [{ fault: { type: "delay", ms: 5, jitterMs: 200 } }];
    for (let minute = 0; minute < 6; minute++) {
      await world.clock.advance(60_000);
      const instances = await world.ask(() => instancesOf(world, "web"));
      expect(instances.length).toBeLessThanOrEqual(2);
      expect(instances.filter((instance) => isTrue(instance, "Published"))).toHaveLength(1);
    }
    await world.stop();
  });
});
