import { isRecord } from "../../../platform/is-record.js";
import { type Shown, SwitchError } from "../reply.js";
import type { Fields } from "../route-objects.js";
import type { PolicyObject, StatementFields } from "./state.js";

/** The sorts of policy objects, as they are called in paths. */
export type PolicySort = "policycondition" | "policystmt" | "policydefinition";

/** Conditions, statements and definitions, and the rules for changing them. Methods throw SwitchError when refused. */
export interface Policies {
  list(sort: PolicySort): readonly PolicyObject[];
  /** Statements as they are in effect, a little after they were accepted. */
  statements(): readonly PolicyObject[];
  /** By id when given, else by the Name in `fields`. */
  find(sort: PolicySort, id: string, fields: Fields): PolicyObject;
  create(sort: PolicySort, fields: Fields): PolicyObject;
  update(sort: PolicySort, id: string, fields: Fields): PolicyObject;
  delete(sort: PolicySort, id: string, fields: Fields): PolicyObject;
  load(objects: Readonly<Record<PolicySort, readonly PolicyObject[]>>): void;
}

/** `later` puts into effect what was accepted, in order. */
export function createPolicies(nextId: () => string, later: (run: () => void) => void): Policies {
  const objects: Readonly<Record<PolicySort, Map<string, PolicyObject>>> = {
    policycondition: new Map(),
    policystmt: new Map(),
    policydefinition: new Map(),
  };
  const statements = new Map<string, PolicyObject>();
  const store = (sort: PolicySort, object: PolicyObject) => {
    objects[sort].set(object.name, object);
    if (sort === "policystmt") later(() => statements.set(object.name, object));
    return object;
  };
  const has = (sort: PolicySort) => (name: string) => objects[sort].has(name);
  const find = (sort: PolicySort, id: string, fields: Fields) => {
    const all = [...objects[sort].values()];
    const found = id === "" ? objects[sort].get(String(fields.Name)) : all.find((object) => object.id === id);
    if (found === undefined) throw new SwitchError(404, "Error: Failed to find entry.");
    return found;
  };

  return {
    list: (sort) => [...objects[sort].values()],
    statements: () => [...statements.values()],
    find,
    create(sort, fields) {
      const { Name: name } = fields;
      if (typeof name !== "string" || name === "") throw new SwitchError(500, "Error: Insufficient information.");
      const known = objects[sort].get(name);
      if (known !== undefined) {
        throw new SwitchError(500, "Error: Already configured. Delete and Update operations are allowed.", known.id);
      }
      return store(sort, { id: nextId(), name, fields: fieldsOf(sort, fields, has) });
    },
    update(sort, id, fields) {
      const known = find(sort, id, fields);
      if (sort !== "policystmt") throw new SwitchError(500, `Error: update of ${sort} is not supported`, known.id);
      return store(sort, { ...known, fields: { ...changedStatement(statementOf(known), fields, has) } });
    },
    delete(sort, id, fields) {
      const known = find(sort, id, fields);
      const user = userOf(sort, known.name, objects);
      if (user !== undefined) throw new SwitchError(500, `Error: ${known.name} is used by ${user}`, known.id);
      objects[sort].delete(known.name);
      if (sort === "policystmt") later(() => statements.delete(known.name));
      return known;
    },
    load(next) {
      statements.clear();
      for (const sort of SORTS) {
        objects[sort].clear();
        for (const object of next[sort]) store(sort, object);
      }
    },
  };
}

const SORTS = ["policycondition", "policystmt", "policydefinition"] as const;

/** As reads of the configuration show it. */
export function showPolicy({ id, name, fields }: PolicyObject): Shown {
  return { ObjectId: id, Object: { Name: name, ...fields } };
}

/** A statement as `state/PolicyStmt` shows it: without saying whether one condition is enough. */
export function showStatement(statement: PolicyObject, definitions: readonly PolicyObject[]): Shown {
  const { Conditions, Action } = statementOf(statement);
  const users = definitions.filter((definition) => statementsOf(definition).includes(statement.name));
  const shown = { Name: statement.name, MatchConditions: "", Conditions, Action };
  return { ObjectId: "", Object: { ...shown, PolicyList: users.map(({ name }) => name) } };
}

