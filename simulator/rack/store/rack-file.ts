import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { NODE_NAMES, nodeAddress } from "../nodes.js";

/** Where the servers of a simulated rack listen. */
export interface RackServers {
  readonly mesos: { readonly url: string };
  readonly consul: { readonly url: string };
  readonly switch: { readonly url: string };
  /** The simulator itself. */
  readonly status: { readonly url: string };
}

/** What a running simulator tells of itself. */
export interface RackAddresses {
  readonly pid: number;
  readonly masters: readonly string[];
  readonly dns: string;
  readonly switch: string;
  /** Where tasks are reached that share their node's address, by its name. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly status: string;
}

interface RackFile {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly nodes: readonly { readonly name: string; readonly address: string }[];
    readonly compute: { readonly mesos: { readonly masters: readonly string[] } };
    readonly dns: { readonly consul: { readonly address: string } };
    readonly network: { readonly switch: { readonly address: string } };
  };
}

/** The file's path in the directory of a simulator. */
export function rackFileIn(directory: string): string {
  return join(directory, "rack.yaml");
}

/** The rack's addresses in the shape of a Rack, for `up` and for people. */
export function rackFileText(prefix: string, { mesos, consul, switch: tor, status }: RackServers): string {
  return stringify({
    apiVersion: "rackwright.dev/v1alpha1",
    kind: "Rack",
    metadata: {
      name: "simulated",
      annotations: { [STATUS]: status.url, [PID]: `${process.pid}` },
    },
    spec: {
      nodes: NODE_NAMES.map((name) => ({ name, address: nodeAddress(prefix, name) })),
      compute: { mesos: { masters: [mesos.url] } },
      dns: { type: "Consul", domain: "service.torc", consul: { address: consul.url } },
      network: { switch: { type: "SnapRoute", address: tor.url } },
    },
  });
}

const STATUS = "rackwright.dev/simulator-status";
const PID = "rackwright.dev/simulator-pid";

/** Reads the file; undefined when there is none. */
export function readRackFile(path: string): RackAddresses | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  // written by the simulator of this version
  const { metadata, spec } = parse(text) as RackFile;
  return {
    pid: Number(metadata.annotations[PID]),
    masters: spec.compute.mesos.masters,
    dns: spec.dns.consul.address,
    switch: spec.network.switch.address,
    nodes: Object.fromEntries((spec.nodes ?? []).map(({ name, address }) => [name, address])),
    status: metadata.annotations[STATUS] ?? "",
  };
}
