import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../../simulator/faults.js";
import { isConverged } from "../schedule/convergence.js";
import type { Scripts } from "../world/rack.js";
import type { World } from "../world/world.js";
import { changesSince, fullRack } from "./full-rack.js";

const JSON_TYPE = "application/json";
const json = (body: unknown): Fault => ({
  type: "status",
  status: 200,
  body: JSON.stringify(body),
  contentType: JSON_TYPE,
});

/** What a back end may answer that looks like nothing, and the empty list in its own words. */
const ANSWERS: readonly [string, (place: Place) => Fault][] = [
  ["[]", () => json([])],
  ["500", () => ({ type: "status", status: 500, body: "internal error" })],
  ["truncated JSON", () => ({ type: "truncate", bytes: 40 })],
  ["HTML with 200", () => ({ type: "html" })],
  ["an empty list in its own words", (place) => json(EMPTY[place])],
];

type Place = Exclude<keyof Scripts, "api">;

const EMPTY: Readonly<Record<Place, unknown>> = {
  mesos: { type: "GET_TASKS", get_tasks: { tasks: [] } },
  agents: [],
  consul: { Node: null, Services: [] },
  tor: { CurrentMarker: 0, NextMarker: 0, ObjCount: 0, MoreExist: false, Objects: [] },
};

const PLACES: readonly Place[] = ["mesos", "agents", "consul", "tor"];

describe("R1 empty is not evidence", () => {
  let world: World;
  beforeAll(async () => {
    world = await fullRack();
  });
  afterAll(() => world.stop());

  for (const place of PLACES) {
    for (const [name, faultOf] of ANSWERS) {
      it(`R1 changes nothing while ${place} answers ${name}`, async () => {
        const before = world.wire.length;
        world.scripts[place].rules = [{ fault: faultOf(place) }];
        if (place === "mesos") world.mesos.dropConnection();
        await world.clock.advance(40_000);
        world.scripts[place].rules = [];
        await world.until("converged again", () => isConverged(world), 60_000);
        await world.clock.advance(15_000);
        expect(changesSince(world, before)).toBe("");
      });
    }
  }

  it("R1 changes nothing while the switch shows half a page", async () => {
    const before = world.wire.length;
    world.scripts.tor.rules = [{ fault: { type: "truncate", bytes: 600 }, probability: 0.5 }];
    await world.clock.advance(40_000);
    world.scripts.tor.rules = [];
    await world.clock.advance(15_000);
    expect(changesSince(world, before)).toBe("");
  });
});
