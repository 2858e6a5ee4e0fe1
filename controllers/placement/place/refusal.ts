import type { Refusal } from "./model.js";
import { compareText, type Ground, type Room } from "./room.js";
import type { Shape } from "./shapes.js";

type Verdict = Pick<Refusal, "counts" | "message">;

/** Why no offer fits a shape now. One walk over the offers; all tasks of the shape share it. */
export function verdictOf(shape: Shape, ground: Ground): Verdict {
  const misses = shape.asked.map((room) => missOf(shape, room));
  const counts = new Map<string, number>();
  const unnamed = ground.rooms.length - misses.length;
  if (unnamed > 0) counts.set("node name", unnamed);
  for (const { reason } of misses) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [offerText(counts, ground), nearestText(shape, misses), ...liveText(shape, ground)];
  return { counts, message: parts.filter((part) => part !== "").join("; ") };
}

interface Miss {
  readonly room: Room;
  /** How many checks the node passed. */
  readonly passed: number;
  readonly reason: string;
  readonly lack: number;
}

function missOf({ checks }: Shape, room: Room): Miss {
  for (const [passed, check] of checks.entries()) {
    const lack = check.lack(room);
    if (lack > 0) return { room, passed, reason: check.reason(room), lack };
  }
  throw new Error(`node ${room.offer.node} was refused, but nothing is missing`);
}

function offerText(counts: ReadonlyMap<string, number>, { rooms }: Ground): string {
  if (rooms.length === 0) return "no node offers resources at the moment";
  const parts = [...counts].sort(([a], [b]) => compareText(a, b)).map(([reason, count]) => `${count} by ${reason}`);
  return `${rooms.length} offering nodes refused: ${parts.join(", ")}`;
}

/** The node that passed most checks, of equals the one that lacks least; nothing where nobody passed any. */
function nearestText({ checks }: Shape, misses: readonly Miss[]): string {
  const [first] = misses;
  if (first === undefined) return "";
  const nearest = misses.reduce((best, miss) => (isNearer(miss, best) ? miss : best), first);
  const lacking = checks.slice(nearest.passed).filter((check) => check.lack(nearest.room) > 0);
  // what would be refused as well, once that is there; a rule is told alone, because another node would be another case
  const told = lacking.every((check) => RESOURCES.has(check.reason(nearest.room))) ? lacking : lacking.slice(0, 1);
  return `nearest: ${nearest.room.offer.node} ${told.map((check) => check.explain(nearest.room)).join(", ")}`;
}

const RESOURCES: ReadonlySet<string> = new Set(["cpu", "memory", "disk", "gpu", "host port", "ports"]);

function isNearer(a: Miss, b: Miss): boolean {
  return a.passed === b.passed ? a.lack < b.lack : a.passed > b.passed;
}

/** Whether waiting can help at all: nodes that offer nothing now may later. */
function liveText({ suits }: Shape, { sites }: Ground): readonly string[] {
  const suitable = sites.filter(suits);
  if (suitable.length === 0) return sites.length === 0 ? [] : [`none of ${sites.length} live nodes is suitable`];
  const silent = suitable.filter((site) => site.rooms.length === 0).length;
  return silent === 0 ? [] : [`${silent} suitable nodes offer nothing now`];
}
