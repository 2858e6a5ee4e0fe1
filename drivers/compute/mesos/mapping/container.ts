import { StatusError } from "../../../../api-types/meta/status-error.js";
import type { PortMapping, TaskLaunch } from "../../driver.js";
import type { WireContainerInfo, WireImage, WireNetworkInfo, WirePortMapping } from "../wire.js";

/** The network of the Mesos containerizer that maps ports, by the name that clusters of Marathon give it. */
const BRIDGE_NETWORK = "mesos-bridge";

/**
 * The container of a task; undefined: it needs none. Throws StatusError on what Mesos could not run.
 *
 * | mode      | Docker                      | Mesos                                   |
 * |-----------|-----------------------------|-----------------------------------------|
 * | Host      | HOST                        | no network                              |
 * | None      | NONE                        | refused                                 |
 * | Bridge    | BRIDGE, ports of docker     | network `mesos-bridge`, ports of it     |
 * | Container | USER, name, ports of docker | network by its name, ports of it        |
 * | Routed    | USER, name; `--ip`          | network by its name; the address in it  |
 */
export function containerOf(task: TaskLaunch): WireContainerInfo | undefined {
  for (const mapping of mappingsOf(task)) needHostPort(task, mapping);
  const networks = networksOf(task);
  const shared = {
    ...(task.volumes.length === 0 ? {} : { volumes: volumesOf(task) }),
    ...(networks.length === 0 ? {} : { network_infos: networks }),
  };
  if (task.containerizer === "Docker") return { type: "DOCKER", docker: dockerOf(task), ...shared };
  if (task.network.mode === "None") refuse(task, "network None needs the Docker containerizer");
  if (task.image === undefined && Object.keys(shared).length === 0) return undefined;
  return { type: "MESOS", mesos: mesosOf(task), ...shared };
}

function mappingsOf({ network }: TaskLaunch): readonly PortMapping[] {
  return network.mode === "Bridge" || network.mode === "Container" ? network.mappings : [];
}

/** Mesos fails the task otherwise, with docker; without docker two tasks could share the port. */
function needHostPort(task: TaskLaunch, { hostPort }: PortMapping): void {
  const isTaken = task.resources.ports.some(({ begin, end }) => begin <= hostPort && hostPort <= end);
  if (!isTaken) refuse(task, `the mapped port ${hostPort} is not among its resources`);
}

function networksOf(task: TaskLaunch): readonly WireNetworkInfo[] {
  const { network, containerizer } = task;
  const isDocker = containerizer === "Docker";
  const mappings = mappingsOf(task).map(mappingOf);
  const ports = isDocker || mappings.length === 0 ? {} : { port_mappings: mappings };
  if (network.mode === "Bridge") return isDocker ? [] : [{ name: BRIDGE_NETWORK, ...ports }];
  if (network.mode === "Container") return [{ name: network.networkName, ...ports }];
  if (network.mode === "Routed") return [{ name: network.networkName, ...(isDocker ? {} : wishOf(network.address)) }];
  return [];
}

function wishOf(address: string | undefined): Pick<WireNetworkInfo, "ip_addresses"> {
  return address === undefined ? {} : { ip_addresses: [{ protocol: "IPv4", ip_address: address }] };
}

function mappingOf({ hostPort, containerPort, protocol }: PortMapping): WirePortMapping {
  return { host_port: hostPort, container_port: containerPort, protocol: protocol.toLowerCase() };
}

function dockerOf(task: TaskLaunch): WireContainerInfo["docker"] {
  if (task.image === undefined) return refuse(task, "the Docker containerizer needs an image");
  if (task.resources.gpu > 0) refuse(task, "devices need the Mesos containerizer");
  const mappings = mappingsOf(task).map(mappingOf);
  return {
    image: task.image,
    network: DOCKER_NETWORKS[task.network.mode],
    privileged: task.isPrivileged,
    force_pull_image: task.forcePull,
    parameters: [...task.dockerParameters.map(({ key, value }) => ({ key, value })), ...addressParameter(task)],
    ...(mappings.length === 0 ? {} : { port_mappings: mappings }),
  };
}

/** Docker heeds no address in the network of a task. */
function addressParameter({ network }: TaskLaunch): readonly { readonly key: string; readonly value: string }[] {
  return network.mode === "Routed" && network.address !== undefined ? [{ key: "ip", value: network.address }] : [];
}

const DOCKER_NETWORKS = { Host: "HOST", Bridge: "BRIDGE", Container: "USER", None: "NONE", Routed: "USER" } as const;

function mesosOf(task: TaskLaunch): NonNullable<WireContainerInfo["mesos"]> {
  return task.image === undefined ? {} : { image: imageOf(task.image, task) };
}

function imageOf(name: string, { pullConfig, forcePull }: TaskLaunch): WireImage {
  const config =
    pullConfig === undefined
      ? {}
      : { config: { type: "VALUE" as const, value: { data: Buffer.from(pullConfig, "utf8").toString("base64") } } };
  return { type: "DOCKER", docker: { name, ...config }, cached: !forcePull };
}

function volumesOf(task: TaskLaunch): WireContainerInfo["volumes"] {
  return task.volumes.map((volume) => ({
    mode: volume.isReadOnly ? "RO" : "RW",
    container_path: volume.containerPath,
    host_path: volume.hostPath,
  }));
}

function refuse(task: TaskLaunch, why: string): never {
  throw new StatusError("Invalid", `launching task ${task.taskId}: ${why}`);
}
