import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { Advertisement } from "../driver.js";
import { createMemoryAdvertising } from "./memory.js";
import { advertisingDriverSuite } from "./suite.js";

const PREFIX = "192.168.2.3/32";

advertisingDriverSuite("memory", async () => {
  const clock = virtualClock();
  const driver = createMemoryAdvertising({ clock, periodMs: 5000 });
  return {
    driver,
    told: () => [...driver.items().keys()],
    async until(isDone) {
      for (let tries = 0; !(await isDone()); tries += 1) {
        if (tries === 50) throw new Error("it never came to be");
        await clock.advance(100);
      }
    },
    close: async () => driver.close(),
  };
});

describe("createMemoryAdvertising", () => {
  it.each<[string, Advertisement, boolean]>([
    ["a policy of others", { type: "policy", name: "theirs", sources: "STATIC", isOurs: false }, false],
    ["a build without policies", { type: "unable", why: "NoPolicies", reason: "" }, false],
    ["a BGP that does not run", { type: "unable", why: "Disabled", reason: "" }, true],
  ])("takes %s into account", async (_, item, isAccepted) => {
    const driver = createMemoryAdvertising({ clock: virtualClock(), periodMs: 5000 });
    driver.load([item]);
    const change = driver.apply({ type: "advertise", prefix: PREFIX });
    await (isAccepted ? change : expect(change).rejects.toThrow(PREFIX));
    expect(driver.items().has(PREFIX)).toBe(isAccepted);
  });
});
