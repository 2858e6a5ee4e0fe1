import { afterEach, describe, expect, it } from "vitest";
import { Event } from "../../api-types/core/event.js";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { Instance } from "../../api-types/instance.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { type LoopWorld, loopWorld } from "../testing/loops.js";
import { at, available, condition, group, node, rack, revision, sample } from "../testing/objects.js";
import { probeController } from "./controller.js";

const HOST = "10.0.0.1";

let world: LoopWorld;
afterEach(() => world.close());

/** `count` running instances that are checked by the controller on ports from 1001 on; all answer. */
async function open(
  count: number,
  {
    check = {},
    startedAt = at(-3600),
    heardAt = startedAt,
  }: { check?: object; startedAt?: string; heardAt?: string } = {},
) {
  world = await loopWorld({ loops: [probeController] });
  const healthChecks = [
    { name: "up", httpGet: { path: "/health", port: "web" }, periodSeconds: 10, probeFrom: "Controller", ...check },
  ];
  const network = { mode: "Host", ports: [{ name: "web", hostPort: 8080 }] };
  const owner = group({ services: [{ name: "web", image: "web", network, healthChecks }] });
  const [template] = owner.spec.services;
  if (template === undefined) throw new Error("the group has a service");
  await world.put(Rack, rack());
  await world.put(Node, node("n1", { address: HOST }));
  await world.put(ServiceGroup, owner);
  await world.put(Revision, revision(template));
  for (let number = 1; number <= count; number++) {
    const port = 1000 + number;
    const member = available({ name: `w${number}`, number, status: { startedAt } });
    const placement = { ...member.status?.placement, ports: [{ name: "web", port, protocol: "TCP" }] };
    const conditions = [condition("Running", "True", { lastTransitionTime: heardAt })];
    await world.put(
      Instance,
      sample(Instance, { ...member, status: { ...member.status, placement, conditions } } as never),
    );
    world.prober.serve(HOST, port, { status: 200 });
  }
  world.start();
  await world.clock.advance(0);
}

const probeOf = async (name = "w1") => (await world.instance(name)).status?.probes?.[0];

describe("the probe loop", () => {
  it("asks first within five seconds, then once a period, and writes what it learns once", async () => {
    await open(1);
    await world.clock.advance(5000);
    expect(await probeOf()).toMatchObject({ name: "up", isPassing: true, consecutiveFailures: 0 });
    expect(world.prober.asked).toEqual([
      expect.objectContaining({ type: "http", host: HOST, port: 1001, path: "/health" }),
    ]);
    const writes = world.writes.length;
    await world.clock.advance(100_000);
    expect(world.prober.asked).toHaveLength(11);
    expect(world.writes.length).toBe(writes);
  });

  it("counts failures up to the threshold, and writes no more of them", async () => {
    await open(1);
    await world.clock.advance(5000);
    world.prober.serve(HOST, 1001, { status: 500 });
    await world.clock.advance(30_000);
    expect(await probeOf()).toMatchObject({ isPassing: false, consecutiveFailures: 3, message: "answered 500" });
    const writes = world.writes.length;
    await world.clock.advance(100_000);
    expect(world.writes.length).toBe(writes);
    world.prober.serve(HOST, 1001, { status: 204 });
    await world.clock.advance(10_000);
    expect(await probeOf()).toMatchObject({ isPassing: true, consecutiveFailures: 0 });
    expect((await probeOf())?.message).toBeUndefined();
  });

  it("counts no failure within the grace period, all after it", async () => {
    await open(1, { check: { gracePeriodSeconds: 60 }, startedAt: at(0) });
    world.prober.serve(HOST, 1001, undefined);
    await world.clock.advance(55_000);
    expect(await probeOf()).toMatchObject({ isPassing: false, consecutiveFailures: 0 });
    await world.clock.advance(20_000);
    expect((await probeOf())?.consecutiveFailures).toBe(2);
  });

  it.each([3600, -3600])("R30 counts the grace period by our clock when the agent's is %d s off", async (seconds) => {
    await open(1, { check: { gracePeriodSeconds: 60 }, startedAt: at(seconds), heardAt: at(0) });
    world.prober.serve(HOST, 1001, undefined);
    await world.clock.advance(55_000);
    expect((await probeOf())?.consecutiveFailures).toBe(0);
    await world.clock.advance(20_000);
    expect((await probeOf())?.consecutiveFailures).toBe(2);
  });

  it("ends the grace period with the first success", async () => {
    await open(1, { check: { gracePeriodSeconds: 600 }, startedAt: at(0) });
    await world.clock.advance(5000);
    world.prober.serve(HOST, 1001, undefined);
    await world.clock.advance(20_000);
    expect((await probeOf())?.consecutiveFailures).toBe(2);
  });

  it("keeps the last result and its time over a change of leader", async () => {
    await open(1);
    await world.clock.advance(5000);
    world.prober.serve(HOST, 1001, undefined);
    await world.clock.advance(10_000);
    const before = await probeOf();
    world.restart();
    await world.clock.advance(0);
    expect(await probeOf()).toEqual(before);
    await world.clock.advance(10_000);
    expect(await probeOf()).toMatchObject({ consecutiveFailures: 2, since: before?.since });
  });

  it("asks nobody out of reach, and forgets nothing of it", async () => {
    await open(1);
    await world.clock.advance(5000);
    const { asked } = world.prober;
    const { startedAt, placement } = (await world.instance("w1")).status ?? {};
    const conditions = [condition("Running", "Unknown")];
    await world.report("w1", { startedAt, placement, conditions, lastStatus: { state: "Unreachable" } });
    const before = asked.length;
    await world.clock.advance(60_000);
    expect(asked.length).toBe(before);
    expect(await probeOf()).toMatchObject({ isPassing: true });
  });

  it("has never more under way than its bound, and forgets nobody", async () => {
    await open(300, { check: { periodSeconds: 30, timeoutSeconds: 10 } });
    for (let port = 1001; port <= 1300; port++) world.prober.serve(HOST, port, {});
    let most = 0;
    for (let second = 0; second < 30; second++) {
      await world.clock.advance(1000);
      most = Math.max(most, world.prober.inFlight());
    }
    expect(most).toBe(256);
    expect(new Set(world.prober.asked.map(({ port }) => port)).size).toBe(300);
  }, 30_000);
});

