import { afterEach, describe, expect, it } from "vitest";
import type { Outcome } from "../../actuation/action.js";
import { Event } from "../../api-types/core/event.js";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { Instance } from "../../api-types/instance.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type LoopWorld, type LoopWorldOptions, loopWorld } from "../testing/loops.js";
import {
  at,
  available,
  condition,
  ended,
  group,
  NOW,
  placed,
  rack,
  sample,
  unhealthy,
  unreachable,
} from "../testing/objects.js";
import { serviceGroupController } from "./controller.js";

let world: LoopWorld;
afterEach(() => world.close());

async function open(groups: readonly ServiceGroup[], options: Partial<Parameters<typeof loopWorld>[0]> = {}) {
  world = await loopWorld({ loops: [serviceGroupController], ...options });
  await world.put(Rack, rack());
  for (const one of groups) await world.put(ServiceGroup, one);
  world.start();
  await world.clock.advance(3500);
}

const instances = async () => (await world.settle(world.client.list(Instance, { namespace: "default" }))).items;
/** Everything that other loops would say of an instance that serves, or does not. */
async function serve(sampleOf: (fields: { name: string }) => Instance = available): Promise<void> {
  for (const { metadata } of await instances())
    await world.report(metadata.name, sampleOf({ name: metadata.name }).status ?? {});
}

async function events(reason: string): Promise<readonly string[]> {
  const { items } = await world.settle(world.client.list(Event, { namespace: "default" }));
  return items.filter((event) => event.reason === reason).map(({ message }) => message ?? "");
}

const webs = (count: number, fields: object = {}) =>
  group({ services: [{ name: "web", image: "web", instances: count, ...fields }] });

describe("what people are told", () => {
  it("names those that were created together in one Event", async () => {
    await open([webs(5)]);
    const name = "shop-web-\\d-[a-z0-9]{5}";
    expect(await events("InstanceCreated")).toEqual([
      expect.stringMatching(new RegExp(`^created ${name}, ${name}, ${name} and 2 more$`)),
    ]);
  });
});

const CHECKED = {
  network: { ports: [{ name: "p", hostPort: 80 }] },
  healthChecks: [{ name: "a", tcpSocket: { port: 80 } }],
};
const refusing: LoopWorldOptions["outcomeOf"] = (action): Outcome => ({
  type: "refused",
  action,
  reason: "BudgetExceeded",
  message: "the budget holds 0 of 5",
});

describe("how often a group is looked at", () => {
  it("at once, then five times a second at most, and nothing is missed", async () => {
    await open([webs(1)]);
    const resize = (count: number) =>
      world.settle(
        world.client.patch(ServiceGroup, { namespace: "default", name: "shop" }, { spec: { scale: { web: count } } }),
      );
    const counts: number[] = [];
    for (const count of [2, 3, 4]) {
      await resize(count);
      counts.push((await instances()).length);
      await world.clock.advance(90);
    }
    await world.clock.advance(20);
    counts.push((await instances()).length);
    expect(counts).toEqual([2, 2, 2, 4]);
  });
});

it("R15 tries what fails again at the pace of the back-off", async () => {
  let calls = 0;
  const failing = () => {
    calls += 1;
    throw new StatusError("ServiceUnavailable", "the executor is gone");
  };
  await open([webs(3, CHECKED)], { outcomeOf: failing });
  await serve();
  const name = (await instances())[0]?.metadata.name ?? "";
  await world.report(name, unhealthy({ name }).status ?? {});
  await world.clock.advance(60_000);
  expect(calls).toBeGreaterThan(3);
  expect(calls).toBeLessThan(30);
});

describe("R4 what a budget holds", () => {
  it("is asked for again every ten seconds, not at every look, and at once when a person allows it", async () => {
    await open([webs(3, CHECKED)], { outcomeOf: refusing });
    await serve();
    const [sick] = await instances();
    const name = sick?.metadata.name ?? "";
    await world.report(name, unhealthy({ name }).status ?? {});
    for (let second = 0; second < 9; second++) {
      await world.report(name, { ...unhealthy({ name }).status, startedAt: at(second) });
      await world.clock.advance(1000);
    }
    expect(world.actions).toHaveLength(1);
    const { status } = await world.settle(world.client.get(ServiceGroup, { namespace: "default", name: "shop" }));
    expect(status?.conditions?.find(({ type }) => type === "Held")).toMatchObject({
      reason: "HealthRemovalHeld",
      message: `${name} is unhealthy and stays for now: the budget holds 0 of 5; wait for the budget, or allow it with a DisruptionOverride of class tasks`,
    });
    await world.clock.advance(11_000);
    expect(world.actions).toHaveLength(2);
    const spec = { rackName: "rack", classes: ["tasks"], maxRemovals: 5, reason: "night", expires: at(1800) };
    await world.put(DisruptionOverride, sample(DisruptionOverride, { metadata: { name: "now" }, spec }));
    await world.clock.advance(1000);
    expect(world.actions).toHaveLength(3);
  });
});

