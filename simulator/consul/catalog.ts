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
  const nodes = new Map<string, NodeRow>();
  const byNode = new Map<string, Map<string, ServiceRow>>();
  const byName = new Map<string, Map<string, ServiceRow>>();
  const checks = new Map<string, Map<string, CheckRow>>();

  const put = (row: ServiceRow) => {
    within(byNode, fold(row.node)).set(row.id, row);
    within(byName, fold(row.service)).set(`${fold(row.node)}/${row.id}`, row);
  };
  const drop = (row: ServiceRow) => {
    remove(byNode, fold(row.node), row.id);
    remove(byName, fold(row.service), `${fold(row.node)}/${row.id}`);
  };
  const topicsOf = (rows: readonly ServiceRow[]): Topic[] => [...new Set(rows.map((row) => serviceTopic(row.service)))];
  const emptied = (rows: readonly ServiceRow[]) => topicsOf(rows.filter((row) => !byName.has(fold(row.service))));

  function putNode(registration: Registration, index: number): Topic[] {
    const name = fold(registration.node.node);
    const known = nodes.get(name);
    if (known !== undefined && (registration.skipsNodeUpdate || isSame(known, registration.node))) return [];
    nodes.set(name, stampRow(registration.node, known, index));
    return ["nodes", nodeTopic(name), ...topicsOf([...(byNode.get(name)?.values() ?? [])])];
  }

  function putService(node: string, service: Omit<New<ServiceRow>, "node">, index: number): Topic[] {
    const known = byNode.get(fold(node))?.get(service.id);
    const row = { ...service, node };
    if (known !== undefined && isSame(known, row)) return [];
    if (known !== undefined) drop(known);
    put(stampRow(row, known, index));
    return ["services", nodeTopic(node), serviceTopic(service.service), ...(known ? topicsOf([known]) : [])];
  }

  function putCheck(node: string, check: Omit<New<CheckRow>, "node">, index: number): Topic[] {
    const ofNode = within(checks, fold(node));
    const known = ofNode.get(check.checkId);
    const row = { ...check, node };
    if (known !== undefined && isSame(known, row)) return [];
    ofNode.set(check.checkId, stampRow(row, known, index));
    const affected = [...(byNode.get(fold(node))?.values() ?? [])];
    return topicsOf(affected.filter((service) => check.serviceId === "" || service.id === check.serviceId));
  }

  function deregisterService(node: string, id: string): void {
    const row = byNode.get(fold(node))?.get(id);
    if (row === undefined) return;
    drop(row);
    for (const check of [...(checks.get(fold(node))?.values() ?? [])]) {
      if (check.serviceId === id) remove(checks, fold(node), check.checkId);
    }
    topics.commit(["services", nodeTopic(node), serviceTopic(row.service)], emptied([row]));
  }

  return {
    register(registration) {
      const index = topics.current() + 1;
      const { node } = registration.node;
      const changed = putNode(registration, index);
      if (registration.service !== undefined) changed.push(...putService(node, registration.service, index));
      for (const check of registration.checks) changed.push(...putCheck(node, check, index));
      if (changed.length > 0) topics.commit(changed);
    },
    deregisterService,
    deregisterCheck(node, checkId) {
      if (checks.get(fold(node))?.has(checkId) !== true) return;
      remove(checks, fold(node), checkId);
      topics.commit(topicsOf([...(byNode.get(fold(node))?.values() ?? [])]));
    },
    deregisterNode(node) {
      if (!nodes.has(fold(node))) return;
      const rows = [...(byNode.get(fold(node))?.values() ?? [])];
      for (const row of rows) drop(row);
      checks.delete(fold(node));
      nodes.delete(fold(node));
      topics.commit(["nodes", "services", ...topicsOf(rows)], [nodeTopic(node), ...emptied(rows)]);
    },
    nodes: () => [...nodes.values()],
    node: (name) => nodes.get(fold(name)),
    servicesOf: (node) => [...(byNode.get(fold(node))?.values() ?? [])],
    instances: (service) => [...(byName.get(fold(service))?.values() ?? [])],
    serviceNames: () => namesOf(byName.values()),
    checksOf: (node) => [...(checks.get(fold(node))?.values() ?? [])],
    load(state) {
      for (const table of [nodes, byNode, byName, checks]) table.clear();
      for (const row of state.nodes) nodes.set(fold(row.node), row);
      for (const row of state.services) put(row);
      for (const row of state.checks) within(checks, fold(row.node)).set(row.checkId, row);
    },
  };
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
