import { describe, expect, it } from "vitest";
import { runSchedule } from "../schedule/run.js";
import { COMPUTE_SCENARIOS } from "./scenarios.js";

/** Seeds with faults that each scenario is played with; `hack/simulate.ts --scenario NAME` plays as many as wanted. */
const SEEDS = 3;

describe("what a scheduler of groups has to get right", () => {
  for (const scenario of COMPUTE_SCENARIOS) {
    it(`${scenario.name} without faults`, async () => {
      const { faults } = await runSchedule({ seed: 1, scenario });
      expect(faults).toEqual([]);
    });

    it(`${scenario.name} whatever ${SEEDS} seeds draw`, async () => {
      for (let seed = 100; seed < 100 + SEEDS; seed++) {
        const { faults, script } = await runSchedule({ seed, scenario, isChaotic: true });
        expect(faults, `seed ${seed}:\n${script.join("\n")}`).toEqual([]);
      }
    });
  }
});
