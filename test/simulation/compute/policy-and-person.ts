import { ServiceGroup } from "../../../api-types/service-group.js";
import { dnsWorld, suspend } from "../schedule/dns-example.js";
import type { Scenario } from "../schedule/scenario.js";
import type { World } from "../world/world.js";

const DNS = { namespace: "dns-example", name: "dns" };

/** A policy and a person both write the size: the policy has the last word, once for each time, and nothing swings. */
export const policyAndPerson: Scenario = {
  name: "policy-and-person",
  createWorld: dnsWorld,
  names: ["dns-sl"],
  routedTasks: /^dns-example\./,
  steps: [
    { atMs: 10_000, run: (world) => suspend(world, "normalload200", false) },
    { atMs: 15_000, run: (world) => suspend(world, "normalload400", false) },
    { atMs: 80_000, run: (world) => write(world, 1) },
    { atMs: 130_000, run: (world) => write(world, 5) },
    { atMs: 180_000, run: (world) => write(world, 1) },
  ],
  async check(world) {
    const { replicas } = (await world.client.get(ServiceGroup, DNS)).spec;
    const launched = new Set(
      world.wire
        .flatMap(({ call }) => (call.type === "launch" ? call.taskIds : []))
        .filter((taskId) => taskId.startsWith("dns-example.dns-")),
    );
    return [
      ...(replicas === 2 ? [] : [`the policy left ${replicas} instead of 2`]),
      // two at first; the second one, and up to three more, anew after each of the three writes
      ...(launched.size <= 2 + 2 * 4 ? [] : [`${launched.size} name servers were started`]),
    ];
  },
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 170_000,
  endMs: 240_000,
};

async function write(world: World, replicas: number): Promise<void> {
  await world.ask(() => world.client.patch(ServiceGroup, DNS, { spec: { replicas } }));
}
