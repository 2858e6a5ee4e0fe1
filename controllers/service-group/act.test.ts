import { expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import type { Client } from "../../client/client.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { LoopContext } from "../context.js";
import { group } from "../testing/objects.js";
import { act } from "./act.js";
import { planGroup } from "./plan.js";
import { viewOf } from "./testing.js";

/** A server that takes this long for each creation. */
function slowServer(msPerCreation: number) {
  const clock = virtualClock();
  const created: string[] = [];
  // only what a plan of creations calls
  const client = {
    patch: async () => ({}),
    update: async () => ({}),
    get: async () => group(),
    async create(kind: { kind: string }, object: { metadata: { name: string } }) {
      if (kind.kind !== Instance.kind) return object;
      created.push(object.metadata.name);
      await clock.advance(msPerCreation);
      return object;
    },
  } as unknown as Client;
  let count = 0;
  const random = { suffix: () => String(count++).padStart(5, "a") };
  const context = { clock, client, random } as unknown as LoopContext;
  return { context, created };
}

it("carries out a long plan in turns of a second, and says that something is left", async () => {
  const view = viewOf(group({ services: [{ name: "web", instances: 200 }] }), []);
  const plan = planGroup(view);
  const slow = slowServer(50);
  expect(await act(slow.context, view, plan)).toEqual({ held: undefined, isCut: true, unhealthy: [] });
  expect(slow.created.length).toBe(20);
  const quick = slowServer(1);
  expect(await act(quick.context, view, plan)).toEqual({ held: undefined, isCut: false, unhealthy: [] });
  expect(quick.created.length).toBe(200);
});
