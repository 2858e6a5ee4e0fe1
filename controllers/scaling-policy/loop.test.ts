import { afterEach, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { ScalingPolicy } from "../../api-types/scaling-policy.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { createMemoryMetrics } from "../../drivers/metrics/memory.js";
import { createMetrics } from "../../platform/metrics.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { NOW, sample } from "../testing/objects.js";
import { scalingPolicyController } from "./controller.js";

const KEY = { namespace: "default", name: "load" };
const LOAD = { name: "load", source: "instances", query: "network_in_bytes", intervalSeconds: 5 };
const UP = { name: "up", metric: "load", above: 30, change: { delta: 1 }, cooldownSeconds: 300 };
const DOWN = { name: "down", metric: "load", below: 10, change: { delta: -1 }, cooldownSeconds: 300 };

/** A group of one available instance, its policy, and the source that measures it. */
async function open() {
  const source = createMemoryMetrics();
  const metrics = createMetrics();
  const world = await loopWorld({ loops: [scalingPolicyController], source, metrics });
  const group = { metadata: { name: "shop" }, spec: { services: [{ name: "web", command: ["web"] }] } };
  await world.put(ServiceGroup, sample(ServiceGroup, group));
  const instance = sample(Instance, {
    metadata: { name: "shop-web-1-a" },
    spec: { serviceGroup: "shop", service: "web", number: 1, revisionName: "shop-web-1" },
    status: {
      placement: { node: "n1", agentID: "a1", taskID: "t1", ports: [] },
      conditions: ["Ready", "Published"].map((type) => ({
        type,
        status: "True",
        reason: "Told",
        message: "",
        lastTransitionTime: "2026-01-01T12:00:00Z",
      })),
    },
  });
  await world.put(Instance, instance);
  const measure = (value: number) =>
    source.load("network_in_bytes", [{ subject: "t1", value, at: world.clock.now() + 3_600_000 }]);
  const read = () => world.settle(world.client.get(ScalingPolicy, KEY));
  const conditionOf = async (type: string) => (await read()).status?.conditions?.find((one) => one.type === type);
  const sizeOf = async () =>
    (await world.settle(world.client.get(ServiceGroup, { namespace: "default", name: "shop" }))).spec.replicas;
  return { ...world, world, source, metrics, measure, read, conditionOf, sizeOf };
}

const policyOf = (spec: object) =>
  sample(ScalingPolicy, {
    metadata: { name: "load" },
    spec: {
      scaleTargetRef: { name: "shop" },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [LOAD],
      rules: [UP, DOWN],
      ...spec,
    },
  });

describe("the scaling-policy loop", () => {
  let opened: LoopWorld | undefined;
  const begin = async (spec: object = {}) => {
    const all = await open();
    opened = all.world;
    await all.put(ScalingPolicy, policyOf(spec));
    all.start();
    return all;
  };
  afterEach(() => opened?.close());

  it("stores cooldown and time of a change at once; another leader goes on with both, and with those of that rule only", async () => {
    const all = await begin();
    all.measure(40);
    await all.clock.advance(6_000);
    expect(await all.sizeOf()).toBe(2);
    const { status } = await all.read();
    const scaledAt = Date.parse(status?.lastScaleTime ?? "");
    expect(scaledAt - NOW).toBeLessThan(6_000);
    expect(status?.rules).toEqual([
      { name: "up", cooldownUntil: new Date(scaledAt + 300_000).toISOString() },
      { name: "down" },
    ]);
    all.restart();
    await all.clock.advance(70_000);
    expect(await all.sizeOf()).toBe(2);
    expect((await all.read()).status?.lastScaleTime).toBe(status?.lastScaleTime);
    // it never fired: nothing cools down
    all.measure(5);
    await all.clock.advance(6_000);
    expect(await all.sizeOf()).toBe(1);
  });

  it("forgets a metric that the policy names no more: neither its failure nor its reading is shown", async () => {
    const all = await begin({ metrics: [LOAD, { ...LOAD, name: "other", query: "memory_usage" }] });
    all.measure(20);
    await all.clock.advance(6_000);
    expect(await all.conditionOf("ScalingActive")).toMatchObject({
      status: "False",
      message: expect.stringMatching(/^other: /),
    });
    await all.settle(all.client.patch(ScalingPolicy, KEY, { spec: { metrics: [LOAD] } }));
    await all.clock.advance(6_000);
    expect(await all.conditionOf("ScalingActive")).toMatchObject({ status: "True", reason: "MetricsRead" });
    expect(await all.metrics.text()).toMatch(/rackwright_scaling_metric\{[^}]*metric="load"\} 20/);
    await all.settle(all.client.delete(ScalingPolicy, KEY));
    await all.clock.advance(6_000);
    expect(await all.metrics.text()).not.toMatch(/rackwright_scaling_metric\{/);
  });

  it("says at once that it saw a new specification", async () => {
    const all = await begin();
    all.measure(20);
    await all.clock.advance(6_000);
    await all.settle(all.client.patch(ScalingPolicy, KEY, { spec: { rules: [UP] } }));
    await all.clock.advance(1_000);
    const { metadata, status } = await all.read();
    expect(status?.observedGeneration).toBe(metadata.generation);
    expect(status?.rules).toEqual([{ name: "up" }]);
  });

  it("begins anew with another policy of the same name", async () => {
    const all = await begin();
    all.measure(40);
    await all.clock.advance(6_000);
    expect(await all.sizeOf()).toBe(2);
    await all.settle(all.client.delete(ScalingPolicy, KEY));
    await all.put(ScalingPolicy, policyOf({}));
    await all.clock.advance(6_000);
    expect(await all.sizeOf()).toBe(3);
  });
});
