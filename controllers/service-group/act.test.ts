import { describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Client } from "../../client/client.js";
import { silentLogger } from "../../platform/log.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import type { LoopContext } from "../context.js";
import { available, group, revision, service } from "../testing/objects.js";
import { act } from "./act.js";
import type { GroupStep } from "./life/model.js";
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

/** A server that notes what it is asked; `answers` by method. */
function recording(answers: Partial<Record<"get" | "patch" | "delete" | "create", () => unknown>> = {}) {
  const calls: string[] = [];
  const answer = (method: "get" | "patch" | "delete" | "create") => async (kind: { kind: string }, key: object) => {
    const { name } = { ...key, ...("metadata" in key ? (key.metadata as object) : {}) } as { name: string };
    calls.push(`${method} ${kind.kind} ${name}`);
    return answers[method]?.() ?? key;
  };
  // only what the steps of these tests call
  const client = { get: answer("get"), patch: answer("patch"), delete: answer("delete"), create: answer("create") };
  const context = { clock: virtualClock(), client, random: { suffix: () => "x" }, log: silentLogger };
  const carryOut = (steps: readonly GroupStep[], instances: readonly Instance[] = []) =>
    act(context as unknown as LoopContext, viewOf(group(), instances), { steps });
  return { calls, carryOut };
}

describe("a release", () => {
  const one = available({ name: "a" });
  const release: GroupStep = { type: "release", instance: one, reason: "ScaledDown" };

  it("R2 is not made when the group is another one by now", async () => {
    const { calls, carryOut } = recording({ get: () => group({}, { generation: 2 }) });
    await expect(carryOut([release])).rejects.toThrow(
      "releasing instances of servicegroup default/shop: the cached group is outdated",
    );
    expect(calls).toEqual(["get ServiceGroup shop"]);
  });

  it("says that it may leave, then deletes it; once", async () => {
    const { calls, carryOut } = recording({ get: () => group() });
    await carryOut([release]);
    expect(calls).toEqual(["get ServiceGroup shop", "patch Instance a", "delete Instance a"]);
    const again = recording({ get: () => group() });
    await again.carryOut([{ ...release, instance: available({ name: "a", leave: "ScaledDown" }) }]);
    expect(again.calls).toEqual(["get ServiceGroup shop"]);
  });
});

it("R22 lets a revision be that somebody touched since", async () => {
  const touched = { ...revision(service()), metadata: { ...revision(service()).metadata, resourceVersion: "7" } };
  const step: GroupStep = { type: "deleteRevision", revision: touched };
  const conflict = () => {
    throw new StatusError("Conflict", "it is another one");
  };
  const { calls, carryOut } = recording({ delete: conflict });
  await carryOut([step]);
  expect(calls).toEqual(["delete Revision shop-web-1"]);
  const broken = () => {
    throw new StatusError("InternalError", "no");
  };
  await expect(recording({ delete: broken }).carryOut([step])).rejects.toThrow("no");
});
