import { isIpv4 } from "../format/address.js";
import { isDnsName } from "../format/names.js";
import { invalid, isLiteral, required } from "../meta/field-error.js";
import type { FieldError } from "../schema/structural.js";
import type { RackDns } from "./backends.js";
import { httpErrors, prefixErrors } from "./formats.js";

/** Rules of `spec.dns` beyond its schema. */
export function dnsErrors(dns: RackDns | undefined): readonly FieldError[] {
  if (dns === undefined) return [];
  const isDomain = !isLiteral(dns.domain) || isDnsName(dns.domain);
  return [
    ...(isDomain ? [] : [invalid("spec.dns.domain", dns.domain, "must be a DNS name in lower case")]),
    ...(dns.type === "Consul" && dns.consul === undefined ? [required("spec.dns.consul", "type is Consul")] : []),
    ...(dns.type === "Builtin" && dns.builtin === undefined ? [required("spec.dns.builtin", "type is Builtin")] : []),
    ...(dns.consul === undefined ? [] : httpErrors(dns.consul.address, "spec.dns.consul.address")),
    ...(dns.builtin === undefined ? [] : builtinErrors(dns.builtin)),
  ];
}

function builtinErrors(builtin: NonNullable<RackDns["builtin"]>): readonly FieldError[] {
  const path = "spec.dns.builtin";
  const { listen, allowTransfer = [], resolvers = [] } = builtin;
  return [
    ...(isListen(listen)
      ? []
      : [invalid(`${path}.listen`, listen, "must be an IPv4 address and a port, such as 10.0.0.1:53")]),
    ...allowTransfer.flatMap((prefix, index) => prefixErrors(prefix, `${path}.allowTransfer[${index}]`)),
    ...resolvers.flatMap((resolver, index) => resolverErrors(resolver, listen, `${path}.resolvers[${index}]`)),
  ];
}

/** A server that asks itself would ask for ever. */
function resolverErrors(resolver: string, listen: string, path: string): readonly FieldError[] {
  if (!isLiteral(resolver)) return [];
  if (!isIpv4(resolver) && !isListen(resolver))
    return [invalid(path, resolver, "must be an IPv4 address, with a port where that is not 53")];
  const isItself = withPort(resolver) === listen;
  return isItself ? [invalid(path, resolver, "must not be the address that the server itself listens on")] : [];
}

function withPort(resolver: string): string {
  return resolver.includes(":") ? resolver : `${resolver}:53`;
}

function isListen(text: string): boolean {
  if (!isLiteral(text)) return true;
  const [host = "", port = "", ...more] = text.split(":");
  return more.length === 0 && isIpv4(host) && /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535;
}
