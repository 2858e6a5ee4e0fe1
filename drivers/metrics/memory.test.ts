import { describe, expect, it } from "vitest";
import { createMemoryMetrics } from "./memory.js";
import { metricDriverSuite } from "./suite.js";

metricDriverSuite("memory", async () => {
  const driver = createMemoryMetrics();
  return {
    driver,
    query: "network_in_bytes",
    async prepare(values) {
      driver.load(
        "network_in_bytes",
        [...values].map(([subject, value]) => ({ subject, value, at: 0 })),
      );
    },
    breakSource: () => driver.break("down"),
  };
});

describe("createMemoryMetrics", () => {
  it("answers for all with one series without a subject", async () => {
    const driver = createMemoryMetrics();
    driver.load("load", [{ subject: undefined, value: 3, at: 0 }]);
    expect((await driver.query({ query: "load", tasks: [{ taskId: "t", agentId: "a" }] })).type).toBe("Complete");
  });
});
