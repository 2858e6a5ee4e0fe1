import {
  formatIpv4Prefix,
  formatMask,
  parseIpv4,
  parseIpv4Prefix,
  parseMask,
  prefixAround,
} from "../../drivers/network/prefix.js";
import { type Shown, SwitchError } from "./reply.js";
import type { ConfiguredHop, ConfiguredRoute } from "./state.js";
import type { TableRoute } from "./table.js";

/** Fields as they came; names were checked by nobody. */
export type Fields = Readonly<Record<string, unknown>>;

const NULL_HOP = { NextHopIp: "255.255.255.255", NextHopIntRef: "Null0", Weight: 0 };

/** The prefix named by DestinationNw, alone as CIDR or split with NetworkMask; undefined when neither is there. */
export function prefixOf(fields: Fields): string | undefined {
  const { DestinationNw: network, NetworkMask: mask } = fields;
  if (typeof network !== "string" || network === "") return undefined;
  if (network.includes("/")) {
    const parsed = parseIpv4Prefix(network);
    if (parsed === undefined) throw new SwitchError(500, `Error: Invalid destination ${network}`);
    return formatIpv4Prefix(parsed);
  }
  const address = parseIpv4(network);
  const length = typeof mask === "string" ? parseMask(mask) : undefined;
  if (address === undefined || length === undefined) throw new SwitchError(500, "Error: Invalid destination or mask");
  return formatIpv4Prefix(prefixAround(address, length));
}

/** A new route from the body of a create. */
export function routeFrom(fields: Fields, prefix: string, id: string): ConfiguredRoute {
  const isNull = fields.NullRoute === true;
  const protocol = typeof fields.Protocol === "string" ? fields.Protocol : "STATIC";
  if (protocol !== "STATIC") throw new SwitchError(500, `Error: Protocol ${protocol} not recognised`);
  const nextHops = isNull ? [] : hopsFrom(fields.NextHop);
  if (!isNull && nextHops.length === 0) throw new SwitchError(500, "Error: Next hop ip not specified");
  return { id, prefix, isNull, protocol, cost: typeof fields.Cost === "number" ? fields.Cost : 0, nextHops };
}

/** The next hops in a body. */
export function hopsFrom(value: unknown): readonly ConfiguredHop[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new SwitchError(500, "Error: NextHop is not a list");
  return value.map((item: unknown) => {
    if (typeof item !== "object" || item === null) throw new SwitchError(500, "Error: Next hop ip not specified");
    // any object can be read by field name
    const { NextHopIp: ip = "", NextHopIntRef: reference = "", Weight: weight = 0 } = item as Fields;
    if (typeof ip !== "string" || parseIpv4(ip) === undefined)
      throw new SwitchError(500, `Error: Invalid next hop ip ${ip}`);
    if (typeof weight !== "number" || weight < 0 || weight > 31)
      throw new SwitchError(500, "Error: Weight must be 0..31");
    return { ip, interface: typeof reference === "string" ? reference : "", weight };
  });
}

/** A configured route as `config/IPv4Route` shows it: destination split into address and mask. */
export function showConfigured(route: ConfiguredRoute): Shown {
  const [network = "", length = ""] = route.prefix.split("/");
  return {
    ObjectId: route.id,
    Object: {
      DestinationNw: network,
      NetworkMask: formatMask(Number(length)),
      NullRoute: route.isNull,
      Protocol: route.protocol,
      Cost: route.cost,
      NextHop: route.nextHops.map((hop) => ({
        NextHopIp: hop.ip,
        NextHopIntRef: hop.interface,
        Weight: hop.weight,
      })),
    },
  };
}

/** A route in effect as `state/IPv4Route` shows it: destination as CIDR. */
export function showInEffect(route: TableRoute): Shown {
  const hops = route.nextHops.map((hop) => ({
    NextHopIp: hop.ip,
    NextHopIntRef: hop.interface,
    Weight: hop.weight,
  }));
  return {
    ObjectId: "",
    Object: {
      DestinationNw: route.prefix,
      RouteCreatedTime: new Date(route.createdAt).toISOString(),
      RouteUpdatedTime: new Date(route.updatedAt).toISOString(),
      IsNetworkReachable: true,
      NextBestRoute: { Protocol: "", NextHopList: null },
      NextHopList: route.isNull ? [NULL_HOP] : hops,
      PolicyList: null,
      Protocol: route.protocol,
    },
  };
}

/** A route in effect as `state/IPv4RouteHw` shows it. */
export function showInHardware(route: TableRoute): Shown {
  return {
    ObjectId: "",
    Object: {
      DestinationNw: route.prefix,
      NextHopIps: route.isNull ? "Null0" : route.nextHops.map((hop) => hop.ip).join(" "),
      RouteCreatedTime: new Date(route.createdAt).toISOString(),
      RouteUpdatedTime: new Date(route.updatedAt).toISOString(),
    },
  };
}
