import type { ServiceGroupSpec } from "../service-group.js";
import type { Service } from "./fields.js";
import type { HealthCheck } from "./health.js";

/** Seconds until an unreachable instance is replaced, where nothing is said. */
const REPLACE_AFTER_SECONDS = 30;

/** Instances of one service per copy of the group: `scale` wins over `instances`, which is 1 unless set. */
export function instancesPerCopy(group: Pick<ServiceGroupSpec, "scale">, service: Service): number {
  const scaled = group.scale !== undefined && Object.hasOwn(group.scale, service.name) ? group.scale[service.name] : undefined;
  return scaled ?? service.instances ?? 1;
}

/** Who runs the task: Docker with an image, else Mesos. */
export function containerizerOf(service: Pick<Service, "containerizer" | "image">): "Docker" | "Mesos" {
  return service.containerizer ?? (service.image === undefined ? "Mesos" : "Docker");
}

/** Who chooses the address of a Routed instance. */
export function addressFromOf({ network }: Pick<Service, "network">): "Pool" | "Runtime" {
  return network.addressFrom ?? (network.pool === undefined ? "Runtime" : "Pool");
}

/** Who runs a health check: the agent has room for one, the first. */
export function probeFromOf(check: Pick<HealthCheck, "probeFrom">, position: number): "Agent" | "Controller" {
  return check.probeFrom ?? (position === 0 ? "Agent" : "Controller");
}

/** The pattern of the name of one instance, before substitution. */
export function instanceNameOf({ dns, mode }: Pick<Service, "dns" | "mode">): string {
  return dns.instanceName ?? (mode === "EachNode" ? "$(SERVICE)-$(NODE)" : "$(SERVICE)-$(NUMBER)");
}

/** Seconds until an unreachable instance is replaced; -1: never, as what has volumes would lose them. */
export function replaceAfterSecondsOf({ unreachable, volumes }: Pick<Service, "unreachable" | "volumes">): number {
  return unreachable.replaceAfterSeconds ?? ((volumes ?? []).length > 0 ? -1 : REPLACE_AFTER_SECONDS);
}
