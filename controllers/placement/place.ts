import type { PortRange, Resources } from "../../drivers/compute/driver.js";

/** An Instance that waits for a node. */
export interface WaitingTask {
  readonly key: string;
  /** `namespace/group/service`: what Unique counts. */
  readonly service: string;
  readonly need: {
    readonly cpu: number;
    readonly memoryMiB: number;
    readonly diskMiB: number;
    readonly ports: readonly number[];
  };
  /** In order of preference; empty: any. */
  readonly nodeNames: readonly string[];
  readonly nodeType: string | undefined;
  readonly nodeFunction: string | undefined;
  /** At most one task of the service on a node, whatever its revision. */
  readonly isUniqueByNode: boolean;
  /** Older waiting tasks go first. */
  readonly createdAt: string;
}

/** A task that holds a node: placed and not ended. */
export interface PlacedTask {
  readonly service: string;
  readonly node: string;
}

/** What one agent offers now, all its held offers together. */
export interface NodeOffer {
  readonly agentId: string;
  readonly offerIds: readonly string[];
  readonly node: string;
  readonly nodeType: string;
  readonly nodeFunction: string | undefined;
  readonly isSchedulable: boolean;
  readonly resources: Resources;
}

export interface Placement {
  readonly key: string;
  readonly agentId: string;
  readonly offerIds: readonly string[];
  readonly node: string;
}

/** Why a task found no node: how many of the offering nodes refused for which reason. */
export interface Refusal {
  readonly key: string;
  /** Reason → number of nodes, e.g. `node name` → 3. */
  readonly counts: ReadonlyMap<string, number>;
  readonly message: string;
}

export interface PlaceResult {
  readonly placements: readonly Placement[];
  readonly refusals: readonly Refusal[];
}

interface Room {
  readonly offer: NodeOffer;
  cpu: number;
  memoryMiB: number;
  diskMiB: number;
  ports: readonly PortRange[];
  /** Tasks here, old and new. */
  tasks: number;
  readonly services: Map<string, number>;
}

/** Gives waiting tasks to offering nodes, oldest first, spread over nodes unless an order is given. Pure; never over-commits. */
export function place(
  waiting: readonly WaitingTask[],
  placed: readonly PlacedTask[],
  offers: readonly NodeOffer[],
): PlaceResult {
  const rooms = offers.map((offer) => roomOf(offer, placed));
  const placements: Placement[] = [];
  const refusals: Refusal[] = [];
  for (const task of [...waiting].sort(byAge)) {
    const verdicts = rooms.map((room) => ({ room, refusal: refusalOf(task, room) }));
    const fitting = verdicts.filter((verdict) => verdict.refusal === undefined).map((verdict) => verdict.room);
    const best = fitting.sort((a, b) => compareRooms(task, a, b))[0];
    if (best === undefined) {
      refusals.push(
        refusalSummary(
          task,
          verdicts.map((verdict) => verdict.refusal ?? ""),
        ),
      );
      continue;
    }
    take(best, task);
    placements.push({
      key: task.key,
      agentId: best.offer.agentId,
      offerIds: best.offer.offerIds,
      node: best.offer.node,
    });
  }
  return { placements, refusals };
}

/** Reasons of `Scheduled=False`. */
export const WAITING_FOR_OFFERS = "WaitingForOffers";
export const NO_NODE_FITS = "NoNodeFits";

interface SaidRefusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * Whether a refusal says more than what was reported before. Offers come and go each few seconds, a few agents at a
 * time: neither their absence nor a smaller count is news, else every waiting instance would be written all the time.
 */
export function isNewsOfRefusal(reported: SaidRefusal | undefined, next: SaidRefusal): boolean {
  if (reported?.reason !== NO_NODE_FITS) {
    return reported?.reason !== next.reason || reported.message !== next.message;
  }
  if (next.reason === WAITING_FOR_OFFERS) return false;
  const isSameKind = withoutCounts(reported.message) === withoutCounts(next.message);
  return !isSameKind || Number.parseInt(next.message, 10) > Number.parseInt(reported.message, 10);
}

function withoutCounts(message: string): string {
  return message.replace(/\d+/g, "");
}

function byAge(a: WaitingTask, b: WaitingTask): number {
  return a.createdAt.localeCompare(b.createdAt) || a.key.localeCompare(b.key);
}

function roomOf(offer: NodeOffer, placed: readonly PlacedTask[]): Room {
  const here = placed.filter((task) => task.node === offer.node);
  const services = new Map<string, number>();
  for (const task of here) services.set(task.service, (services.get(task.service) ?? 0) + 1);
  const { cpu, memoryMiB, diskMiB, ports } = offer.resources;
  return { offer, cpu, memoryMiB, diskMiB, ports, tasks: here.length, services };
}

/** The first reason, in a fixed order, why the node cannot take the task. */
function refusalOf(task: WaitingTask, room: Room): string | undefined {
  const { offer } = room;
  if (!offer.isSchedulable) return "unschedulable";
  if (task.nodeNames.length > 0 && !task.nodeNames.includes(offer.node)) return "node name";
  if (task.nodeType !== undefined && task.nodeType !== offer.nodeType) return "node type";
  if (task.nodeFunction !== undefined && task.nodeFunction !== offer.nodeFunction) return "node function";
  if (task.isUniqueByNode && (room.services.get(task.service) ?? 0) > 0) return "unique by node";
  if (task.need.cpu > room.cpu + ROUNDING) return "cpu";
  if (task.need.memoryMiB > room.memoryMiB + ROUNDING) return "memory";
  if (task.need.diskMiB > room.diskMiB + ROUNDING) return "disk";
  return task.need.ports.every((port) => holdsPort(room.ports, port)) ? undefined : "host port";
}

/** Mesos counts scalars in thousandths. */
const ROUNDING = 0.0005;

function holdsPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some((range) => range.begin <= port && port <= range.end);
}

/** Negative when `a` suits better: listed order, then fewer of the same service, then fewer tasks, then the name. */
function compareRooms(task: WaitingTask, a: Room, b: Room): number {
  const preference = task.nodeNames.indexOf(a.offer.node) - task.nodeNames.indexOf(b.offer.node);
  if (preference !== 0) return preference;
  const same = (a.services.get(task.service) ?? 0) - (b.services.get(task.service) ?? 0);
  return same || a.tasks - b.tasks || a.offer.node.localeCompare(b.offer.node);
}

function take(room: Room, task: WaitingTask): void {
  room.cpu -= task.need.cpu;
  room.memoryMiB -= task.need.memoryMiB;
  room.diskMiB -= task.need.diskMiB;
  room.ports = task.need.ports.reduce(withoutPort, room.ports);
  room.tasks += 1;
  room.services.set(task.service, (room.services.get(task.service) ?? 0) + 1);
}

function withoutPort(ranges: readonly PortRange[], port: number): readonly PortRange[] {
  return ranges.flatMap((range) => {
    if (port < range.begin || port > range.end) return [range];
    const below = { begin: range.begin, end: port - 1 };
    const above = { begin: port + 1, end: range.end };
    return [below, above].filter((part) => part.begin <= part.end);
  });
}

function refusalSummary(task: WaitingTask, reasons: readonly string[]): Refusal {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  if (reasons.length === 0) return { key: task.key, counts, message: "no node offers resources at the moment" };
  const parts = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([reason, count]) => `${count} by ${reason}`);
  return { key: task.key, counts, message: `${reasons.length} offering nodes refused: ${parts.join(", ")}` };
}
