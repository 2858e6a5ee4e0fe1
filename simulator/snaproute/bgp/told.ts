import { parseIpv4Prefix, prefixAround } from "../../../drivers/network/prefix.js";
import type { TableRoute } from "../table.js";
import { type Policies, statementOf, statementsOf } from "./policies.js";
import type { PolicyObject } from "./state.js";

/** What decides which routes BGP tells. */
export interface ToldParts {
  readonly isEnabled: boolean;
  readonly routes: Iterable<TableRoute>;
  /** The policy of each source. */
  readonly bySource: ReadonlyMap<string, string>;
  readonly policies: Policies;
}

/** The prefixes that BGP tells its neighbours. */
export function toldPrefixes({ isEnabled, routes, bySource, policies }: ToldParts): ReadonlySet<string> {
  if (!isEnabled) return new Set();
  const told = [...routes].filter((route) => {
    const name = bySource.get(route.protocol) ?? bySource.get("");
    const definition = policies.list("policydefinition").find((one) => one.name === name);
    return definition !== undefined && isPermitted(policies, definition, route);
  });
  return new Set(told.map(({ prefix }) => prefix));
}

/** The first statement that holds decides; where none does, the route is not told. */
function isPermitted(policies: Policies, definition: PolicyObject, route: TableRoute): boolean {
  for (const name of statementsOf(definition)) {
    const statement = policies.statements().find((one) => one.name === name);
    if (statement !== undefined && doesHold(policies, statement, route))
      return statementOf(statement).Action === "permit";
  }
  return false;
}

/** A statement without conditions holds for every route, and so does one whose conditions are all unknown with `all`. */
function doesHold(policies: Policies, statement: PolicyObject, route: TableRoute): boolean {
  const { MatchConditions: match, Conditions: names } = statementOf(statement);
  if (names.length === 0) return true;
  const known = policies.list("policycondition").filter(({ name }) => names.includes(name));
  const isMet = (condition: PolicyObject) => isMatch(condition.fields, route);
  return match === "any" ? known.some(isMet) : known.every(isMet);
}

function isMatch(fields: PolicyObject["fields"], { prefix, protocol }: TableRoute): boolean {
  const { ConditionType: type, Protocol: wanted, IpPrefix: ip, MaskLengthRange: range } = fields;
  if (type === "MatchProtocol") return wanted === protocol;
  if (range === "exact") return ip === prefix;
  const [least = 33, most = -1] = String(range)
    .split(/\.\.|-/)
    .map(Number);
  const around = parseIpv4Prefix(String(ip));
  const inside = parseIpv4Prefix(prefix);
  if (around === undefined || inside === undefined || inside.length < least || inside.length > most) return false;
  return inside.length >= around.length && prefixAround(inside.network, around.length).network === around.network;
}
