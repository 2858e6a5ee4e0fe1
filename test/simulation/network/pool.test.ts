import { describe, expect, it } from "vitest";
import { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import { IPAddress } from "../../../api-types/ip-address.js";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import { Route } from "../../../api-types/route.js";
import { memoryStore } from "../../../apiserver/storage/memory.js";
import { changeService, instancesOf } from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import { applyAll, readDocuments } from "../world/manifests.js";
import type { World } from "../world/world.js";
import { guardAddresses } from "./guard.js";
import { addressesOf, claimsOf, poolRack, poolWorld, routedGroup } from "./pool-world.js";

const QUARANTINE_MS = 30_000;
const SIX = ["172.20.0.1", "172.20.0.2", "172.20.0.3", "172.20.0.4", "172.20.0.5", "172.20.0.6"];
const POOL = { cidr: "172.20.0.0/29", quarantineSeconds: QUARANTINE_MS / 1000 };

const scale = (world: World, instances: number) => changeService(world, "web", { instances });

async function available(world: World): Promise<number> {
  return (await world.ask(() => instancesOf(world, "web"))).filter(isAvailable).length;
}

describe("addresses of a pool", () => {
  it("are claimed, handed over, routed, named and given back after their quarantine", async () => {
    const groups = [routedGroup("web", { instances: 2, network: "pool: web" })];
    const world = await poolWorld({ seed: 41, ...POOL, groups });
    const watched = guardAddresses(world, QUARANTINE_MS);
    await world.until("two are available", async () => (await available(world)) === 2, 60_000);
    const placed = await world.ask(() => instancesOf(world, "web"));
    const addresses = placed.map(({ status }) => status?.placement?.address ?? "").sort();
    expect(addresses).toEqual(SIX.slice(0, 2));
    expect(addressesOf(world, "web")).toEqual(addresses);
    expect([...(await claimsOf(world)).keys()].sort()).toEqual(addresses);
    const { items: routes } = await world.ask(() => world.client.list(Route, { namespace: NAMESPACE }));
    expect(routes.map(({ spec }) => spec.prefix).sort()).toEqual(addresses.map((address) => `${address}/32`));
    const { items: records } = await world.ask(() => world.client.list(DnsRecord, { namespace: NAMESPACE }));
    expect(records.flatMap(({ spec }) => spec.targets.map(({ address }) => address)).sort()).toEqual(addresses);

    await scale(world, 8);
    await world.until("six are available", async () => (await available(world)) === 6, 60_000);
    world.restartControllers();
    await world.clock.advance(20_000);
    const waiting = (await world.ask(() => instancesOf(world, "web"))).filter((one) => !isAvailable(one));
    expect(waiting.map((one) => conditionOf(one, "Scheduled")?.reason)).toEqual(["PoolExhausted", "PoolExhausted"]);
    expect(conditionOf(waiting[0] ?? {}, "Scheduled")?.message).toBe(
      "pool web of 6 addresses has none free: 6 are held, 0 in quarantine",
    );
    expect(addressesOf(world, "web")).toEqual(SIX);

    await scale(world, 3);
    await world.until("three are left", () => addressesOf(world, "web").length === 3, 60_000);
    await world.clock.advance(5000);
    const inQuarantine = [...(await claimsOf(world)).values()].filter(({ status }) => status?.releasedAt !== undefined);
    expect(inQuarantine).toHaveLength(3);
    expect(inQuarantine.map((claim) => conditionOf(claim, "Ready")?.reason)).toEqual(
      Array(3).fill("AddressQuarantined"),
    );

    // during the quarantine nothing is free for others; the same numbers have theirs again
    const other = routedGroup("other", { instances: 1, network: "pool: web" });
    await world.ask(() => applyAll(world.client, readDocuments(other)));
    await world.clock.advance(10_000);
    expect(addressesOf(world, "other")).toEqual([]);
    await scale(world, 6);
    await world.until("six are available again", async () => (await available(world)) === 6, 10_000);
    expect(addressesOf(world, "web")).toEqual(SIX);
    await scale(world, 5);
    const isServed = () => addressesOf(world, "other").length === 1;
    await world.until("the other group has one", isServed, QUARANTINE_MS + 30_000);
    await changeService(world, "other", { instances: 0 });
    await scale(world, 0);
    const isEmpty = async () => (await claimsOf(world)).size === 0;
    await world.until("every claim is gone", isEmpty, 180_000);
    expect(watched.faults).toEqual([]);
    watched.stop();
    await world.stop();
  }, 120_000);

  it("are kept from others while the agent of their task is out of reach, though the Instance is given up", async () => {
    const groups = [routedGroup("web", { instances: 1, network: "pool: web" })];
    const world = await poolWorld({ seed: 42, ...POOL, groups });
    const watched = guardAddresses(world, QUARANTINE_MS);
    await world.until("it is available", async () => (await available(world)) === 1, 60_000);
    const [lost] = await world.ask(() => instancesOf(world, "web"));
    world.mesos.partitionAgent(lost?.status?.placement?.node ?? "");
    await world.clock.advance(40 * 60_000);
    const [successor] = await world.ask(() => instancesOf(world, "web"));
    expect(successor?.metadata.name).not.toBe(lost?.metadata.name);
    const claim = (await claimsOf(world)).get(lost?.status?.placement?.address ?? "");
    expect(claim?.status?.releasedAt).toBeUndefined();
    expect(conditionOf(claim ?? {}, "Ready")?.reason).toBe("TaskMayHaveAddress");
    expect(watched.faults).toEqual([]);
    watched.stop();
    await world.stop();
  }, 120_000);

  it("stay with tasks that a control plane with an empty store finds running", async () => {
    const groups = [routedGroup("web", { instances: 2, network: "pool: web" })];
    const world = await poolWorld({ seed: 43, ...POOL, groups });
    const watched = guardAddresses(world, QUARANTINE_MS);
    await world.until("two are available", async () => (await available(world)) === 2, 60_000);
    for (const { gate } of world.planes) gate.kill();
    const site = await world.createSite(memoryStore({ clock: world.clock }));
    site.startControllers();
    const more = [routedGroup("new", { instances: 2, network: "pool: web" }), ...groups];
    const objects = [poolRack(POOL), ...more].flatMap((text) => readDocuments(text));
    await world.ask(() => applyAll(site.client, objects));
    await world.clock.advance(60_000);
    const { items } = await world.ask(() => site.client.list(Instance, { namespace: NAMESPACE }));
    const placed = items.map(({ spec, status }) => `${spec.serviceGroup} ${status?.placement?.address}`).sort();
    expect(placed).toEqual(["new 172.20.0.3", "new 172.20.0.4", "web 172.20.0.1", "web 172.20.0.2"]);
    const { items: claims } = await world.ask(() => site.client.list(IPAddress));
    const holders = new Map(claims.map(({ spec }) => [spec.address, spec.claimant.uid]));
    expect(items.map(({ metadata, status }) => holders.get(status?.placement?.address ?? "") === metadata.uid)).toEqual(
      Array(4).fill(true),
    );
    expect(watched.faults).toEqual([]);
    watched.stop();
    await world.stop();
  }, 120_000);
});
