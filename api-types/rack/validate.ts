import { isIpv4, isIpv6 } from "../format/address.js";
import { isDnsName, isVariableName } from "../format/names.js";
import { invalid, isLiteral, required } from "../meta/field-error.js";
import type { ObjectMeta } from "../meta/object.js";
import type { RackSpec } from "../rack.js";
import type { FieldError } from "../schema/structural.js";
import { dnsErrors } from "./dns-errors.js";
import { httpErrors, prefixErrors } from "./formats.js";
import { loadBalancerErrors } from "./load-balancer.js";
import { mesosErrors } from "./mesos-errors.js";
import { metricErrors } from "./metric-errors.js";
import type { RackNode } from "./nodes.js";
import { poolErrors } from "./pool-errors.js";

interface RackLike {
  readonly metadata: ObjectMeta;
  readonly spec: RackSpec;
}

/** Rules of a Rack beyond its schema. */
export function validateRack(rack: RackLike, previous: RackLike | undefined): readonly FieldError[] {
  const { spec } = rack;
  return [
    ...identityErrors(rack, previous),
    ...variableErrors(spec.variables ?? {}),
    ...(spec.nodes ?? []).flatMap((node, index) => nodeErrors(node, `spec.nodes[${index}]`)),
    ...mesosErrors(spec.compute?.mesos),
    ...dnsErrors(spec.dns),
    ...networkErrors(spec.network),
    ...loadBalancerErrors(spec.loadBalancer),
    ...metricErrors(spec),
    ...allowErrors(spec),
  ];
}

/** What was stamped outside under one identity would be foreign under another. */
function identityErrors(rack: RackLike, previous: RackLike | undefined): readonly FieldError[] {
  const identity = identityOf(rack);
  if (previous !== undefined && identityOf(previous) !== identity) {
    return [invalid("spec.identity", identity, "field is immutable")];
  }
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(identity);
  return isPlain ? [] : [invalid("spec.identity", identity, "must be letters, digits, `.`, `_` and `-`")];
}

function identityOf({ metadata, spec }: RackLike): string {
  return spec.identity ?? metadata.name;
}

function variableErrors(variables: Readonly<Record<string, string>>): readonly FieldError[] {
  return Object.keys(variables)
    .filter((name) => !isVariableName(name))
    .map((name) => invalid("spec.variables", name, "names must be A-Z, 0-9 and `_`, a letter first"));
}

function nodeErrors(node: RackNode, path: string): readonly FieldError[] {
  const isName = !isLiteral(node.name) || isDnsName(node.name);
  return [
    ...(isName ? [] : [invalid(`${path}.name`, node.name, "must be a DNS name in lower case")]),
    ...(["address", "externalAddress", "managementAddress"] as const).flatMap((field) =>
      addressErrors(node[field], `${path}.${field}`),
    ),
  ];
}

function addressErrors(address: string | undefined, path: string): readonly FieldError[] {
  if (address === undefined || !isLiteral(address) || isIpv4(address)) return [];
  const why = isIpv6(address) ? "IPv6 addresses are not supported yet" : "must be an IPv4 address";
  return [invalid(path, address, why)];
}

function networkErrors(network: RackSpec["network"]): readonly FieldError[] {
  if (network === undefined) return [];
  const { switch: toRack, managementPrefixes = [] } = network;
  const path = "spec.network.switch.address";
  return [
    ...managementPrefixes.flatMap((prefix, index) => prefixErrors(prefix, `spec.network.managementPrefixes[${index}]`)),
    ...poolErrors(network),
    ...(toRack.type !== "None" && toRack.address === undefined ? [required(path, `type is ${toRack.type}`)] : []),
    ...(toRack.address === undefined ? [] : httpErrors(toRack.address, path)),
  ];
}

function allowErrors({ safety }: RackSpec): readonly FieldError[] {
  return (safety.allow ?? []).flatMap(({ hostPaths = [] }, index) =>
    hostPaths.flatMap((hostPath, at) => {
      const isPlain = !isLiteral(hostPath) || (hostPath.startsWith("/") && !hostPath.split("/").includes(".."));
      const path = `spec.safety.allow[${index}].hostPaths[${at}]`;
      return isPlain ? [] : [invalid(path, hostPath, "must be an absolute path without `..`")];
    }),
  );
}