export function statementOf({ fields }: PolicyObject): StatementFields {
  const { MatchConditions: match, Conditions: conditions, Action: action } = fields;
  return { MatchConditions: String(match), Conditions: textsOf(conditions), Action: String(action) };
}

/** The statements that a definition is made of, in their order. */
export function statementsOf({ fields }: PolicyObject): readonly string[] {
  const list: readonly unknown[] = Array.isArray(fields.StatementList) ? fields.StatementList : [];
  const items = list.filter(isRecord).toSorted((a, b) => Number(a.Priority ?? 0) - Number(b.Priority ?? 0));
  return items.map(({ Statement: name }) => String(name));
}

type Has = (sort: PolicySort) => (name: string) => boolean;

function fieldsOf(sort: PolicySort, { Name: _name, ...fields }: Fields, has: Has): Fields {
  if (sort === "policycondition") return conditionFields(fields);
  if (sort === "policydefinition") {
    const definition = { Priority: 0, MatchType: "all", PolicyType: "ALL", StatementList: [], ...fields };
    requireAll(statementsOf({ id: "", name: "", fields: definition }), has("policystmt"));
    return definition;
  }
  const statement = { MatchConditions: "all", Conditions: [], Action: "deny", ...fields };
  requireAll(textsOf(statement.Conditions), has("policycondition"));
  return statement;
}

function conditionFields(fields: Fields): Fields {
  const { ConditionType: type, IpPrefix: prefix = "", PrefixSet: set = "" } = fields;
  if (!["MatchProtocol", "MatchDstIpPrefix", "MatchSrcIpPrefix"].includes(String(type))) {
    throw new SwitchError(500, "Error: Unknown condition type");
  }
  if (type !== "MatchProtocol" && prefix === "" && set === "") throw new SwitchError(500, "Error: Empty prefix set");
  return { Protocol: "", IpPrefix: "", MaskLengthRange: "", PrefixSet: "", ...fields };
}

function requireAll(names: readonly string[], has: (name: string) => boolean): void {
  const missing = names.find((name) => !has(name));
  if (missing !== undefined) throw new SwitchError(500, `Error: ${missing} is not defined`);
}

/** The list of conditions only changes by `patch`: to replace it is not supported. */
function changedStatement(known: StatementFields, fields: Fields, has: Has): StatementFields {
  if (fields.Conditions !== undefined || fields.Action !== undefined) {
    throw new SwitchError(500, "Error: PolicyStmt update for this attribute is not supported");
  }
  const { MatchConditions: match = known.MatchConditions } = fields;
  const steps: readonly unknown[] = Array.isArray(fields.patch) ? fields.patch : [];
  const conditions = steps.reduce<readonly string[]>((names, step) => patched(names, step, has), known.Conditions);
  const next = { ...known, MatchConditions: String(match), Conditions: conditions };
  if (JSON.stringify(next) === JSON.stringify(known)) throw new SwitchError(500, "Error: Nothing to be updated.");
  return next;
}

function patched(names: readonly string[], step: unknown, has: Has): readonly string[] {
  const { op, path, value } = isRecord(step) ? step : {};
  if (path !== "Conditions") throw new SwitchError(500, `Error: ${String(path)} cannot be patched`);
  const named = textsOf(value);
  if (op === "remove") return names.filter((name) => !named.includes(name));
  if (op !== "add") throw new SwitchError(500, `Error: Unknown patch operation ${String(op)}`);
  requireAll(named, has("policycondition"));
  return [...new Set([...names, ...named])];
}

/** What still refers to an object. */
function userOf(
  sort: PolicySort,
  name: string,
  objects: Readonly<Record<PolicySort, ReadonlyMap<string, PolicyObject>>>,
): string | undefined {
  const { policystmt: statements, policydefinition: definitions } = objects;
  switch (sort) {
    case "policycondition":
      return [...statements.values()].find((one) => statementOf(one).Conditions.includes(name))?.name;
    case "policystmt":
      return [...definitions.values()].find((one) => statementsOf(one).includes(name))?.name;
    case "policydefinition":
      return undefined;
    default:
      return sort satisfies never;
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
