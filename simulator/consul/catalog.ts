import type { CheckRow, ConsulState, NodeRow, ServiceRow } from "./state.js";
import type { Topic, Topics } from "./topics.js";

type New<Row> = Omit<Row, "createIndex" | "modifyIndex">;

/** What one registration carries. */
export interface Registration {
  readonly node: New<NodeRow>;
  readonly skipsNodeUpdate: boolean;
  readonly service: Omit<New<ServiceRow>, "node"> | undefined;
  readonly checks: readonly Omit<New<CheckRow>, "node">[];
}

/** Nodes, services and checks with Consul's rules: lookups ignore case, identical registrations change nothing. */
export interface Catalog {
  register(registration: Registration): void;
  deregisterService(node: string, id: string): void;
  deregisterCheck(node: string, checkId: string): void;
  deregisterNode(node: string): void;
  nodes(): readonly NodeRow[];
  node(name: string): NodeRow | undefined;
  /** By service id. */
  servicesOf(node: string): readonly ServiceRow[];
  /** All instances of a service name. */
  instances(service: string): readonly ServiceRow[];
  /** Names with the union of their tags. */
  serviceNames(): ReadonlyMap<string, ReadonlySet<string>>;
  checksOf(node: string): readonly CheckRow[];
  load(state: ConsulState): void;
}

/** An empty catalogue that counts its writes in `topics`. */
export function createCatalog(topics: Topics): Catalog {
  const tables: Tables = { nodes: new Map(), byNode: new Map(), byName: new Map(), checks: new Map() };
  const { nodes, byNode, byName, checks } = tables;
  const servicesOf = (node: string) => [...(byNode.get(fold(node))?.values() ?? [])];

  return {
    register(registration) {
      const index = topics.current() + 1;
      const { node } = registration.node;
      const changed = putNode(tables, registration, index);
      if (registration.service !== undefined)
        changed.push(...putService(tables, { ...registration.service, node }, index));
      for (const check of registration.checks) changed.push(...putCheck(tables, { ...check, node }, index));
      if (changed.length > 0) topics.commit(changed);
    },
    deregisterService(node, id) {
      const row = byNode.get(fold(node))?.get(id);
      if (row === undefined) return;
      dropService(tables, row);
      topics.commit(["services", nodeTopic(node), serviceTopic(row.service)], emptiedTopics(tables, [row]));
    },
    deregisterCheck(node, checkId) {
      if (checks.get(fold(node))?.has(checkId) !== true) return;
      remove(checks, fold(node), checkId);
      topics.commit(serviceTopics(servicesOf(node)));
    },
    deregisterNode(node) {
      if (!nodes.has(fold(node))) return;
      const rows = servicesOf(node);
      for (const row of rows) dropService(tables, row);
      checks.delete(fold(node));
      nodes.delete(fold(node));
      topics.commit(["nodes", "services", ...serviceTopics(rows)], [nodeTopic(node), ...emptiedTopics(tables, rows)]);
    },
    nodes: () => [...nodes.values()],
    node: (name) => nodes.get(fold(name)),
    servicesOf,
    instances: (service) => [...(byName.get(fold(service))?.values() ?? [])],
    serviceNames: () => namesOf(byName.values()),
    checksOf: (node) => [...(checks.get(fold(node))?.values() ?? [])],
    load: (state) => load(tables, state),
  };
}

/** All tables by names in lower case; services are found by node and id, and by name. */
interface Tables {
  readonly nodes: Map<string, NodeRow>;
  readonly byNode: Map<string, Map<string, ServiceRow>>;
  readonly byName: Map<string, Map<string, ServiceRow>>;
  readonly checks: Map<string, Map<string, CheckRow>>;
}

/** The put functions return the topics that changed: none when the row was there already. */
function putNode({ nodes, byNode }: Tables, registration: Registration, index: number): Topic[] {
  const name = fold(registration.node.node);
  const known = nodes.get(name);
  if (known !== undefined && (registration.skipsNodeUpdate || isSame(known, registration.node))) return [];
  nodes.set(name, stampRow(registration.node, known, index));
  return ["nodes", nodeTopic(name), ...serviceTopics([...(byNode.get(name)?.values() ?? [])])];
}

