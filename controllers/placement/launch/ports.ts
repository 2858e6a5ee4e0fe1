import type { Service, ServicePort } from "../../../api-types/service-group.js";
import type { PortRange, TaskLaunch } from "../../../drivers/compute/driver.js";
import type { PortNeed } from "../place/model.js";

/** A port of a placed instance. */
export interface PlacedPort {
  readonly name: string;
  readonly protocol: "TCP" | "UDP";
  /** By which clients reach it: on the node with Host and Bridge, else on the instance's own address. */
  readonly port: number;
  /** Inside the task's network. */
  readonly containerPort: number;
  /** Taken from the node's offer; undefined: the node's ports are not touched. */
  readonly hostPort: number | undefined;
}

interface Numbered {
  readonly service: Service;
  /** The number of the instance. */
  readonly number: number;
}

/** A port chosen by placement. */
type Chosen = readonly { readonly name: string; readonly port: number }[];

/** What a port takes of the node. */
type HostUse =
  | { readonly type: "none" }
  | { readonly type: "fixed"; readonly port: number }
  | { readonly type: "assigned" };

/** Ports of the node that an instance takes; two that name one number, for TCP and for UDP, take it once. */
export function portNeeds({ service, number }: Numbered): readonly PortNeed[] {
  const seen = new Set<number>();
  return portsOf(service).flatMap((port): readonly PortNeed[] => {
    const use = hostUse(service, port, number);
    if (use.type === "assigned") return [{ type: "assigned", name: port.name }];
    if (use.type === "none" || seen.has(use.port)) return [];
    seen.add(use.port);
    return [{ type: "fixed", name: port.name, port: use.port }];
  });
}

/** The ports of an instance with what placement chose; one that it did not choose is left out. */
export function placedPorts({ service, number }: Numbered, chosen: Chosen): readonly PlacedPort[] {
  return portsOf(service).flatMap((port) => {
    const use = hostUse(service, port, number);
    const hostPort = use.type === "fixed" ? use.port : chosen.find(({ name }) => name === port.name)?.port;
    if (use.type !== "none" && hostPort === undefined) return [];
    return [placedPort(service, port, use.type === "none" ? undefined : hostPort)];
  });
}

/** Ports that cannot be: a number that is bound to an instance must be one that there is. */
export function portFaults({ service, number }: Numbered): readonly string[] {
  return portsOf(service).flatMap((port) => {
    const use = hostUse(service, port, number);
    if (use.type !== "fixed" || (use.port >= 1 && use.port <= 65535)) return [];
    return [
      `port ${port.name}: number ${number} and offset ${port.numberOffset ?? 0} give ${use.port}, which is no port`,
    ];
  });
}

/** The ports as the instance's status says them. */
export function statusPorts(ports: readonly PlacedPort[]) {
  return ports.map(({ name, port, containerPort, protocol }) => ({
    name,
    port,
    ...(containerPort === port ? {} : { containerPort }),
    protocol,
  }));
}

/** What is taken from the offer. */
export function hostRanges(ports: readonly PlacedPort[]): readonly PortRange[] {
  const numbers = new Set(ports.flatMap(({ hostPort }) => hostPort ?? []));
  return [...numbers].map((port) => ({ begin: port, end: port }));
}

/** Ports as discovery shows them. */
export function discoveryPorts(ports: readonly PlacedPort[]): TaskLaunch["ports"] {
  return ports.map(({ name, port, protocol }) => ({ name, port, protocol }));
}

/** The port inside the task's network that a check, by name or by number, means; undefined: there is none. */
export function checkedPort(ports: readonly PlacedPort[], written: string | number): number | undefined {
  const named = ports.find(({ name }) => name === String(written));
  if (named !== undefined) return named.containerPort;
  const number = Number(written);
  return Number.isInteger(number) && number > 0 && number <= 65535 ? number : undefined;
}

function portsOf(service: Service): readonly ServicePort[] {
  return service.network?.ports ?? [];
}

/**
 * | mode              | numberOffset   | hostPort > 0 | hostPort 0 | unset                                        |
 * |-------------------|----------------|--------------|------------|----------------------------------------------|
 * | Host              | number + it    | it           | assigned   | the containerPort, untaken; without: assigned |
 * | Bridge            | number + it    | it           | assigned   | assigned                                     |
 * | Container         | number + it    | it           | assigned   | none                                         |
 * | Routed, None      | none           | none         | none       | none                                         |
 */
function hostUse(
  { network }: Service,
  { hostPort, numberOffset, containerPort }: ServicePort,
  number: number,
): HostUse {
  const mode = network?.mode ?? "Host";
  if (mode === "Routed" || mode === "None") return { type: "none" };
  if (numberOffset !== undefined) return { type: "fixed", port: number + numberOffset };
  if (hostPort !== undefined) return hostPort > 0 ? { type: "fixed", port: hostPort } : { type: "assigned" };
  if (mode === "Container" || (mode === "Host" && containerPort > 0)) return { type: "none" };
  return { type: "assigned" };
}

function placedPort({ network }: Service, port: ServicePort, hostPort: number | undefined): PlacedPort {
  const { name, protocol } = port;
  const mode = network?.mode ?? "Host";
  const inside = port.containerPort > 0 && mode !== "Host" ? port.containerPort : (hostPort ?? port.containerPort);
  const isOnNode = mode === "Host" || mode === "Bridge";
  return { name, protocol, port: isOnNode ? (hostPort ?? inside) : inside, containerPort: inside, hostPort };
}
