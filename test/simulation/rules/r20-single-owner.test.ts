import { describe, expect, it } from "vitest";
import { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import { isTrue } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { memoryStore } from "../../../apiserver/storage/memory.js";
import type { Store } from "../../../apiserver/storage/store.js";
import type { Client } from "../../../client/client.js";
import type { Clock } from "../../../platform/clock.js";
import { DNS_OBJECTS } from "../schedule/dns-example.js";
import { applyAll } from "../world/manifests.js";
import type { WireEntry } from "../world/wire.js";
import type { Site, World } from "../world/world.js";
import { fullRack, namesOf, removalsSince } from "./full-rack.js";

/** The stored objects as they were at a revision, in a new store that counts from one. */
async function restored(store: Store, atRevision: number, clock: Clock): Promise<Store> {
  const copy = memoryStore({ clock });
  const { entries } = await store.list("", { atRevision });
  for (const { key, value } of entries) {
    if (!key.startsWith("_") && !key.includes("/leases/")) await copy.write({ type: "create", key, value });
  }
  return copy;
}

function killAll(world: World): void {
  for (const { gate } of world.planes) gate.kill();
}

async function adoptedTasks(site: Site): Promise<readonly string[]> {
  const { items } = await site.client.list(Instance);
  return items.flatMap((instance) => instance.status?.placement?.taskID ?? []).sort();
}

function runningTasks(world: World): readonly string[] {
  return world.runner
    .running()
    .map(({ task }) => task.taskId)
    .sort();
}

const MINUTE_MS = 60_000;
const BOTH_WANT = {
  metadata: { namespace: "dns-example", name: "contested" },
  spec: { rackName: "torc", type: "Service", name: "contested", targets: [{ id: "one", address: "192.168.2.77" }] },
} as const;

function registersSince(world: World, from: number): number {
  const isOfBoth = ({ call }: WireEntry) => call.type === "register" && call.name === "contested";
  return world.wire.slice(from).filter(isOfBoth).length;
}

async function reasonsOf(client: Client): Promise<Readonly<Record<string, string>>> {
  const { status } = await client.get(DnsRecord, { namespace: "dns-example", name: "contested" });
  return Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason]));
}

describe("R20 single owner per target", () => {
  it("R20 removes nothing with an empty store, and adopts the tasks once the objects are there again", async () => {
    const world = await fullRack();
    killAll(world);
    const before = world.wire.length;
    const tasks = runningTasks(world);
    const names = namesOf(world);
    const site = await world.createSite(memoryStore({ clock: world.clock }));
    site.startControllers();
    await world.clock.advance(60_000);
    expect(removalsSince(world, before)).toBe("");
    await world.ask(() => applyAll(site.client, DNS_OBJECTS));
    await world.clock.advance(60_000);
    expect(removalsSince(world, before)).toBe("");
    expect(runningTasks(world)).toEqual(expect.arrayContaining([...tasks]));
    expect(namesOf(world)).toEqual(expect.arrayContaining([...names]));
    const adopted = await world.ask(() => adoptedTasks(site));
    expect(tasks).toEqual(expect.arrayContaining([...adopted]));
    const { items } = await world.ask(() => site.client.list(Rack));
    expect(items.map((rack) => isTrue(rack, "StoreRegressed"))).toEqual([true]);
    await world.stop();
  });

  it("R20 removes nothing with a store from before, and says that it went back", async () => {
    const world = await fullRack();
    // yesterday: the first server was there, loads and second server were not
    const revision = await world.ask(() => world.store.current());
    const early = world.writes.findIndex(({ at }) => at > 10_000);
    killAll(world);
    const before = world.wire.length;
    const tasks = runningTasks(world);
    const names = namesOf(world);
    const past = revision - (world.writes.length - early);
    const store = await world.ask(() => restored(world.store, past, world.clock));
    const site = await world.createSite(store);
    site.startControllers();
    await world.clock.advance(120_000);
    expect(removalsSince(world, before)).toBe("");
    expect(runningTasks(world)).toEqual(expect.arrayContaining([...tasks]));
    expect(namesOf(world)).toEqual(expect.arrayContaining([...names]));
    const { items } = await world.ask(() => site.client.list(Rack));
    expect(items.map((rack) => isTrue(rack, "StoreRegressed"))).toEqual([true]);
    await world.stop();
  });

  it("R20 takes nothing from a control plane of the same names that works on the same rack", async () => {
    const world = await fullRack();
    const before = world.wire.length;
    const tasks = runningTasks(world);
    const names = namesOf(world);
    const site = await world.createSite(memoryStore({ clock: world.clock }));
    site.startControllers();
    await world.ask(() => applyAll(site.client, DNS_OBJECTS));
    await world.clock.advance(60_000);
    expect(removalsSince(world, before)).toBe("");
    expect(runningTasks(world)).toEqual(expect.arrayContaining([...tasks]));
    expect(namesOf(world)).toEqual(expect.arrayContaining([...names]));
    await world.stop();
  });

  it("R21 stops registering what a control plane of the same identity takes back each time, and says so", async () => {
    const world = await fullRack();
    const site = await world.createSite(memoryStore({ clock: world.clock }));
    site.startControllers();
    await world.ask(() => applyAll(site.client, DNS_OBJECTS));
    await world.clock.advance(60_000);
    const before = world.wire.length;
    for (const { client } of [world, site]) await world.ask(() => client.create(DnsRecord, BOTH_WANT));
    await world.clock.advance(5 * MINUTE_MS);
    const reasons = await Promise.all([world, site].map(({ client }) => world.ask(() => reasonsOf(client))));
    expect(reasons).toContainEqual({ Ready: "NameContested", Conflict: "NameContested" });
    // each side registers it once as its own, and takes it over three times
    const early = registersSince(world, before);
    expect(early).toBeGreaterThan(2);
    expect(early).toBeLessThanOrEqual(8);
    await world.clock.advance(4 * MINUTE_MS);
    expect(registersSince(world, before)).toBe(early);
    // in half an hour it is tried again twice, by each side at most three times
    await world.clock.advance(21 * MINUTE_MS);
    expect(registersSince(world, before)).toBeLessThanOrEqual(early + 2 * 6);
    expect(removalsSince(world, before)).toBe("");
    await world.stop();
  });
});