function putService(tables: Tables, row: New<ServiceRow>, index: number): Topic[] {
  const known = tables.byNode.get(fold(row.node))?.get(row.id);
  if (known !== undefined && isSame(known, row)) return [];
  if (known !== undefined) unlink(tables, known);
  link(tables, stampRow(row, known, index));
  return ["services", nodeTopic(row.node), ...serviceTopics(known === undefined ? [row] : [row, known])];
}

function putCheck({ byNode, checks }: Tables, row: New<CheckRow>, index: number): Topic[] {
  const ofNode = within(checks, fold(row.node));
  const known = ofNode.get(row.checkId);
  if (known !== undefined && isSame(known, row)) return [];
  ofNode.set(row.checkId, stampRow(row, known, index));
  const services = [...(byNode.get(fold(row.node))?.values() ?? [])];
  return serviceTopics(services.filter((service) => row.serviceId === "" || service.id === row.serviceId));
}

/** A service goes with its checks. */
function dropService(tables: Tables, row: ServiceRow): void {
  unlink(tables, row);
  for (const check of [...(tables.checks.get(fold(row.node))?.values() ?? [])]) {
    if (check.serviceId === row.id) remove(tables.checks, fold(row.node), check.checkId);
  }
}

function link({ byNode, byName }: Tables, row: ServiceRow): void {
  within(byNode, fold(row.node)).set(row.id, row);
  within(byName, fold(row.service)).set(`${fold(row.node)}/${row.id}`, row);
}

function unlink({ byNode, byName }: Tables, row: ServiceRow): void {
  remove(byNode, fold(row.node), row.id);
  remove(byName, fold(row.service), `${fold(row.node)}/${row.id}`);
}

function load(tables: Tables, state: ConsulState): void {
  for (const table of Object.values(tables)) table.clear();
  for (const row of state.nodes) tables.nodes.set(fold(row.node), row);
  for (const row of state.services) link(tables, row);
  for (const row of state.checks) within(tables.checks, fold(row.node)).set(row.checkId, row);
}

function serviceTopics(rows: readonly { readonly service: string }[]): Topic[] {
  return [...new Set(rows.map((row) => serviceTopic(row.service)))];
}

function emptiedTopics({ byName }: Tables, rows: readonly ServiceRow[]): Topic[] {
  return serviceTopics(rows.filter((row) => !byName.has(fold(row.service))));
}

/** The topic of a node's own record and its services. */
export function nodeTopic(node: string): Topic {
  return `node:${fold(node)}`;
}

/** The topic of all instances of a service. */
export function serviceTopic(service: string): Topic {
  return `service:${fold(service)}`;
}

/** The checks that decide about an instance: its own and those of its node. */
export function checksFor(catalog: Catalog, row: ServiceRow): readonly CheckRow[] {
  return catalog.checksOf(row.node).filter((check) => check.serviceId === "" || check.serviceId === row.id);
}

function fold(name: string): string {
  return name.toLowerCase();
}

function within<Row>(table: Map<string, Map<string, Row>>, key: string): Map<string, Row> {
  const known = table.get(key);
  if (known !== undefined) return known;
  const added = new Map<string, Row>();
  table.set(key, added);
  return added;
}

function remove<Row>(table: Map<string, Map<string, Row>>, key: string, inner: string): void {
  const rows = table.get(key);
  rows?.delete(inner);
  if (rows?.size === 0) table.delete(key);
}

function namesOf(groups: Iterable<Map<string, ServiceRow>>): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const group of groups) {
    for (const row of group.values()) {
      const tags = names.get(row.service) ?? new Set();
      names.set(row.service, tags);
      for (const tag of row.tags) tags.add(tag);
    }
  }
  return names;
}

interface Indexed {
  readonly createIndex: number;
  readonly modifyIndex: number;
}

function stampRow<Row>(row: Row, known: Indexed | undefined, index: number): Row & Indexed {
  return { ...row, createIndex: known?.createIndex ?? index, modifyIndex: index };
}

function isSame(known: object, row: object): boolean {
  const { createIndex: _created, modifyIndex: _modified, ...rest } = known as Indexed;
  return canonical(rest) === canonical(row);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
