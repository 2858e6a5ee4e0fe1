import { describe, expect, it } from "vitest";
import type { Point } from "../../drivers/metrics/driver.js";
import { createMetrics } from "../../platform/metrics.js";
import { createGauges } from "./gauges.js";

const pointOf = (instance: string, fields: Record<string, number>): Point => ({
  series: "stats",
  tags: { hostname: "bl1", container_name: "web-1", namespace: "default", group: "g", service: "web", instance },
  fields,
  at: 0,
});

/** The lines about instances. */
async function linesOf(metrics: ReturnType<typeof createMetrics>): Promise<readonly string[]> {
  return (await metrics.text()).split("\n").filter((line) => line.startsWith("rackwright_instance"));
}

describe("createGauges", () => {
  it("shows exactly what a rack's last round found", async () => {
    const metrics = createMetrics();
    const gauges = createGauges(metrics, {});
    await gauges.show("one", [pointOf("a", { memory_usage: 1, cpu_usage_user: 2 }), pointOf("b", { memory_usage: 3 })]);
    await gauges.show("two", [pointOf("c", { memory_usage: 4 })]);
    await gauges.show("one", [pointOf("b", { memory_usage: 5 })]);
    const labels = (instance: string) => `{namespace="default",group="g",service="web",instance="${instance}"}`;
    expect(new Set(await linesOf(metrics))).toEqual(
      new Set([`rackwright_instance_memory_bytes${labels("b")} 5`, `rackwright_instance_memory_bytes${labels("c")} 4`]),
    );
    gauges.forget("one");
    expect(await linesOf(metrics)).toEqual([`rackwright_instance_memory_bytes${labels("c")} 4`]);
  });

  it("shows at most 10,000 values of a rack", async () => {
    const metrics = createMetrics();
    const points = Array.from({ length: 11_000 }, (_unused, index) => pointOf(`i${index}`, { memory_usage: index }));
    await createGauges(metrics, {}).show("one", points);
    expect(await linesOf(metrics)).toHaveLength(10_000);
  });

  it("does nothing where there are no metrics", async () => {
    const gauges = createGauges(undefined, {});
    await gauges.show("one", [pointOf("a", { memory_usage: 1 })]);
    gauges.count("one", "written", 1);
    gauges.note("one", { waiting: 0, silent: 0 });
    expect(() => gauges.forget("one")).not.toThrow();
  });
});
