import { describe, expect, it } from "vitest";
import { Rack } from "../../../api-types/rack.js";
import type { Fault } from "../../../simulator/faults.js";
import { isConverged } from "../schedule/convergence.js";
import { changesSince, fullRack } from "./full-rack.js";

const PLACES = ["mesos", "agents", "consul", "tor"] as const;
const BLIND_MS = 300_000;
const PERIOD_MS = 5000;

const FAULTS: readonly [string, Fault][] = [
  ["nobody listens", { type: "refuse" }],
  ["every request is lost", { type: "dropRequest", afterMs: 3000 }],
];

describe("R3 assume I am blind first", () => {
  for (const [name, fault] of FAULTS) {
    it(`R3 takes nothing away while ${name} for five minutes, says so, and is well again four periods later`, async () => {
      const world = await fullRack();
      const before = world.wire.length;
      for (const place of PLACES) world.scripts[place].rules = [{ fault }];
      world.mesos.dropConnection();
      await world.clock.advance(BLIND_MS);
      expect(changesSince(world, before)).toBe("");
      const { status } = await world.ask(() => world.client.get(Rack, { name: "torc" }));
      const unknown = status?.conditions?.filter((condition) => condition.status === "Unknown");
      expect(unknown?.map(({ type }) => type)).toEqual(
        expect.arrayContaining(["ComputeReady", "DnsReady", "SwitchReady"]),
      );
      for (const place of PLACES) world.scripts[place].rules = [];
      // what waits before it connects again waits a period and a half at most
      await world.until("converged again", () => isConverged(world), 4 * PERIOD_MS);
      await world.clock.advance(30_000);
      expect(changesSince(world, before)).toBe("");
      await world.stop();
    });
  }
});
