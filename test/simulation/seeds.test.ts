import { describe, expect, it } from "vitest";
import { dnsExample } from "./schedule/dns-example.js";
import { runSchedule } from "./schedule/run.js";
import { smallRack } from "./schedule/small-rack.js";

// `make test-simulation SEEDS=N` plays as many as wanted

describe("schedules drawn from a seed", () => {
  for (const [scenario, count] of [
    [smallRack, 12],
    [dnsExample, 4],
  ] as const) {
    it(`${scenario.name} ends Ready and still after whatever ${count} seeds draw`, async () => {
      for (let seed = 1000; seed < 1000 + count; seed++) {
        const { faults, script } = await runSchedule({ seed, scenario, isChaotic: true });
        expect(faults, `seed ${seed}:\n${script.join("\n")}`).toEqual([]);
      }
    });
  }

  it("the same seed sends the same requests at the same times, another seed does not", async () => {
    const hashes: string[] = [];
    for (const scenario of [smallRack, dnsExample]) {
      for (const seed of scenario === smallRack ? [1, 2, 3, 4, 5] : [6, 7]) {
        const first = await runSchedule({ seed, scenario, isChaotic: true });
        const second = await runSchedule({ seed, scenario, isChaotic: true });
        expect(second.traceHash).toBe(first.traceHash);
        hashes.push(first.traceHash);
      }
    }
    expect(new Set(hashes).size).toBe(7);
  });
});
