import { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable } from "../../../api-types/life.js";
import type { KubeObject } from "../../../api-types/meta/object.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import { labRack, NAMESPACE } from "../world/lab.js";
import { applyAll, readDocuments } from "../world/manifests.js";
import type { MachineOptions } from "../world/rack.js";
import { createWorld, type World, type WorldOptions } from "../world/world.js";

/** So many machines with so many cores, in three zones in turn. */
export function machines(count: number, cpus = 8): readonly MachineOptions[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    function: "lab",
    zone: `zone-${"abc"[index % 3]}`,
    cpus,
  }));
}

/** One group of one or more services as YAML. */
export type GroupText = string;

/** A group of one service `web`: an image with a TCP check on a port from the offer; `more` is appended to the service. */
export function webGroup(name: string, { instances = 1, more = "" }: { instances?: number; more?: string }): GroupText {
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
    network: { mode: Bridge, ports: [{ name: http, containerPort: 8080 }] }
    healthChecks:
    - { name: tcp, tcpSocket: { port: http }, gracePeriodSeconds: 10, periodSeconds: 2, timeoutSeconds: 1 }
    dns: { name: ${name}, instanceName: "${name}-$(NUMBER)" }
${more.replace(/^(?=.)/gm, "    ")}
`;
}

export interface ComputeWorldOptions extends Pick<WorldOptions, "seed" | "log" | "metrics" | "store" | "behaviour"> {
  readonly nodes: readonly MachineOptions[];
  readonly groups: readonly GroupText[];
  /** `spec.dns` of the rack as YAML; default: the world's Consul. */
  readonly dns?: string;
}

/** A rack of plain machines without a switch, with these groups applied. */
export async function computeWorld({ groups, ...options }: ComputeWorldOptions): Promise<World> {
  const world = await createWorld(options);
  world.startControllers();
  const objects = [labRack(options), ...groups].flatMap((text) => readDocuments(text));
  await world.ask(() => applyAll(world.client, objects));
  return world;
}

/** Applies objects as a person would, later on. */
export async function apply(world: World, text: string): Promise<void> {
  await world.ask(() => applyAll(world.client, readDocuments(text)));
}

export async function groupOf(world: World, name: string): Promise<ServiceGroup> {
  return world.client.get(ServiceGroup, { namespace: NAMESPACE, name });
}

/** Changes the first service of a group. */
export async function changeService(world: World, name: string, change: object): Promise<void> {
  await world.ask(async () => {
    const group = await groupOf(world, name);
    const services = group.spec.services.map((service, index) => (index === 0 ? { ...service, ...change } : service));
    return world.client.patch(ServiceGroup, { namespace: NAMESPACE, name }, { spec: { services } });
  });
}

export async function changeGroup(world: World, name: string, spec: object): Promise<void> {
  await world.ask(() => world.client.patch(ServiceGroup, { namespace: NAMESPACE, name }, { spec }));
}

/** Instances of a group in any state. */
export async function instancesOf(world: World, group: string): Promise<readonly Instance[]> {
  const { items } = await world.client.list(Instance, { namespace: NAMESPACE });
  return items.filter((instance) => instance.spec.serviceGroup === group);
}

export async function availableOf(world: World, group: string): Promise<number> {
  return (await instancesOf(world, group)).filter(isAvailable).length;
}

/** Reason of a condition of a group, `status:reason`. */
export async function saidOf(world: World, group: string, type: string): Promise<string> {
  const condition = conditionOf(await groupOf(world, group), type);
  return `${condition?.status}:${condition?.reason}`;
}

/** The tasks of a group that run, as the machines see it. */
export function tasksOf(world: World, group: string): readonly string[] {
  const prefix = `${NAMESPACE}.${group}-`;
  return world.runner
    .running()
    .map(({ task }) => task.taskId)
    .filter((taskId) => taskId.startsWith(prefix));
}

/** How often something of this type was sent since then; tasks of one group only. */
export function sentSince(world: World, type: "launch" | "kill", { group, from }: { group: string; from: number }) {
  const prefix = `${NAMESPACE}.${group}-`;
  return world.wire.slice(from).flatMap(({ call }) => {
    if (call.type !== type) return [];
    const ids = call.type === "launch" ? call.taskIds : call.type === "kill" ? [call.taskId] : [];
    return ids.filter((taskId) => taskId.startsWith(prefix));
  });
}

export type { KubeObject };
