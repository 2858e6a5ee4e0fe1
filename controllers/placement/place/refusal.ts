import type { Refusal } from "./model.js";
import { compareText, type Ground, type Room } from "./room.js";
import type { Demand } from "./shapes.js";

type Verdict = Pick<Refusal, "counts" | "message">;

/** Why no offer meets a demand now. One walk over the offers; all tasks that demand the same share it. */
export function verdictOf(demand: Demand, ground: Ground): Verdict {
  const { counts, nearest } = missesOf(demand);
  const unnamed = ground.rooms.length - demand.asked.length;
  if (unnamed > 0) counts.set("node name", unnamed);
  const parts = [offerText(counts, ground), nearestText(demand, nearest), ...liveText(demand, ground)];
  return { counts, message: parts.filter((part) => part !== "").join("; ") };
}

/** An offer that was refused. */
interface Miss {
  readonly room: Room;
  /** How many checks it passed. */
  readonly passed: number;
  readonly lack: number;
}

/** How many offers were refused by what, and the one that passed most checks, of equals the one that lacks least. */
function missesOf({ checks, asked }: Demand): {
  readonly counts: Map<string, number>;
  readonly nearest: Miss | undefined;
} {
  const counts = new Map<string, number>();
  let nearest: Miss | undefined;
  for (const room of asked) {
    let passed = 0;
    while (checks[passed]?.passes(room) === true) passed += 1;
    const check = checks[passed];
    if (check === undefined) throw new Error(`node ${room.offer.node} was refused, but nothing is missing`);
    const reason = check.reason(room);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    if (nearest !== undefined && passed < nearest.passed) continue;
    const lack = check.lack?.(room) ?? 1;
    const isNearer = nearest === undefined || passed > nearest.passed || lack < nearest.lack;
    if (isNearer) nearest = { room, passed, lack };
  }
  return { counts, nearest };
}

function offerText(counts: ReadonlyMap<string, number>, { rooms }: Ground): string {
  if (rooms.length === 0) return "no node offers resources at the moment";
  const parts = [...counts].sort(([a], [b]) => compareText(a, b)).map(([reason, count]) => `${count} by ${reason}`);
  return `${rooms.length} offering ${rooms.length === 1 ? "node" : "nodes"} refused: ${parts.join(", ")}`;
}

/** What the nearest node lacks. */
function nearestText({ checks }: Demand, nearest: Miss | undefined): string {
  if (nearest === undefined) return "";
  const { room, passed } = nearest;
  const lacking = checks.slice(passed).filter((check) => !check.passes(room));
  // what would be refused as well, once that is there; a rule is told alone, because another node would be another case
  const told = lacking.every((check) => RESOURCES.has(check.reason(room))) ? lacking : lacking.slice(0, 1);
  return `nearest: ${room.offer.node} ${told.map((check) => check.explain(room)).join(", ")}`;
}

const RESOURCES: ReadonlySet<string> = new Set(["cpu", "memory", "disk", "gpu", "host port", "ports"]);

/** Whether waiting can help at all: nodes that offer nothing now may later. */
function liveText(demand: Demand, { sites }: Ground): readonly string[] {
  const { sites: suitable, silent } = demand.suitable();
  if (suitable.length === 0) return sites.length === 0 ? [] : [noneText(sites)];
  if (silent === 1) return ["1 suitable node offers nothing now"];
  return silent === 0 ? [] : [`${silent} suitable nodes offer nothing now`];
}

function noneText(sites: Ground["sites"]): string {
  const closed = sites.filter(({ facts }) => facts.closedBecause !== undefined).length;
  return `none of ${sites.length} ${sites.length === 1 ? "node" : "nodes"} is suitable${closed === 0 ? "" : `, ${closed} closed`}`;
}
