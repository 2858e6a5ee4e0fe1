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
  readonly isUniqueByNode: boolean;
}

export function requirementOf(service: Service, rack: Rack | undefined): Requirement {
  const { value } = substituteDeep(service.placement ?? {}, (name) => rack?.spec.variables?.[name]);
  const isUnique = (value.constraints ?? []).some((constraint) => /^unique$/i.test(constraint.operator));
  return {
    nodeNames: value.nodeNames ?? [],
    nodeType: value.nodeType === undefined ? undefined : typeName(value.nodeType),
    nodeFunction: value.nodeFunction,
    isUniqueByNode: isUnique || service.mode === "EachNode",
  };
}

/** ToRC's word for a worker. */
export function typeName(type: string | undefined): string {
  return type === "slave" || type === undefined ? "worker" : type;
}

/** Whether a node, busy or not, is one on which the service may run. */
export function matches(requirement: Requirement, node: Node): boolean {
  const { nodeNames, nodeType, nodeFunction } = requirement;
  if (nodeNames.length > 0 && !nodeNames.includes(node.metadata.name)) return false;
  if (nodeType !== undefined && nodeType !== typeName(node.spec.type)) return false;
  return nodeFunction === undefined || nodeFunction === node.spec.function;
}

/** An agent is the Node whose name equals its name attribute, else whose address is its hostname or ip (API.md, Rack). */
export function isAgentOf(
  node: Node,
  agent: Pick<Agent, "attributes" | "hostname"> & { readonly ip?: string | undefined },
  nameAttribute: string,
): boolean {
  const name = agent.attributes[nameAttribute];
  if (name !== undefined) return name === node.metadata.name;
  const address = node.spec.address;
  return address !== undefined && (address === agent.hostname || address === agent.ip);
}
