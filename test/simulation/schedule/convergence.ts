import { DnsRecord } from "../../../api-types/dns-record.js";
import { Instance } from "../../../api-types/instance.js";
import { isDeleting, isTerminal, isTrue } from "../../../api-types/life.js";
import { Rack } from "../../../api-types/rack.js";
import { Route } from "../../../api-types/route.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { MASTER } from "../world/rack.js";
import { isHousekeeping } from "../world/store-writes.js";
import { isSouthbound } from "../world/wire.js";
import type { World } from "../world/world.js";

/** Every group is Ready, as of what is asked of it now. */
export async function areGroupsReady({ client }: Pick<World, "client">): Promise<boolean> {
  const { items } = await client.list(ServiceGroup);
  return (
    items.length > 0 &&
    items.every((group) => isTrue(group, "Ready") && group.status?.observedGeneration === group.metadata.generation)
  );
}

/** Everything is Ready, and the outside is exactly what the objects say. */
export async function isConverged(world: World): Promise<boolean> {
  return (await areGroupsReady(world)) && (await differences(world)).length === 0;
}

/** What differs between the objects and the rack, one sentence each. */
export async function differences(world: World): Promise<readonly string[]> {
  const { client } = world;
  const racks = (await client.list(Rack)).items;
  const instances = (await client.list(Instance)).items;
  const routes = (await client.list(Route)).items;
  const records = (await client.list(DnsRecord)).items;
  const leaving = [...instances, ...routes, ...records].filter(isDeleting);
  return [
    ...racks.filter((rack) => !isTrue(rack, "Ready")).map((rack) => `rack ${rack.metadata.name} is not Ready`),
    ...leaving.map((object) => `${object.metadata.name} is still being deleted`),
    ...unlike(
      "task",
      tasksOf(instances),
      world.runner.running().map(({ task }) => task.taskId),
    ),
    ...unlike(
      "route",
      routes.map((route) => route.spec.prefix ?? ""),
      installedRoutes(world),
    ),
    ...unlike("name", records.flatMap(entriesOf), registeredNames(world)),
  ];
}

function tasksOf(instances: readonly Instance[]): readonly string[] {
  return instances.flatMap((instance) => {
    const taskId = instance.status?.placement?.taskID;
    return taskId === undefined || isTerminal(instance) ? [] : [taskId];
  });
}

function installedRoutes({ tor }: World): readonly string[] {
  return [...tor.routes()].filter(([, route]) => route.protocol === "STATIC").map(([prefix]) => prefix);
}

function entriesOf(record: DnsRecord): readonly string[] {
  const names = [record.spec.name, ...(record.spec.names ?? [])];
  return names.flatMap((name) =>
    (record.spec.targets ?? []).map((target) => `${name} ${target.address.replace("$(MASTER_IP)", MASTER)}`),
  );
}

function registeredNames({ consul }: World): readonly string[] {
  return consul
    .snapshot()
    .services.filter((service) => service.service !== "consul")
    .map((service) => `${service.service} ${service.address}`);
}

function unlike(what: string, desired: readonly string[], observed: readonly string[]): readonly string[] {
  const wanted = new Set(desired);
  const found = new Set(observed);
  return [
    ...desired.filter((item) => !found.has(item)).map((item) => `${what} ${item} is missing`),
    ...observed.filter((item) => !wanted.has(item)).map((item) => `${what} ${item} is left over`),
  ];
}

/** When something was last written that is more than a lease or a sample (SAFETY I7); virtual milliseconds. */
export function lastStir(world: World): number {
  const sent = world.wire.findLast(isSouthbound)?.at ?? 0;
  const stored = world.writes.findLast((write) => !isHousekeeping(write))?.at ?? 0;
  return Math.max(sent, stored);
}
