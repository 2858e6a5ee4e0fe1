import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../api-types/instance.js";
import { isLeaving } from "../api-types/life.js";
import type { Node } from "../api-types/node.js";
import type { Rack } from "../api-types/rack.js";
import type { Service } from "../api-types/service-group.js";
import { substituteDeep } from "../api-types/substitute.js";
import type { Agent } from "../drivers/compute/driver.js";

/** Where a service may run, with the rack's variables replaced. */
export interface Requirement {
  readonly nodeNames: readonly string[];
  readonly nodeType: string | undefined;
  readonly nodeFunction: string | undefined;
}

export function requirementOf(service: Service, rack: Rack | undefined): Requirement {
  const { value } = substituteDeep(service.placement ?? {}, (name) => rack?.spec.variables?.[name]);
  return {
    nodeNames: value.nodeNames ?? [],
    nodeType: value.nodeType === undefined ? undefined : typeName(value.nodeType),
    nodeFunction: value.nodeFunction,
  };
}

/** ToRC's word for a worker. */
export function typeName(type: string | undefined): string {
  return type === "slave" || type === undefined ? "worker" : type;
}

/** What placement asks of a node. */
interface Place {
  readonly name: string;
  readonly type?: string | undefined;
  readonly function?: string | undefined;
}

/** Whether a node, busy or not, is one on which the service may run. */
function matches(requirement: Requirement, { name, type, function: nodeFunction }: Place): boolean {
  if (requirement.nodeNames.length > 0 && !requirement.nodeNames.includes(name)) return false;
  if (requirement.nodeType !== undefined && requirement.nodeType !== typeName(type)) return false;
  return requirement.nodeFunction === undefined || requirement.nodeFunction === nodeFunction;
}

/** Whether everything is to leave the node: by its spec, by Mesos or by planned maintenance, as the node loop found. */
export function isDraining({ spec, status }: Node): boolean {
  return spec.drain !== undefined || status?.drainingSince !== undefined || status?.agent?.state === "Draining";
}

/**
 * The places of a rack: its Nodes but for those that are drained, and those that its spec names although their Node is not
 * there at the moment (R2).
 */
function placesOf(rack: Rack, nodes: readonly Node[]): readonly Place[] {
  const living = nodes.filter(({ spec, metadata }) => {
    return spec.rackName === rack.metadata.name && metadata.deletionTimestamp === undefined;
  });
  const open = living.filter((node) => !isDraining(node));
  const known = open.map(({ metadata, spec }) => ({ name: metadata.name, type: spec.type, function: spec.function }));
  const names = new Set(living.map(({ metadata }) => metadata.name));
  const { value: named } = substituteDeep(rack.spec.nodes ?? [], (name) => rack.spec.variables?.[name]);
  return [...known, ...named.filter(({ name }) => !names.has(name))];
}

/** How many places of a rack suit a service, and whether a certain one does. */
export interface Suitability {
  readonly matchingNodes: (service: Service) => number;
  readonly isMatchingNode: (service: Service, node: string) => boolean;
}

/** While the Rack itself is not stored every instance stays where it is: that nothing matches is no evidence (R2). */
export function suitability(
  rack: Rack | undefined,
  nodes: () => readonly Node[],
  instances: readonly Instance[],
): Suitability {
  if (rack === undefined) {
    const staying = (service: Service) =>
      instances.filter((instance) => instance.spec.service === service.name && !isLeaving(instance));
    return {
      matchingNodes: (service) => new Set(staying(service).map(({ spec }) => spec.number)).size,
      isMatchingNode: () => true,
    };
  }
  // a rack may have thousands of nodes, and most services never ask
  let places: readonly Place[] | undefined;
  const known = new Map<Service, ReadonlySet<string>>();
  const suits = (service: Service) => {
    const found = known.get(service);
    if (found !== undefined) return found;
    places ??= placesOf(rack, nodes());
    const requirement = requirementOf(service, rack);
    const names = new Set(places.filter((place) => matches(requirement, place)).map(({ name }) => name));
    known.set(service, names);
    return names;
  };
  return {
    matchingNodes: (service) => suits(service).size,
    isMatchingNode: (service, node) => suits(service).has(node),
  };
}

/** Whether what a Rack's variables stand for has changed. */
export function hasOtherVariables(rack: Rack, previous: Rack | undefined): boolean {
  return previous !== undefined && !isDeepStrictEqual(rack.spec.variables, previous.spec.variables);
}

/** What tells whose agent it is. */
type AgentLike = Pick<Agent, "attributes" | "hostname"> & { readonly ip?: string | undefined };

/** An agent is the Node whose name equals its name attribute, else whose address is its hostname or ip (API.md, Rack). */
export function isAgentOf(node: Node, agent: AgentLike, nameAttribute: string): boolean {
  const name = agent.attributes[nameAttribute];
  if (name !== undefined) return name === node.metadata.name;
  const address = node.spec.address;
  return address !== undefined && (address === agent.hostname || address === agent.ip);
}

/** Finds the Node of an agent among many, as `isAgentOf` tells; of several the first. */
export function nodeFinder(nodes: readonly Node[], nameAttribute: string): (agent: AgentLike) => Node | undefined {
  const inReverse = nodes.toReversed();
  const byName = new Map(inReverse.map((node) => [node.metadata.name, node]));
  const byAddress = new Map(inReverse.map((node) => [node.spec.address, node]));
  byAddress.delete(undefined);
  return ({ attributes, hostname, ip }) => {
    const name = attributes[nameAttribute];
    if (name !== undefined) return typeof name === "string" ? byName.get(name) : undefined;
    return byAddress.get(hostname) ?? (ip === undefined ? undefined : byAddress.get(ip));
  };
}
