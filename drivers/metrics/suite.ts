import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MetricDriver, MetricResult } from "./driver.js";

/** A driver beside the source it asks, for one test. Task `t1` and `t2` run on agent `a1`, `t3` on agent `a2`. */
export interface MetricHarness {
  readonly driver: MetricDriver;
  /** A query the source understands. */
  readonly query: string;
  /** Makes the next query find these values per task, and nothing about others. */
  prepare(values: ReadonlyMap<string, number>): Promise<void>;
  /** From now on the whole source fails. */
  breakSource(): void;
}

/** The promises of every MetricDriver. */
export function metricDriverSuite(name: string, open: () => Promise<MetricHarness>): void {
  describe(`MetricDriver: ${name}`, () => {
    let harness: MetricHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.driver.close());

    const ask = (...taskIds: string[]) =>
      harness.driver.query({
        query: harness.query,
        tasks: taskIds.map((taskId) => ({ taskId, agentId: taskId === "t3" ? "a2" : "a1" })),
      });
    const valuesOf = (result: MetricResult) =>
      result.type === "Unknown"
        ? undefined
        : new Map(result.samples.map((sample) => [sample.subject, Number(sample.value.toFixed(6))]));

    it("answers completely when every task has a value", async () => {
      await harness.prepare(
        new Map([
          ["t1", 100],
          ["t2", 200],
          ["t3", 0],
        ]),
      );
      const result = await ask("t1", "t2", "t3");
      expect(result.type).toBe("Complete");
      expect(valuesOf(result)).toEqual(
        new Map([
          ["t1", 100],
          ["t2", 200],
          ["t3", 0],
        ]),
      );
    });

    it("tells only of the tasks it was asked for", async () => {
      await harness.prepare(
        new Map([
          ["t1", 100],
          ["t2", 200],
          ["t3", 300],
        ]),
      );
      expect(valuesOf(await ask("t2"))).toEqual(new Map([["t2", 200]]));
    });

    it("answers partially when a task has no value (R25)", async () => {
      await harness.prepare(
        new Map([
          ["t1", 100],
          ["t3", 300],
        ]),
      );
      const result = await ask("t1", "t2", "t3");
      expect(result.type).toBe("Partial");
      expect(valuesOf(result)).toEqual(
        new Map([
          ["t1", 100],
          ["t3", 300],
        ]),
      );
    });

    it("is Unknown when the source fails, never an empty answer (R25)", async () => {
      await harness.prepare(new Map([["t1", 100]]));
      harness.breakSource();
      expect(await ask("t1")).toMatchObject({ type: "Unknown", reason: expect.stringMatching(/./) });
    });

    it("leaves out values that are not numbers (R25)", async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        await harness.prepare(
          new Map([
            ["t1", value],
            ["t2", 5],
          ]),
        );
        const result = await ask("t1", "t2");
        expect(result.type).toBe("Partial");
        expect(valuesOf(result)).toEqual(new Map([["t2", 5]]));
      }
    });
  });
}
