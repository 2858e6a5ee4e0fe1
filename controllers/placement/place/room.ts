import { each, type Steps } from "../../../platform/steps.js";
import type { Need, NodeFacts, NodeOffer, PlaceInput } from "./model.js";
import { holdsPort, type Ports, portsOf, withoutPort } from "./ports.js";

/** A node during the round. */
export interface Site {
  /** Place among all nodes by name. */
  readonly index: number;
  readonly facts: NodeFacts;
  /** What it offers; several only when two agents claim to be the same node. */
  readonly rooms: Room[];
  /** Tasks that hold it, by service. */
  readonly services: Map<string, number>;
  tasks: number;
}

/** What an agent offers, less what the round has given away. */
export interface Room {
  readonly index: number;
  readonly site: Site;
  readonly offer: NodeOffer;
  /** Reserved ones first: the order in which the driver takes from an offer. */
  readonly pools: readonly Pool[];
  /** What is left in all of them. */
  readonly left: Amounts;
  /** How much is free of what the largest offers have: 0 nothing, 1 as much. */
  freeShare: number;
}

/** Scalars in thousandths: Mesos computes with three decimals, and whole numbers add up exactly. */
export type Amounts = Record<Scalar, number>;
export type Scalar = (typeof SCALARS)[number];
export const SCALARS = ["cpu", "memoryMiB", "diskMiB", "gpu"] as const;

interface Pool {
  readonly role: string;
  readonly left: Amounts;
  ports: Ports;
}

/** All nodes and all offers of a round. */
export interface Ground {
  /** By name. */
  readonly sites: readonly Site[];
  readonly siteOf: ReadonlyMap<string, Site>;
  /** By name of their node. */
  readonly rooms: readonly Room[];
  readonly largest: Amounts;
}

/** The ground as it is before the round. Offers of nodes that are not known do not count. */
export function* groundOf({ nodes, offers, placed }: PlaceInput): Steps<Ground> {
  const sites = [...nodes]
    .sort((a, b) => compareText(a.name, b.name))
    .map((facts, index): Site => ({ index, facts, rooms: [], services: new Map(), tasks: 0 }));
  const siteOf = new Map(sites.map((site) => [site.facts.name, site]));
  yield;
  yield* each(placed, ({ node, service }) => addTask(siteOf.get(node), service));
  const rooms: Room[] = [];
  yield* each(offers.toSorted(byNode), (offer) => {
    const site = siteOf.get(offer.node);
    if (site !== undefined) rooms.push(roomOf(offer, site, rooms.length));
  });
  const largest = largestOf(rooms);
  for (const room of rooms) {
    room.site.rooms.push(room);
    room.freeShare = freeShareOf(room, largest);
  }
  yield;
  return { sites, siteOf, rooms, largest };
}

/** The same order on every machine, unlike that of a language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Thousandths of a scalar, rounded as Mesos does. */
export function amountsOf(quantities: Readonly<Record<Scalar, number>>): Amounts {
  return {
    cpu: Math.round(quantities.cpu * 1000),
    memoryMiB: Math.round(quantities.memoryMiB * 1000),
    diskMiB: Math.round(quantities.diskMiB * 1000),
    gpu: Math.round(quantities.gpu * 1000),
  };
}

/** Whether resources reserved for `role` may be used. */
export function isAllowed(role: string, roles: readonly string[] | undefined): boolean {
  return roles === undefined || roles.includes(role);
}

/** What is left of a scalar in all pools of these roles. */
export function leftOf(room: Room, roles: readonly string[] | undefined, scalar: Scalar): number {
  let sum = 0;
  for (const pool of room.pools) if (isAllowed(pool.role, roles)) sum += pool.left[scalar];
  return sum;
}

/** The ports left in all pools of these roles. */
export function portsLeft(room: Room, roles: readonly string[] | undefined): Ports {
  const [only] = room.pools;
  // by far the most frequent, and asked for every node
  if (only !== undefined && room.pools.length === 1) return isAllowed(only.role, roles) ? only.ports : [];
  const [first, ...others] = room.pools.filter((pool) => isAllowed(pool.role, roles));
  if (first === undefined || others.length === 0) return first?.ports ?? [];
  return portsOf([first, ...others].flatMap((pool) => pool.ports));
}

/** What a task takes out of a room. */
export interface Taking {
  readonly service: string;
  readonly amounts: Amounts;
  readonly roles: readonly string[] | undefined;
  readonly ports: readonly number[];
}

/** Takes it, pool by pool in the driver's order; it must fit. */
export function take(room: Room, { service, amounts, roles, ports }: Taking, largest: Amounts): void {
  const missing = { ...amounts };
  for (const pool of room.pools) {
    if (!isAllowed(pool.role, roles)) continue;
    for (const scalar of SCALARS) {
      const part = Math.min(missing[scalar], pool.left[scalar]);
      pool.left[scalar] -= part;
      room.left[scalar] -= part;
      missing[scalar] -= part;
    }
    for (const port of ports) if (holdsPort(pool.ports, port)) pool.ports = withoutPort(pool.ports, port);
  }
  addTask(room.site, service);
  room.freeShare = freeShareOf(room, largest);
}

/** Fixed port numbers, each once: two ports of a task may share a number, one for TCP and one for UDP. */
export function fixedPorts({ ports }: Need): readonly number[] {
  return [...new Set(ports.flatMap((need) => (need.type === "fixed" ? [need.port] : [])))];
}

function addTask(site: Site | undefined, service: string): void {
  if (site === undefined) return;
  site.tasks += 1;
  site.services.set(service, (site.services.get(service) ?? 0) + 1);
}

function poolsOf({ pools }: NodeOffer): readonly Pool[] {
  const own = pools.map(({ role, resources }) => ({
    role,
    left: amountsOf(resources),
    ports: portsOf(resources.ports),
  }));
  return [...own.filter(({ role }) => role !== "*"), ...own.filter(({ role }) => role === "*")];
}

function roomOf(offer: NodeOffer, site: Site, index: number): Room {
  const pools = poolsOf(offer);
  const left: Amounts = { cpu: 0, memoryMiB: 0, diskMiB: 0, gpu: 0 };
  for (const pool of pools) for (const scalar of SCALARS) left[scalar] += pool.left[scalar];
  return { index, site, offer, pools, left, freeShare: 0 };
}

function byNode(a: NodeOffer, b: NodeOffer): number {
  return compareText(a.node, b.node) || compareText(a.agentId, b.agentId);
}

function largestOf(rooms: readonly Room[]): Amounts {
  const largest: Amounts = { cpu: 1, memoryMiB: 1, diskMiB: 1, gpu: 1 };
  for (const room of rooms) {
    for (const scalar of SCALARS) largest[scalar] = Math.max(largest[scalar], room.left[scalar]);
  }
  return largest;
}

function freeShareOf(room: Room, largest: Amounts): number {
  return (room.left.cpu / largest.cpu + room.left.memoryMiB / largest.memoryMiB) / 2;
}
