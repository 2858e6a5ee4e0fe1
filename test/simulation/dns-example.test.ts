import { describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { applyFolder, createWorld, type World } from "./world.js";

const EXAMPLE = "manifests/samples/dns-example";

async function allReady(world: World): Promise<boolean> {
  const { items } = await world.client.list(ServiceGroup);
  return items.length > 0 && items.every((group) => isTrue(group, "Ready") && group.status?.observedGeneration === group.metadata.generation);
}

describe("the DNS example in virtual time", () => {
  it("becomes Ready from an empty store", async () => {
    const world = await createWorld({ seed: 1 });
    const applied = applyFolder(world.client, EXAMPLE);
    await world.clock.advance(0);
    await applied;
    await world.until("everything Ready", () => allReady(world), 120_000);
    const { items } = await world.client.list(Instance);
    expect(items.length).toBe(11);
    await world.stop();
  });
});