describe("R3 a prober that is blind", () => {
  it("holds back what turned bad at once, says so, and goes on when it sees again", async () => {
    await open(10);
    await world.clock.advance(5000);
    for (let port = 1001; port <= 1010; port++) world.prober.serve(HOST, port, undefined);
    await world.clock.advance(300_000);
    const members = await Promise.all(Array.from({ length: 10 }, (_, index) => probeOf(`w${index + 1}`)));
    // the first ones are told before there are enough of them to doubt
    expect(members.filter((probe) => probe?.isPassing === false)).toHaveLength(3);
    expect(members.every((probe) => (probe?.consecutiveFailures ?? 0) < 3)).toBe(true);
    const events = world.client.list(Event);
    await world.clock.advance(0);
    expect((await events).items.map(({ reason }) => reason)).toEqual(["ProbesDoubted"]);
    for (let port = 1001; port <= 1009; port++) world.prober.serve(HOST, port, { status: 200 });
    await world.clock.advance(50_000);
    expect(await probeOf("w9")).toMatchObject({ isPassing: true });
    expect(await probeOf("w10")).toMatchObject({ isPassing: false, consecutiveFailures: 3 });
  });

  it("believes what a person allows to be believed", async () => {
    await open(10);
    await world.clock.advance(5000);
    for (let port = 1001; port <= 1010; port++) world.prober.serve(HOST, port, undefined);
    await world.clock.advance(60_000);
    const failing = async () => {
      const members = await Promise.all(Array.from({ length: 10 }, (_, index) => probeOf(`w${index + 1}`)));
      return members.filter((probe) => probe?.consecutiveFailures === 3).length;
    };
    expect(await failing()).toBe(0);
    const spec = { rackName: "rack", classes: ["tasks"], maxRemovals: 10, reason: "real", expires: at(1800) };
    await world.put(DisruptionOverride, sample(DisruptionOverride, { metadata: { name: "real" }, spec }));
    await world.clock.advance(40_000);
    expect(await failing()).toBe(10);
  });

  it("believes a few", async () => {
    await open(10);
    await world.clock.advance(5000);
    for (const port of [1001, 1002, 1003]) world.prober.serve(HOST, port, undefined);
    await world.clock.advance(60_000);
    for (const name of ["w1", "w2", "w3"]) expect((await probeOf(name))?.consecutiveFailures).toBe(3);
  });
});
