import { describe, expect, it } from "vitest";
import { createMetrics } from "./metrics.js";

describe("createMetrics", () => {
  it("gives the same metric for the same name, and refuses another type", async () => {
    const metrics = createMetrics();
    const options = { name: "things_total", help: "Things", labelNames: ["kind"] };
    metrics.counter(options).inc({ kind: "a" });
    metrics.counter(options).inc({ kind: "a" });
    expect(await metrics.text()).toContain('things_total{kind="a"} 2');
    expect(() => metrics.gauge(options)).toThrow("things_total exists with another type");
  });

  it("computes gauges when asked, until stopped", async () => {
    const metrics = createMetrics();
    const gauge = metrics.gauge({ name: "depth", help: "Depth" });
    let depth = 1;
    const stop = metrics.onCollect(() => gauge.set(depth));
    expect(await metrics.text()).toContain("depth 1");
    depth = 2;
    stop();
    expect(await metrics.text()).toContain("depth 1");
  });

  it("keeps processes apart, and includes their own figures on request", async () => {
    createMetrics().counter({ name: "a_total", help: "A" }).inc();
    const other = createMetrics({ isProcessIncluded: true });
    const text = await other.text();
    expect(text).not.toContain("a_total");
    expect(text).toContain("process_cpu_seconds_total");
    expect(text).toContain("nodejs_eventloop_lag_seconds");
    expect(other.contentType).toContain("text/plain");
  });

  it("counts observations in buckets of seconds", async () => {
    const metrics = createMetrics();
    metrics.histogram({ name: "wait_seconds", help: "Wait" }).observe(0.03);
    expect(await metrics.text()).toContain('wait_seconds_bucket{le="0.05"} 1');
  });
});
