import { afterEach, describe, expect, it } from "vitest";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { sample } from "../testing/objects.js";
import { rackController } from "./controller.js";

const rackOf = (name: string, nodes: readonly string[]) =>
  sample(Rack, { metadata: { name }, spec: { nodes: nodes.map((node) => ({ name: node })) } });

describe("the rack loop", () => {
  let world: LoopWorld | undefined;
  afterEach(() => world?.close());

  it("leaves a node that two Racks name with the one that has it, until that one lets it go", async () => {
    const all = await loopWorld({ loops: [rackController] });
    world = all;
    all.start();
    await all.put(Rack, rackOf("one", ["shared", "a"]));
    await all.clock.advance(1_000);
    await all.put(Rack, rackOf("two", ["shared", "b"]));
    await all.clock.advance(1_000);
    const rackNameOf = async (name: string) => (await all.settle(all.client.get(Node, { name }))).spec.rackName;
    const reasonOf = async (name: string) => {
      const rack = await all.settle(all.client.get(Rack, { name }));
      return rack.status?.conditions?.find(({ type }) => type === "Ready")?.reason;
    };
    const before = all.writes.length;
    // both are looked at again and again
    await all.clock.advance(180_000);
    expect(all.writes.slice(before)).toEqual([]);
    expect([await rackNameOf("shared"), await rackNameOf("a"), await rackNameOf("b")]).toEqual(["one", "one", "two"]);
    expect([await reasonOf("one"), await reasonOf("two")]).toEqual(["BackendsNotReady", "NodeOfOtherRack"]);
    await all.settle(all.client.patch(Rack, { name: "one" }, { spec: { nodes: [{ name: "a" }] } }));
    await all.clock.advance(1_000);
    expect(await rackNameOf("shared")).toBe("two");
    expect(await reasonOf("two")).toBe("BackendsNotReady");
  });
});
