import type { Instance } from "../../../api-types/instance.js";
import { isTrue } from "../../../api-types/life.js";
import type { Node } from "../../../api-types/node.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import type { ClaimedAddress } from "../../claimed-address.js";
import type { PlacedPort } from "./ports.js";

export type Variables = Readonly<Record<string, string>>;

/** Variables of the Rack, and those of an instance that do not depend on its node. */
export function earlyVariables(instance: Instance, rack: Rack): Variables {
  return {
    ...groupVariables(instance, rack),
    NUMBER: String(instance.spec.number),
    INSTANCE: instance.metadata.name,
  };
}

/** What all instances of a service have on a node: the same for everybody who shares an executor. */
export function sharedVariables({ instance, rack, node }: Pick<Placed, "instance" | "rack" | "node">): Variables {
  return { ...groupVariables(instance, rack), ...nodeVariables(node) };
}

/** An instance with its node and ports. */
export interface Placed {
  readonly instance: Instance;
  readonly rack: Rack;
  readonly node: Node;
  readonly service: Service;
  readonly ports: readonly PlacedPort[];
  /** The address claimed for it. */
  readonly claimed?: ClaimedAddress;
}

/** Everything that is known at the launch. An address of its own is if it was claimed; else the running task reports it. */
export function launchVariables({ instance, rack, node, service, ports, claimed }: Placed): Variables {
  const mode = service.network?.mode ?? "Host";
  const address = mode === "Host" || mode === "Bridge" ? node.spec.address : claimed?.address;
  return {
    ...earlyVariables(instance, rack),
    ...nodeVariables(node),
    ...(address === undefined ? {} : { ADDRESS: address }),
    ...portVariables(ports),
  };
}

/** Who may be referred to. */
export interface Neighbours {
  /** The Instances of a group, by `namespace/name`. */
  readonly membersOf: (group: string) => readonly Instance[];
  /** Where a placed Instance is reached. */
  readonly addressOf: (instance: Instance) => string | undefined;
}

/** The address of the lowest-numbered Published instance of `[group/]service[/number]`. */
export function publishedAddress(from: Instance, reference: string, neighbours: Neighbours): string | undefined {
  const parts = reference.split("/");
  const [group, service, number] = parts.length === 1 ? [from.spec.serviceGroup, parts[0]] : parts;
  const [lowest] = neighbours
    .membersOf(`${from.metadata.namespace ?? ""}/${group}`)
    .filter((other) => other.spec.service === service && isTrue(other, "Published"))
    .filter((other) => number === undefined || String(other.spec.number) === number)
    .sort((a, b) => a.spec.number - b.spec.number);
  return lowest && neighbours.addressOf(lowest);
}

/** The task's own where its network gives it one, else that of its node, whose ports lead to it. */
export function reachedAt(
  instance: Instance,
  service: Service | undefined,
  node: Node | undefined,
): string | undefined {
  const own = instance.status?.addresses?.[0];
  const mode = service?.network?.mode ?? "Host";
  return mode === "Host" || mode === "Bridge" ? (node?.spec.address ?? own) : own;
}

function groupVariables({ metadata, spec }: Instance, rack: Rack): Variables {
  return {
    ...rack.spec.variables,
    NAMESPACE: metadata.namespace ?? "",
    GROUP: spec.serviceGroup,
    SERVICE: spec.service,
  };
}

function nodeVariables({ metadata, spec }: Node): Variables {
  const { address } = spec;
  return { NODE: metadata.name, ...(address === undefined ? {} : { NODE_ADDRESS: address, HOST: address }) };
}

function portVariables(ports: readonly PlacedPort[]): Variables {
  const named = ports.map(({ name, port }) => [`PORT_${name.toUpperCase().replaceAll("-", "_")}`, String(port)]);
  const numbered = ports.map(({ port }, index) => [`PORT${index}`, String(port)]);
  const [first] = ports;
  return Object.fromEntries([...(first === undefined ? [] : [["PORT", String(first.port)]]), ...numbered, ...named]);
}
