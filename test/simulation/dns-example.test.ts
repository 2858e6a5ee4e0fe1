import { describe, expect, it } from "vitest";
import { dnsExample } from "./schedule/dns-example.js";
import { runSchedule } from "./schedule/run.js";

describe("the DNS example in virtual time", () => {
  it("keeps every rule and ends still", async () => {
    const result = await runSchedule({ seed: 1, scenario: dnsExample });
    expect(result.faults).toEqual([]);
  });
});
