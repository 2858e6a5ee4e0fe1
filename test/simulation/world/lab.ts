import { addressOfNode, MASTER, type MachineOptions } from "./rack.js";

/** Namespace of everything that runs in the lab. */
export const NAMESPACE = "shop";

export interface LabOptions {
  readonly nodes: readonly MachineOptions[];
  /** How long clients may keep an answer; default 0. */
  readonly ttlSeconds?: number;
  /** `spec.dns` as YAML; default: the world's Consul. */
  readonly dns?: string;
  /** `spec.network` as YAML; default: none, so nothing is routed. */
  readonly network?: string;
  /** Whether the world's proxy stands in front of service ports. */
  readonly hasProxy?: boolean;
}

const PROXY = `  loadBalancer:
    haproxy: { endpoints: [{ name: edge, adminSocket: /proxy/admin, masterSocket: /proxy/master, configFile: /proxy/ours }] }
`;

/** The Namespace, and the Rack `lab` of these machines with the world's Mesos and Consul, as YAML. */
export function labRack({ nodes, ttlSeconds = 0, dns, network, hasProxy = false }: LabOptions): string {
  const consul = `{ type: Consul, domain: service.torc, ttlSeconds: ${ttlSeconds}, consul: { address: "http://${MASTER}:8500" } }`;
  const lines = nodes.map(({ name }, index) => {
    const address = addressOfNode(index);
    return `  - { name: ${name}, address: ${address}, externalAddress: ${address}, type: worker, function: lab }`;
  });
  return `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: rackwright.dev/v1alpha1
kind: Rack
metadata: { name: lab }
spec:
  nodes:
${lines.join("\n")}
  compute:
    mesos:
      masters: ["http://${MASTER}:5050"]
      frameworkName: lab
      user: root
      nodeAttributes: { name: machine-name, type: machine-type, function: machine-function }
  dns: ${dns ?? consul}
${network === undefined ? "" : `  network: ${network}\n`}${hasProxy ? PROXY : ""}`;
}
