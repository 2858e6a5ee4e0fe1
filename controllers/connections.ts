import type { Rack, RackHaproxy } from "../api-types/rack.js";
import { parseDuration } from "../api-types/schema/duration.js";
import { substitute, substituteDeep } from "../api-types/substitute.js";
import type { MesosSecrets } from "../client/mesos-access.js";
import type { NameServerSettings } from "../drivers/dns/name-server.js";

/** Where a rack's back ends are; `up --simulate` lays the simulator's addresses over those of the spec, in memory. */
export interface AddressOverlay {
  /** Where the addresses come from, for people. */
  readonly source: string;
  readonly masters?: readonly string[];
  readonly dns?: string;
  readonly switch?: string;
  /** Addresses at which tasks are reached, by the name of their node. */
  readonly nodes?: Readonly<Record<string, string>>;
}

/** What the drivers of one rack are opened with; a back end that the spec does not name is undefined. */
export interface Connections {
  readonly identity: string;
  readonly observePeriodMs: number;
  readonly compute:
    | {
        readonly masters: readonly string[];
        readonly frameworkName: string;
        readonly user: string;
        readonly roles: readonly string[];
        readonly principal: string | undefined;
        readonly failoverTimeoutSeconds: number;
        /** Where what proves us is kept; undefined: nothing does, as with an overlay. */
        readonly secrets: MesosSecrets | undefined;
      }
    | undefined;
  readonly dns:
    | { readonly type: "Consul"; readonly address: string; readonly datacenter: string | undefined }
    // the server of this process: where it listens may change without another driver
    | { readonly type: "Builtin"; readonly rack: string }
    | undefined;
  readonly network: { readonly type: "SnapRoute"; readonly address: string } | undefined;
  /** One for each proxy. */
  readonly balancers: readonly BalancerConnection[];
}

export interface BalancerConnection
  extends Pick<RackHaproxy, "bindAddress" | "balance">,
    Pick<RackHaproxy["endpoints"][number], "name" | "adminSocket" | "masterSocket" | "configFile"> {}

/** The connections of a rack, with its variables replaced. Two equal results need the same drivers. */
export function connectionsOf(rack: Rack, overlay?: AddressOverlay): Connections {
  const { spec, metadata } = rack;
  const text = (value: string) => substitute(value, (name) => spec.variables?.[name]).text;
  return {
    identity: spec.identity ?? metadata.name,
    observePeriodMs: spec.intervals.observeSeconds * 1000,
    compute: computeOf(rack, overlay, text),
    dns: dnsOf(rack, overlay, text),
    network: networkOf(rack, overlay, text),
    balancers: balancersOf(rack, text),
  };
}

type Text = (value: string) => string;

function computeOf({ spec }: Rack, overlay: AddressOverlay | undefined, text: Text): Connections["compute"] {
  const mesos = spec.compute?.mesos;
  if (mesos === undefined) return undefined;
  return {
    masters: (overlay?.masters ?? mesos.masters).map(text),
    frameworkName: text(mesos.frameworkName),
    user: mesos.user ?? "root",
    roles: mesos.roles ?? ["*"],
    principal: mesos.principal,
    failoverTimeoutSeconds: parseDuration(mesos.failoverTimeout) / 1000,
    secrets: overlay?.masters === undefined ? secretsOf(mesos) : undefined,
  };
}

function secretsOf({ principal, credentialsSecretRef, tls }: MesosSecrets): MesosSecrets | undefined {
  return credentialsSecretRef === undefined && tls === undefined ? undefined : { principal, credentialsSecretRef, tls };
}

function dnsOf({ metadata, spec }: Rack, overlay: AddressOverlay | undefined, text: Text): Connections["dns"] {
  if (spec.dns?.type === "Builtin") return { type: "Builtin", rack: metadata.name };
  const consul = spec.dns?.consul;
  if (consul === undefined) return undefined;
  return { type: "Consul", address: text(overlay?.dns ?? consul.address), datacenter: consul.datacenter };
}

/** How the name server of a rack answers, with its variables replaced; undefined: it has none in this process. */
export function nameServerSettings({ spec }: Rack): NameServerSettings | undefined {
  if (spec.dns?.type !== "Builtin" || spec.dns.builtin === undefined) return undefined;
  const { value: dns } = substituteDeep(spec.dns, (name) => spec.variables?.[name]);
  const { listen, allowTransfer = [], resolvers = [] } = dns.builtin ?? spec.dns.builtin;
  return { domain: dns.domain.toLowerCase(), ttlSeconds: dns.ttlSeconds, listen, allowTransfer, resolvers };
}

function networkOf({ spec }: Rack, overlay: AddressOverlay | undefined, text: Text): Connections["network"] {
  const { type, address } = spec.network?.switch ?? {};
  if (type !== "SnapRoute" || address === undefined) return undefined;
  return { type, address: text(overlay?.switch ?? address) };
}

function balancersOf({ spec }: Rack, text: Text): Connections["balancers"] {
  const { endpoints = [], bindAddress = "", balance = "leastconn" } = spec.loadBalancer?.haproxy ?? {};
  return endpoints.map(({ name, adminSocket, masterSocket, configFile }) => ({
    name,
    adminSocket: text(adminSocket),
    masterSocket: text(masterSocket),
    configFile: text(configFile),
    bindAddress: text(bindAddress),
    balance,
  }));
}
