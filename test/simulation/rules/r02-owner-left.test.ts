import { describe, expect, it } from "vitest";
import { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import type { Kind } from "../../../api-types/meta/kind.js";
import { Node } from "../../../api-types/node.js";
import { Route } from "../../../api-types/route.js";
import { isConverged } from "../schedule/convergence.js";
import { watchdog } from "../schedule/watchdog.js";
import type { World } from "../world/world.js";
import { fullRack, removalsSince } from "./full-rack.js";

/** Sets fields of every object's status to null, as somebody's broken tool would. */
async function blank(world: World, kind: Kind, fields: readonly string[]): Promise<void> {
  const status = Object.fromEntries(fields.map((field) => [field, null]));
  await world.ask(async () => {
    for (const { metadata } of (await world.client.list(kind)).items) {
      const key = {
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      };
      await world.client.patch(kind, key, { status }, { subresource: "status" });
    }
  });
}

const BLANKS: readonly [Kind, readonly string[]][] = [
  [Instance, ["addresses"]],
  [Instance, ["conditions"]],
  [Instance, ["lastStatus", "phase", "startedAt"]],
  [Instance, ["placement"]],
  [Route, ["installed", "conditions"]],
  [DnsRecord, ["published", "conditions"]],
  [Node, ["conditions", "agentID"]],
];

describe("R2 delete because an owner left, not because a value is missing", () => {
  for (const [kind, fields] of BLANKS) {
    it(`R2 removes nothing when ${fields.join(", ")} of every ${kind.kind} is blank`, async () => {
      const world = await fullRack();
      const before = world.wire.length;
      await blank(world, kind, fields);
      await world.clock.advance(30_000);
      expect(removalsSince(world, before)).toBe("");
      await world.until("converged again", () => isConverged(world), 60_000);
      expect(removalsSince(world, before)).toBe("");
      await world.stop();
    });
  }

  it("R2 removes nothing when no agent can be reached", async () => {
    const world = await fullRack();
    const before = world.wire.length;
    for (const node of world.nodeNames) world.mesos.partitionAgent(node);
    await world.clock.advance(200_000);
    expect(removalsSince(world, before)).toBe("");
    // what was to replace the unreachable is Published before they go
    const guard = watchdog(world, { names: ["dns-sl", "dns-sl1"] });
    guard.look();
    for (const node of world.nodeNames) world.mesos.returnAgent(node);
    await world.until("converged again", () => isConverged(world), 120_000);
    guard.look();
    expect(guard.breaches).toEqual([]);
    await world.stop();
  });
});
