import { SwitchError } from "./reply.js";
import { type Fields, hopsFrom, prefixOf, routeFrom } from "./route-objects.js";
import type { ConfiguredHop, ConfiguredRoute } from "./state.js";
import type { Table } from "./table.js";

/** The configured static routes, by prefix, and the rules for changing them. Each method throws SwitchError when refused. */
export interface RouteConfig {
  list(): readonly ConfiguredRoute[];
  /** By id when given, else by the keys in `fields`. */
  find(id: string, fields: Fields): ConfiguredRoute;
  create(fields: Fields): ConfiguredRoute;
  update(id: string, fields: Fields): ConfiguredRoute;
  delete(id: string, fields: Fields): ConfiguredRoute;
  /** Replaces the configuration and queues all of it for the table. */
  load(routes: readonly ConfiguredRoute[]): void;
}

/** Starts without routes; ids come from `nextId`. */
export function createRouteConfig(table: Table, nextId: () => string): RouteConfig {
  const routes = new Map<string, ConfiguredRoute>();

  const find = (id: string, fields: Fields) => {
    const prefix = id === "" ? prefixOf(fields) : undefined;
    const found = id === "" ? routes.get(prefix ?? "") : [...routes.values()].find((route) => route.id === id);
    if (found === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
    return found;
  };
  const store = (route: ConfiguredRoute) => {
    routes.set(route.prefix, route);
    table.set(route);
    return route;
  };

  return {
    list: () => [...routes.values()],
    find,
    create(fields) {
      const prefix = prefixOf(fields);
      if (prefix === undefined) throw new SwitchError(500, "Error: Insufficient information.");
      const known = routes.get(prefix);
      if (known !== undefined) {
        throw new SwitchError(500, "Error: Already configured. Delete and Update operations are allowed.", known.id);
      }
      return store(reachable(table, routeFrom(fields, prefix, nextId())));
    },
    update(id, fields) {
      const known = find(id, fields);
      const named = prefixOf(fields);
      if (named !== undefined && named !== known.prefix) {
        throw new SwitchError(500, "Error: Cannot update key in an object.", known.id);
      }
      const nextHops = changedHops(known, fields);
      return store(reachable(table, { ...known, nextHops }));
    },
    delete(id, fields) {
      const known = find(id, fields);
      routes.delete(known.prefix);
      table.remove(known.prefix);
      return known;
    },
    load(next) {
      routes.clear();
      for (const route of next) store(route);
    },
  };
}

function reachable(table: Table, route: ConfiguredRoute): ConfiguredRoute {
  const lost = route.nextHops.find((hop) => table.interfaceOf(hop.ip) === undefined);
  if (lost !== undefined) throw new SwitchError(500, `Error: Next hop ip ${lost.ip} not reachable`);
  return route;
}

/** The next hops after a PATCH: `NextHop` replaces the list, a `patch` adds to it or removes from it. */
function patchedHops(known: ConfiguredRoute, fields: Fields): readonly ConfiguredHop[] {
  if (fields.NullRoute !== undefined && fields.NullRoute !== known.isNull) {
    throw new SwitchError(404, "Error: NullRoute cannot be updated", known.id);
  }
  if (fields.patch === undefined) return fields.NextHop === undefined ? known.nextHops : hopsFrom(fields.NextHop);
  if (!Array.isArray(fields.patch)) throw new SwitchError(500, "Error: patch is not a list", known.id);
  return fields.patch.reduce<readonly ConfiguredHop[]>((hops, step: unknown) => applyStep(hops, step), known.nextHops);
}

function changedHops(known: ConfiguredRoute, fields: Fields): readonly ConfiguredHop[] {
  const nextHops = patchedHops(known, fields);
  if (isSame(nextHops, known.nextHops)) throw new SwitchError(500, "Error: Nothing to be updated.", known.id);
  if (nextHops.length === 0) throw new SwitchError(404, "Error: Next hop ip not specified", known.id);
  return nextHops;
}

function applyStep(hops: readonly ConfiguredHop[], step: unknown): readonly ConfiguredHop[] {
  // any object can be read by field name
  const { op, path, value } = (step ?? {}) as Fields;
  if (path !== "NextHop") throw new SwitchError(404, `Error: ${String(path)} cannot be patched`);
  const named = hopsFrom(value);
  const others = hops.filter((hop) => named.every((other) => other.ip !== hop.ip));
  if (op === "add") return [...others, ...named];
  if (op === "remove") return others;
  throw new SwitchError(404, `Error: Unknown patch operation ${String(op)}`);
}

function isSame(left: readonly ConfiguredHop[], right: readonly ConfiguredHop[]): boolean {
  const texts = (hops: readonly ConfiguredHop[]) =>
    hops.map((hop) => `${hop.ip} ${hop.interface} ${hop.weight}`).sort();
  return JSON.stringify(texts(left)) === JSON.stringify(texts(right));
}
