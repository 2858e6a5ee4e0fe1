import type { HttpResponse } from "../../../platform/transport.js";
import { json, page, SwitchError, success } from "../reply.js";
import type { Fields } from "../route-objects.js";
import type { TableRoute } from "../table.js";
import { createBgpGlobal } from "./global.js";
import { createPolicies, type Policies, type PolicySort, showPolicy, showStatement } from "./policies.js";
import type { BgpState, PolicyObject } from "./state.js";
import { toldPrefixes } from "./told.js";

/** One request, its path taken apart. */
export interface BgpCall {
  /** e.g. `config/policystmt`. */
  readonly path: string;
  readonly method: string;
  readonly id: string;
  readonly fields: Fields;
  readonly query: URLSearchParams;
}

/** BGP and the policies that decide what it tells. */
export interface Bgp {
  /** Undefined: the path is none of these objects. Throws SwitchError. */
  answer(call: BgpCall): HttpResponse | undefined;
  /** The prefixes among `routes` that BGP tells its neighbours now. */
  told(routes: Iterable<TableRoute>): ReadonlySet<string>;
  snapshot(): BgpState;
  load(state: BgpState): void;
}

/** A switch whose BGP runs, and tells nothing. */
export function idleBgp(nextId: () => string): BgpState {
  const global = { id: nextId(), ASNum: "65001", RouterId: "10.250.3.20", Disabled: false, Redistribution: [] };
  return { conditions: [], statements: [], definitions: [], global };
}

/** What it runs on; `later` puts into effect what was accepted, in order. */
export interface BgpOptions {
  readonly nextId: () => string;
  readonly later: (run: () => void) => void;
  readonly onChange: () => void;
}

/** BGP that tells nothing yet. */
export function createBgp({ nextId, later, onChange }: BgpOptions): Bgp {
  const policies = createPolicies(nextId, later);
  const global = createBgpGlobal(idleBgp(nextId).global);
  const changed: Changed = (status, id) => {
    onChange();
    return success(status, id);
  };

  const answerGlobal = ({ method, fields }: BgpCall) => {
    if (method === "GET") return json(200, global.show());
    if (method !== "PATCH") throw new SwitchError(500, "Error: Already configured. Update operations are allowed.");
    global.update(fields);
    return changed(200, global.value().id);
  };
  const isInUse = (definition: string) => [...global.policies().values()].includes(definition);
  const shown = (one: PolicyObject) => showStatement(one, policies.list("policydefinition"));
  const answerState = ({ path, id, fields, query }: BgpCall) => {
    if (path === "state/policystmts") return page(policies.statements().map(shown), query);
    if (path !== "state/policystmt") return undefined;
    const { name } = policies.find("policystmt", id, fields);
    const found = policies.statements().find((one) => one.name === name);
    if (found === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
    return json(200, shown(found));
  };

  return {
    answer(call) {
      const [area, name = ""] = call.path.split("/");
      if (area === "state") return answerState(call);
      if (name === "bgpglobal") return answerGlobal(call);
      if (name === "bgpglobals") return page([global.show()], call.query);
      const one = SORTS.find((sort) => sort === name);
      if (one !== undefined) return answerPolicy({ policies, changed, isInUse }, one, call);
      const all = SORTS.find((sort) => `${sort}s` === name);
      return all && page(policies.list(all).map(showPolicy), call.query);
    },
    told(routes) {
      const { Disabled: isDisabled, ASNum: number } = global.value();
      const isEnabled = !isDisabled && !["", "0"].includes(number);
      return toldPrefixes({ isEnabled, routes, bySource: global.policies(), policies });
    },
    snapshot: () => ({
      conditions: policies.list("policycondition"),
      statements: policies.list("policystmt"),
      definitions: policies.list("policydefinition"),
      global: global.value(),
    }),
    load(state) {
      const { conditions, statements, definitions } = state;
      policies.load({ policycondition: conditions, policystmt: statements, policydefinition: definitions });
      global.load(state.global);
    },
  };
}

function answerPolicy(
  { policies, changed, isInUse }: PolicyParts,
  sort: PolicySort,
  { method, id, fields }: BgpCall,
): HttpResponse {
  switch (method) {
    case "GET":
      return json(200, showPolicy(policies.find(sort, id, fields)));
    case "POST":
      return changed(201, policies.create(sort, fields).id);
    case "PATCH":
      return changed(200, policies.update(sort, id, fields).id);
    case "DELETE":
      if (sort === "policydefinition" && isInUse(policies.find(sort, id, fields).name)) {
        throw new SwitchError(500, "Error: the policy is used by BGP");
      }
      return changed(410, policies.delete(sort, id, fields).id);
    default:
      throw new SwitchError(405, "Error: Method not allowed.");
  }
}

interface PolicyParts {
  readonly policies: Policies;
  readonly changed: Changed;
  /** Whether BGP goes by the definition of this name. */
  readonly isInUse: (definition: string) => boolean;
}

type Changed = (status: 200 | 201 | 410, id: string) => HttpResponse;

const SORTS = ["policycondition", "policystmt", "policydefinition"] as const;