describe("groups that are deleted together", () => {
  const services = [{ name: "web", image: "web" }];
  const base = group({ services }, { name: "base" });
  const above = group({ services, dependsOn: ["base"] }, { name: "above" });
  const remove = (name: string) => world.settle(world.client.delete(ServiceGroup, { namespace: "default", name }));
  const leaving = async () =>
    (await instances())
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map(({ spec }) => spec.serviceGroup);

  async function openBoth(): Promise<void> {
    await open([base, above]);
    await serve();
    await world.clock.advance(1500);
    await serve();
    expect((await instances()).map(({ spec }) => spec.serviceGroup).sort()).toEqual(["above", "base"]);
  }

  it("leave in the reverse of their dependencies, in whatever order they were named", async () => {
    await openBoth();
    await remove("base");
    await world.clock.advance(500);
    expect(await leaving()).toEqual([]);
    await remove("above");
    await world.clock.advance(10_000);
    expect(await leaving()).toEqual(["above"]);
  });

  it("one alone leaves a moment later, whatever depends on it", async () => {
    await openBoth();
    await remove("base");
    await world.clock.advance(2500);
    expect(await leaving()).toEqual([]);
    await world.clock.advance(1000);
    expect(await leaving()).toEqual(["base"]);
  });
});

it("restarts what a clock that is ahead orders when that time has come", async () => {
  await open([webs(1)]);
  await serve();
  const restartedAt = at(30);
  await world.settle(
    world.client.patch(ServiceGroup, { namespace: "default", name: "shop" }, { spec: { restartedAt } }),
  );
  await world.clock.advance(20_000);
  expect(await instances()).toHaveLength(1);
  await world.clock.advance(8000);
  expect(await instances()).toHaveLength(2);
});

describe("R30 a wall clock that steps", () => {
  /** Virtual time whose wall clock can be set. */
  function steppable() {
    const clock = virtualClock(NOW);
    let stepMs = 0;
    const set = (seconds: number) => {
      stepMs += seconds * 1000;
    };
    return { ...clock, now: () => clock.now() + stepMs, set };
  }
  const STEPS = [3600, -3600];

  it.each(STEPS)("by %d s replaces what is out of reach neither earlier nor later", async (seconds) => {
    const clock = steppable();
    await open([webs(3)], { clock });
    await serve();
    const name = (await instances())[0]?.metadata.name ?? "";
    await world.report(name, unreachable({ name, seconds: -3 }).status ?? {});
    await clock.advance(2000);
    clock.set(seconds);
    await clock.advance(20_000);
    expect(await instances()).toHaveLength(3);
    await clock.advance(12_000);
    expect(await instances()).toHaveLength(4);
  });

  it.each(STEPS)("by %d s starts what failed again when it is due", async (seconds) => {
    const clock = steppable();
    await open([webs(1, { restart: { delaySeconds: 30 } })], { clock });
    const name = (await instances())[0]?.metadata.name ?? "";
    await world.report(name, ended({ name, endedAgo: -3 }).status ?? {});
    await clock.advance(2000);
    clock.set(seconds);
    await clock.advance(20_000);
    expect(await instances()).toHaveLength(1);
    await clock.advance(12_000);
    expect(await instances()).toHaveLength(2);
  });

  it.each(STEPS)("by %d s moves the deadline of an update not more than one that was met", async (seconds) => {
    const clock = steppable();
    await open([{ ...webs(1), spec: { ...webs(1).spec, progressDeadlineSeconds: 60 } }], { clock });
    const name = (await instances())[0]?.metadata.name ?? "";
    await world.report(name, {
      placement: placed(name).placement,
      conditions: [condition("Scheduled", "True", { lastTransitionTime: at(3) })],
    });
    await clock.advance(2000);
    clock.set(seconds);
    const progressing = async () => {
      const { status } = await world.settle(world.client.get(ServiceGroup, { namespace: "default", name: "shop" }));
      return status?.conditions?.find(({ type }) => type === "Progressing")?.reason;
    };
    await clock.advance(40_000);
    expect(await progressing()).toBe("InstancesChanging");
    await clock.advance(25_000);
    expect(await progressing()).toBe("DeadlineExceeded");
  });
});
