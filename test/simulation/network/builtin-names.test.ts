import { describe, expect, it } from "vitest";
import { DnsRecord } from "../../../api-types/dns-record.js";
import { conditionOf } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { ask, linesOf, summaryOf } from "../../../drivers/dns/builtin/testing/ask.js";
import {
  changeGroup,
  changeService,
  computeWorld,
  instancesOf,
  machines,
  sentSince,
  webGroup,
} from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import { MASTER } from "../world/rack.js";
import type { World } from "../world/world.js";

const BUILTIN = "{ type: Builtin, domain: service.torc, ttlSeconds: 30, builtin: { listen: 127.0.0.1:5300 } }";
const CONSUL = { type: "Consul", consul: { address: `http://${MASTER}:8500` } };
const DRAIN_SECONDS = 5;

async function webWorld(seed: number, { ttlSeconds = 20, dns = BUILTIN } = {}): Promise<World> {
  const groups = [
    webGroup("web", { instances: 2, more: `drainSeconds: ${DRAIN_SECONDS}` }).replace(
      "dns: {",
      `dns: { ttlSeconds: ${ttlSeconds}, `,
    ),
  ];
  const world = await computeWorld({ seed, nodes: machines(4), groups, dns });
  await world.until("both are Published", async () => (await publishedOf(world)) === 2, 120_000);
  return world;
}

async function publishedOf(world: World): Promise<number> {
  const { items } = await world.client.list(DnsRecord, { namespace: NAMESPACE });
  return items.filter(({ status }) => (status?.published ?? []).length > 0).length;
}

/** What a client hears now: the answer's code and lines; undefined: nothing. */
async function heard(world: World, name: string, type = "A") {
  return world.ask(() =>
    ask(`${name}.service.torc`, type, { network: world.messages }).then(
      (reply) => ({ code: summaryOf(reply), lines: linesOf(reply.answers) }),
      () => undefined,
    ),
  );
}

async function dnsReady(world: World): Promise<string> {
  const rack = await world.client.get(Rack, { name: "lab" });
  const condition = conditionOf(rack, "DnsReady");
  return `${condition?.status} ${condition?.reason} ${condition?.message}`.trim();
}

/** Milliseconds of virtual time at which the first task of the group was killed since then. */
async function killedAt(world: World, from: number): Promise<number> {
  await world.until("one is killed", () => sentSince(world, "kill", { group: "web", from }).length > 0, 300_000);
  return world.wire.slice(from).find(({ call }) => call.type === "kill")?.at ?? 0;
}

