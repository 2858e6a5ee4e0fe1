import { expect, it } from "vitest";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { areGroupsReady } from "../schedule/convergence.js";
import { dnsWorld, suspend } from "../schedule/dns-example.js";

const DNS = { namespace: "dns-example", name: "dns" };

it("a policy and a person both write the size: the person is warned, the policy has the last word, and nothing swings", async () => {
  const world = await dnsWorld({ seed: 7 });
  await world.until("everything Ready", () => areGroupsReady(world), 60_000);
  await suspend(world, "normalload200", false);
  await suspend(world, "normalload400", false);
  const sizeOf = async () => (await world.client.get(ServiceGroup, DNS)).spec.replicas;
  await world.until("the policy has added a server", async () => (await sizeOf()) === 2, 60_000);

  const sizes: number[] = [];
  for (const wanted of [1, 5, 1]) {
    await world.ask(() => world.client.patch(ServiceGroup, DNS, { spec: { replicas: wanted } }));
    for (let second = 0; second < 60; second++) {
      await world.clock.advance(1000);
      const size = await world.ask(sizeOf);
      if (size !== sizes.at(-1)) sizes.push(size);
    }
  }
  // what the person wrote, then what the policy found right, once each
  expect(sizes.length).toBeLessThanOrEqual(7);
  expect(sizes.at(-1)).toBe(2);
  await world.until("everything Ready again", () => areGroupsReady(world), 60_000);
  await world.stop();
});
