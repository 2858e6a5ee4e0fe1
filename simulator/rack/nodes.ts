import type { AgentSpec } from "../mesos/master.js";

/** The machines of the simulated rack, as the example's Rack names them. */
const NODES = [
  { name: "wedge", type: "master", function: "controller" },
  { name: "bladerunner1", type: "slave", function: "lab" },
  { name: "bladerunner2", type: "slave", function: "lab" },
  { name: "bladerunner3", type: "slave", function: "lab" },
  { name: "bladerunner4", type: "slave", function: "lab" },
] as const;

/** The third and fourth number of the first node's address in the block. */
const FIRST_NODE = 10;

/** The address of a node in a block such as `127.64`; undefined for a name that the rack does not have. */
export function nodeAddress(prefix: string, name: string): string | undefined {
  const index = NODES.findIndex((node) => node.name === name);
  return index < 0 ? undefined : `${prefix}.0.${FIRST_NODE + index}`;
}

/** The agents of the rack. */
export function agentSpecs(prefix: string, port: (name: string) => number): AgentSpec[] {
  return NODES.map((node, index) => {
    const ip = `${prefix}.0.${FIRST_NODE + index}`;
    return {
      name: node.name,
      hostname: ip,
      ip,
      port: port(node.name),
      attributes: { host: ip, "machine-name": node.name, "machine-type": node.type, "machine-function": node.function },
      resources: { cpus: "8", mem: "16384", disk: "100000", ports: "[31000-32000]" },
    };
  });
}

export const NODE_NAMES: readonly string[] = NODES.map((node) => node.name);

/** The switch's own network: next hops of the example lie in it. */
export const SWITCH_NETWORKS = [{ name: "vlan100", cidr: "10.250.3.20/24" }];
