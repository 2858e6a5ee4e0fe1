import { parseIpv4Prefix } from "../format/address.js";
import { invalid, isLiteral } from "../meta/field-error.js";
import type { FieldError } from "../schema/structural.js";

/** A canonical IPv4 prefix, unless it holds variables. */
export function prefixErrors(prefix: string, path: string): readonly FieldError[] {
  if (!isLiteral(prefix)) return [];
  const parsed = parseIpv4Prefix(prefix);
  if (parsed === undefined) return [invalid(path, prefix, "must be an IPv4 prefix such as 10.250.3.0/24")];
  if (parsed.canonical === prefix) return [];
  return [invalid(path, prefix, `must be canonical, without host bits: ${parsed.canonical}`)];
}

/** An address of an HTTP API: it may hold variables, its scheme may not. */
export function httpErrors(address: string, path: string): readonly FieldError[] {
  if (/^http:\/\/[^/\s]/.test(address) || (!isLiteral(address) && !/^[a-z]+:\/\//.test(address))) return [];
  if (address.startsWith("https://")) return [invalid(path, address, "https is not supported yet, use http")];
  return [invalid(path, address, "must be an address such as http://10.0.0.1:8500")];
}
