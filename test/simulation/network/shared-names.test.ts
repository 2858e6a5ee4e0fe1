import { expect, it } from "vitest";
import { DnsRecord } from "../../../api-types/dns-record.js";
import { conditionOf } from "../../../api-types/life.js";
import { LABEL } from "../../../api-types/well-known.js";
import { apply, changeService, computeWorld, instancesOf, machines, webGroup } from "../compute/compute-world.js";
import { NAMESPACE } from "../world/lab.js";
import { isRemoval, isSouthbound, wireText } from "../world/wire.js";
import type { World } from "../world/world.js";

const named = (name: string) => ({ name: "web", instanceName: `${name}-$(NUMBER)` });

/** The groups whose instances answer to the common name, each with how many. */
async function answersOf(world: World): Promise<Readonly<Record<string, number>>> {
  const { items } = await world.ask(() => world.client.list(DnsRecord, { namespace: NAMESPACE }));
  const groupOfId = new Map(items.map(({ metadata }) => [metadata.name, metadata.labels?.[LABEL.group] ?? ""]));
  const counts: Record<string, number> = {};
  for (const { service, id } of world.consul.snapshot().services) {
    const group = [...groupOfId].find(([name]) => service === "web" && id.includes(name))?.[1];
    if (group !== undefined) counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
}

async function claimOf(world: World, group: string): Promise<readonly string[]> {
  const { items } = await world.ask(() => world.client.list(DnsRecord, { namespace: NAMESPACE }));
  const own = items.filter(({ metadata }) => metadata.labels?.[LABEL.group] === group);
  return [...new Set(own.map((record) => conditionOf(record, "Conflict")?.status ?? "none"))];
}

const idsOf = (world: World, from: number, group: string) =>
  world.wire.slice(from).filter((entry) => isSouthbound(entry) && JSON.stringify(entry.call).includes(`${group}-web-`));

it("two groups have one name only while both share it, and the older keeps it throughout", async () => {
  const groups = [webGroup("old", { instances: 2 })];
  const world = await computeWorld({ seed: 31, nodes: machines(4), groups });
  await changeService(world, "old", { dns: named("old") });
  await world.until("the old group answers", async () => (await answersOf(world)).old === 2, 120_000);

  const young = webGroup("young", { instances: 2 }).replace("name: young, instanceName", "name: web, instanceName");
  await apply(world, young);
  await world.until(
    "the young group is in conflict",
    async () => (await claimOf(world, "young")).join() === "True",
    120_000,
  );
  expect(await answersOf(world)).toEqual({ old: 2 });

  const share = (name: string, shared: boolean) => changeService(world, name, { dns: { ...named(name), shared } });
  await share("young", true);
  await world.clock.advance(20_000);
  expect(await answersOf(world)).toEqual({ old: 2 });
  await share("old", true);
  await world.until("both answer", async () => (await answersOf(world)).young === 2, 60_000);
  expect(await answersOf(world)).toEqual({ old: 2, young: 2 });

  // the older group is replaced instance by instance: its claim is not younger for it
  const before = (await world.ask(() => instancesOf(world, "old"))).map(({ metadata: { name } }) => name);
  await changeService(world, "old", { args: ["--other"] });
  const isReplaced = async () => {
    const now = await instancesOf(world, "old");
    return now.length === 2 && now.every(({ metadata: { name } }) => !before.includes(name));
  };
  await world.until("the older group is replaced", isReplaced, 240_000);
  expect(await answersOf(world)).toEqual({ old: 2, young: 2 });

  const from = world.wire.length;
  await share("old", false);
  await world.until("the young group has left", async () => (await answersOf(world)).young === undefined, 60_000);
  await world.clock.advance(60_000);
  expect(await answersOf(world)).toEqual({ old: 2 });
  expect(wireText(idsOf(world, from, "old"))).toBe("");
  expect(
    world.wire
      .slice(from)
      .filter(isRemoval)
      .every(({ call }) => call.type === "deregister"),
  ).toBe(true);
  expect(await claimOf(world, "young")).toEqual(["True"]);

  await share("old", true);
  await world.until("both answer again", async () => (await answersOf(world)).young === 2, 60_000);
  await share("young", false);
  await world.until("the young group has left again", async () => (await answersOf(world)).young === undefined, 60_000);
  expect(await answersOf(world)).toEqual({ old: 2 });
  await world.stop();
}, 120_000);
