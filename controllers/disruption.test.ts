import { describe, expect, it } from "vitest";
import type { Action } from "../actuation/action.js";
import type { Overrides } from "../actuation/admission.js";
import { DisruptionOverride } from "../api-types/disruption-override.js";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import { Rack } from "../api-types/rack.js";
import type { Client } from "../client/client.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { createCache } from "../runtime/cache.js";
import { freezeReason, overridesOf } from "./disruption.js";
import { at, condition, NOW, rack, sample } from "./testing/objects.js";

function cacheOf<K extends Kind>(kind: K, objects: readonly ObjectOf<K>[]) {
  const cache = createCache(kind);
  cache.apply({ type: "Synced", objects, resourceVersion: "1" });
  return cache;
}

function override(spec: Record<string, unknown>, removals?: number) {
  const base = { rackName: "rack", classes: ["names"], maxRemovals: 3, reason: "test", expires: at(600) };
  return sample(DisruptionOverride, {
    metadata: { name: "allow" },
    spec: { ...base, ...spec },
    ...(removals === undefined ? {} : { status: { removals } }),
  });
}

// nothing here writes
const NO_CLIENT = undefined as unknown as Client;

describe("R4 an override", () => {
  it.each([
    ["allows what it names", override({}), 3, true],
    ["allows no more than it says", override({}), 4, false],
    ["counts what was removed under it", override({}, 2), 2, false],
    ["allows the rest of it", override({}, 2), 1, true],
    ["ends when it expires", override({ expires: at(0) }), 1, false],
    ["is for its rack only", override({ rackName: "other" }), 1, false],
    ["is for its classes only", override({ classes: ["tasks", "routes"] }), 1, false],
  ])("%s", (_, object, count, isAllowed) => {
    const overrides = overridesOf({
      client: NO_CLIENT,
      clock: virtualClock(NOW),
      overrides: cacheOf(DisruptionOverride, [object]),
    });
    expect(overrides.find("rack", "names", count)).toBe(isAllowed ? "allow" : undefined);
  });
});

describe("R20 a store that went back", () => {
  const ground = { type: "tombstone", owner: "u" } as const;
  const common = { rack: "rack", key: "k", change: {}, message: "", cause: [], evidence: [] };
  const removal: Action = { ...common, type: "dns.deregister", ground };
  const addition: Action = { ...common, type: "dns.register" };
  const regressed = rack({}, {}, { conditions: [condition("StoreRegressed", "True")] });

  /** Overrides that allow the classes given, and what was used of them. */
  function allowing(...classes: readonly string[]): Overrides & { readonly used: string[] } {
    const used: string[] = [];
    return {
      used,
      find: (_, budgetClass) => (classes.includes(budgetClass) ? budgetClass : undefined),
      use: async (name, count) => void used.push(`${name} ${count}`),
    };
  }

  it.each<[string, Rack, Action, boolean]>([
    ["freezes removals", regressed, removal, true],
    ["does not freeze additions", regressed, addition, false],
    ["is a matter of its own rack", regressed, { ...removal, rack: "other" }, false],
    ["that did not go back freezes nothing", rack(), removal, false],
  ])("%s", async (_, object, action, isFrozen) => {
    const reason = await freezeReason(cacheOf(Rack, [object]), allowing())(action);
    expect(reason?.includes("StoreRegressed") ?? false).toBe(isFrozen);
  });

  it.each([
    ["dns.deregister", "names"],
    ["route.remove", "routes"],
    ["task.kill", "tasks"],
  ] as const)("an override of its class lets %s through, and is counted", async (type, budgetClass) => {
    const overrides = allowing(budgetClass);
    expect(await freezeReason(cacheOf(Rack, [regressed]), overrides)({ ...removal, type })).toBeUndefined();
    expect(overrides.used).toEqual([`${budgetClass} 1`]);
    const others = allowing(...["names", "routes", "tasks"].filter((other) => other !== budgetClass));
    expect(await freezeReason(cacheOf(Rack, [regressed]), others)({ ...removal, type })).toContain("frozen");
  });
});
