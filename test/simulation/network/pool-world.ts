import { IPAddress } from "../../../api-types/ip-address.js";
import { machines } from "../compute/compute-world.js";
import { labRack, NAMESPACE } from "../world/lab.js";
import { applyAll, readDocuments } from "../world/manifests.js";
import { MASTER } from "../world/rack.js";
import type { World } from "../world/world.js";
import { createWorld } from "../world/world.js";

export interface PoolWorldOptions {
  readonly seed: number;
  readonly cidr: string;
  readonly quarantineSeconds: number;
  readonly groups: readonly string[];
}

const NODES = machines(4);

/** A rack with a switch and a pool `web`. */
export async function poolWorld({ seed, cidr, quarantineSeconds, groups }: PoolWorldOptions): Promise<World> {
  const world = await createWorld({ seed, nodes: NODES });
  world.startControllers();
  const objects = [poolRack({ cidr, quarantineSeconds }), ...groups].flatMap((text) => readDocuments(text));
  await world.ask(() => applyAll(world.client, objects));
  return world;
}

/** A group of Routed instances of one service `web`; `network` is added to its network. */
export function routedGroup(name: string, { instances, network }: { instances: number; network: string }): string {
  return `
apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  rackName: lab
  services:
  - name: web
    image: web
    instances: ${instances}
    network: { mode: Routed, ports: [{ name: http, containerPort: 8080 }], ${network} }
    healthChecks:
    - { name: tcp, tcpSocket: { port: http }, gracePeriodSeconds: 10, periodSeconds: 2, timeoutSeconds: 1 }
    dns: { name: ${name}, instanceName: "${name}-$(NUMBER)" }
    drainSeconds: 2
`;
}

/** The claims, by address. */
export async function claimsOf(world: World): Promise<ReadonlyMap<string, IPAddress>> {
  const { items } = await world.ask(() => world.client.list(IPAddress));
  return new Map(items.map((claim) => [claim.spec.address, claim]));
}

/** Addresses of the running tasks of a group, as the machines see them. */
export function addressesOf(world: World, group: string): readonly string[] {
  return world.runner
    .running()
    .filter(({ task }) => task.taskId.startsWith(`${NAMESPACE}.${group}-`))
    .map(({ address }) => address)
    .sort();
}

/** The Namespace and the Rack. */
export function poolRack({ cidr, quarantineSeconds }: Pick<PoolWorldOptions, "cidr" | "quarantineSeconds">): string {
  const network = `
    pools: [{ name: web, cidr: ${cidr}, quarantineSeconds: ${quarantineSeconds} }]
    managementPrefixes: [10.250.3.0/24]
    switch: { type: SnapRoute, address: "http://${MASTER}:8080" }`;
  return labRack({ nodes: NODES, ttlSeconds: 1, network });
}
