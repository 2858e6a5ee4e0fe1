import { expect, it } from "vitest";
import { TransportError } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createMemoryBalancer } from "./memory.js";
import { balancerDriverSuite } from "./suite.js";

balancerDriverSuite("memory", async () => {
  const clock = virtualClock();
  const driver = createMemoryBalancer({ clock, periodMs: 5000 });
  return {
    driver,
    ports: [10_000, 10_001],
    targets: [
      { id: "demo.a.1", address: "10.0.0.1", port: 80 },
      { id: "demo.b.2", address: "10.0.0.2", port: 81 },
    ],
    occupy: async (port) => driver.occupy([port]),
    reloads: async () => driver.reloads(),
    restart: async () => driver.restart(false),
    async until(isDone) {
      if (!(await clock.advanceUntil(isDone, 60_000))) throw new Error("never happened");
    },
    close: async () => driver.close(),
  };
});

it("a broken one says nothing and does nothing", async () => {
  const driver = createMemoryBalancer({ clock: virtualClock(), periodMs: 5000 });
  driver.breakReads("the socket is gone");
  expect(await driver.read("80")).toEqual({ type: "unknown", reason: "the socket is gone" });
  driver.breakWrites(new TransportError("refused", { isSent: false }));
  await expect(driver.apply({ type: "layout", ports: [] })).rejects.toThrow("refused");
});