describe("names in the built-in server", () => {
  it("are answered once an instance is ready, with the time to live of its service", async () => {
    const world = await webWorld(71);
    const answer = await heard(world, "web");
    expect([answer?.code, answer?.lines.length]).toEqual(["NOERROR aa", 2]);
    expect(answer?.lines.every((line) => line.startsWith("web.service.torc 20 A 10.250.3."))).toBe(true);
    expect((await heard(world, "_http._tcp.web", "SRV"))?.lines).toHaveLength(2);
    expect((await heard(world, "web-1"))?.lines).toHaveLength(1);
    expect(await world.ask(() => dnsReady(world))).toBe("True BackendAnswers");
    expect(world.consul.snapshot().services.map(({ service }) => service)).toEqual(["consul"]);
    await world.stop();
  });

  it("R6 go first: the task is killed when nobody can hold its name any more, and clients had time to finish", async () => {
    const world = await webWorld(72);
    const from = world.wire.length;
    await changeService(world, "web", { instances: 1 });
    await world.until("one answer is left", async () => (await heard(world, "web"))?.lines.length === 1, 60_000);
    const goneAt = world.clock.monotonic();
    const elapsed = (await killedAt(world, from)) - goneAt;
    // the name went at most one look of `until` earlier
    expect(elapsed).toBeGreaterThanOrEqual((20 + 1 + DRAIN_SECONDS) * 1000 - 250);
    expect(elapsed).toBeLessThan(40_000);
    await world.stop();
  });

  it("R6 are waited for as long as they were answered with, though the time to live was lowered since, and across a restart", async () => {
    const world = await webWorld(73, { ttlSeconds: 90 });
    const lowered = { name: "web", instanceName: "web-$(NUMBER)", ttlSeconds: 1 };
    await changeService(world, "web", { dns: lowered });
    const isLowered = async () => (await heard(world, "web"))?.lines.every((line) => line.includes(" 1 A ")) === true;
    await world.until("the answers say so", isLowered, 60_000);
    const loweredAt = world.clock.monotonic();
    world.restartControllers();
    const from = world.wire.length;
    await changeService(world, "web", { dns: lowered, instances: 1 });
    const elapsed = (await killedAt(world, from)) - loweredAt;
    expect(elapsed).toBeGreaterThanOrEqual((90 + 1 + DRAIN_SECONDS) * 1000 - 250);
    expect(elapsed).toBeLessThan(130_000);
    await world.stop();
  });

  it("are never fewer than those that run while a group is replaced", async () => {
    const world = await webWorld(74, { ttlSeconds: 1 });
    const before = new Set((await instancesOf(world, "web")).map(({ metadata }) => metadata.name));
    await changeService(world, "web", { args: ["--other"] });
    let least = 2;
    const isReplaced = async () => {
      least = Math.min(least, (await heard(world, "web"))?.lines.length ?? 0);
      const now = await world.ask(() => instancesOf(world, "web"));
      return now.length === 2 && now.every(({ metadata }) => !before.has(metadata.name));
    };
    await world.until("all are replaced", isReplaced, 300_000);
    expect(least).toBe(2);
    await world.stop();
  });

  it("R23 are answered again by a new process from what is stored, all of them or nothing, before it leads", async () => {
    const world = await webWorld(75);
    const before = await heard(world, "web");
    const writes = world.writes.length;
    for (const { kill } of world.planes) kill();
    await world.clock.advance(20_000);
    expect(await heard(world, "web")).toBeUndefined();
    world.startControllers();
    const answers: (readonly string[])[] = [];
    for (let step = 0; step < 400; step += 1) {
      await world.clock.advance(10);
      const answer = await heard(world, "web");
      if (answer !== undefined) answers.push([answer.code, ...answer.lines]);
    }
    expect(answers.length).toBeGreaterThan(380);
    expect(new Set(answers.map((answer) => answer.join()))).toEqual(
      new Set([[before?.code, ...(before?.lines ?? [])].join()]),
    );
    const leases = world.writes.slice(writes).filter(({ key }) => !key.includes("leases"));
    expect(leases.filter(({ key }) => key.includes("dnsrecords"))).toEqual([]);
    await world.stop();
  });

  it("R17 are answered while the store is away, and follow it when it is back", async () => {
    const world = await webWorld(76);
    const before = await heard(world, "web");
    world.scripts.api.rules = [{ probability: 1, fault: { type: "refuse" } }];
    await world.clock.advance(600_000);
    expect(await heard(world, "web")).toEqual(before);
    world.scripts.api.rules = [];
    await changeGroup(world, "web", { suspend: true });
    await world.until("no name is left", async () => (await heard(world, "web"))?.code === "NXDOMAIN aa", 180_000);
    await world.stop();
  });

  it("say on the Rack that their address is taken and what to do, go on where they are, and move when it is free", async () => {
    const world = await webWorld(77);
    const listen = () => world.messages.listen({ host: "127.0.0.1", port: 5301 }, async function* () {});
    const holder = await world.ask(listen);
    const moved = { builtin: { listen: "127.0.0.1:5301" } };
    await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { dns: moved } }));
    await world.until("it says so", async () => (await dnsReady(world)).startsWith("False"), 60_000);
    expect(await world.ask(() => dnsReady(world))).toBe(
      "False NameServerNotListening 127.0.0.1:5301 is in use by another program or Rack; give spec.dns.builtin.listen another address, or free this one: it is tried again every 2 seconds",
    );
    expect((await heard(world, "web"))?.lines).toHaveLength(2);
    await holder.close();
    await world.until("it has moved", async () => (await dnsReady(world)).startsWith("True"), 60_000);
    expect(await heard(world, "web")).toBeUndefined();
    await expect(world.ask(listen)).rejects.toThrow("in use");
    await world.stop();
  });

  it("move from Consul and back without an instance that is replaced or a moment without them", async () => {
    const world = await webWorld(78, {
      dns: `{ domain: service.torc, consul: { address: "${CONSUL.consul.address}" } }`,
    });
    const before = (await world.ask(() => instancesOf(world, "web"))).map(({ metadata }) => metadata.uid);
    const builtin = { type: "Builtin", ttlSeconds: 30, builtin: { listen: "127.0.0.1:5300" } };
    await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { dns: builtin } }));
    await world.until("it answers", async () => (await heard(world, "web"))?.lines.length === 2, 5000);
    const isOwn = async () => (await heard(world, "web"))?.lines.every((line) => line.includes(" 20 A ")) === true;
    await world.until("with the services' own time to live", isOwn, 30_000);
    await world.ask(() => world.client.patch(Rack, { name: "lab" }, { spec: { dns: { type: "Consul" } } }));
    await world.clock.advance(60_000);
    expect(await heard(world, "web")).toBeUndefined();
    expect(world.consul.snapshot().services.filter(({ service }) => service === "web")).toHaveLength(2);
    expect((await world.ask(() => instancesOf(world, "web"))).map(({ metadata }) => metadata.uid)).toEqual(before);
    await world.stop();
  });
});
