import { ServiceGroup } from "../../../api-types/service-group.js";
import { applyAll, readDocuments } from "../world/manifests.js";
import { MASTER } from "../world/rack.js";
import { createWorld, type World, type WorldOptions } from "../world/world.js";
import type { Scenario } from "./scenario.js";

const NODES = ["master", "one", "two"].map((name) => ({ name, function: "lab" }));

const OBJECTS = readDocuments(`
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: rackwright.dev/v1alpha1
kind: Rack
metadata: { name: small }
spec:
  nodes:
  - { name: master, address: ${MASTER}, externalAddress: ${MASTER}, type: master, function: lab }
  - { name: one, address: 10.250.3.21, externalAddress: 10.250.3.21, type: worker, function: lab }
  - { name: two, address: 10.250.3.22, externalAddress: 10.250.3.22, type: worker, function: lab }
  compute:
    mesos:
      masters: ["http://${MASTER}:5050"]
      frameworkName: small
      user: root
      failoverTimeout: 168h
      nodeAttributes: { name: machine-name, type: machine-type, function: machine-function }
  dns: { type: Consul, domain: service.torc, ttlSeconds: 0, consul: { address: "http://${MASTER}:8500" } }
  network:
    networkName: small
    managementPrefixes: [10.250.3.0/24]
    switch: { type: SnapRoute, address: "http://${MASTER}:8080" }
---
apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata: { name: web, namespace: shop }
spec:
  rackName: small
  services:
  - name: web
    image: web
    instances: 3
    network:
      mode: Routed
      addressFrom: Runtime
      ports: [{ name: http, containerPort: 8080 }]
    healthChecks:
    - { name: http, tcpSocket: { port: http }, gracePeriodSeconds: 10, periodSeconds: 2, timeoutSeconds: 1 }
    drainSeconds: 2
    dns: { instanceName: $(SERVICE)$(NUMBER) }
`);

/** Three instances of one service on three machines, applied. */
export async function smallWorld(options: Pick<WorldOptions, "seed" | "log" | "store">): Promise<World> {
  const world = await createWorld({ ...options, nodes: NODES });
  world.startControllers();
  await world.ask(() => applyAll(world.client, OBJECTS));
  return world;
}

/** Sets how many instances there are. */
export async function scaleTo(world: World, instances: number): Promise<void> {
  const patch = { spec: { scale: { web: instances } } };
  await world.ask(() => world.client.patch(ServiceGroup, WEB, patch));
}

/** Changes the template, so that every instance is replaced. */
export async function updateArgs(world: World, args: readonly string[]): Promise<void> {
  await world.ask(async () => {
    const group = await world.client.get(ServiceGroup, WEB);
    const services = group.spec.services.map((service) => ({ ...service, args: [...args] }));
    return world.client.patch(ServiceGroup, WEB, { spec: { services } });
  });
}

export const WEB = { namespace: "shop", name: "web" };

/** It grows up, shrinks, is updated, and grows again. */
export const smallRack: Scenario = {
  name: "small-rack",
  createWorld: smallWorld,
  names: ["web"],
  routedTasks: /^shop\./,
  steps: [
    { atMs: 10_000, run: (world) => scaleTo(world, 2) },
    { atMs: 18_000, run: (world) => updateArgs(world, ["second"]) },
    { atMs: 26_000, run: (world) => scaleTo(world, 3) },
  ],
  faultsFromMs: 500,
  faultsUntilMs: 30_000,
  endMs: 30_000,
};
