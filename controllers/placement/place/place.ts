import { append } from "./append.js";
import { type Candidates, createCandidates, createScan } from "./candidates.js";
import type { PlaceInput, Placement, PlaceResult, PortNeed, Refusal, WaitingTask } from "./model.js";
import { pickPorts, portStart, withoutPorts } from "./ports.js";
import { verdictOf } from "./refusal.js";
import { compareText, type Ground, groundOf, portsLeft, type Room, type Site, take } from "./room.js";
import { createShapes, type Shape, type Shapes } from "./shapes.js";

/**
 * Gives waiting tasks to offering nodes, oldest first; one that fits nowhere holds up nobody. Pure: the same input, in
 * whatever order, gives the same result. Never takes more than is offered. Tasks that differ in key and age only are
 * judged together, so that the time grows with the number of tasks, not with tasks times nodes.
 */
export function place(input: PlaceInput): PlaceResult {
  const ground = groundOf(input);
  const round: Round = {
    ground,
    shapes: createShapes(input, ground),
    portSeed: input.portSeed,
    touched: [],
    coming: new Map(),
    candidates: new Map(),
    kept: 0,
    exhausted: new Set(),
    placements: [],
  };
  const queue = [...input.waiting].sort(byAge).map((task): Queued => ({ task, shape: round.shapes.of(task) }));
  const refused = placeLate(round, placeInOrder(round, queue));
  return { placements: round.placements, refusals: refusalsOf(refused, ground) };
}

interface Round {
  readonly ground: Ground;
  readonly shapes: Shapes;
  readonly portSeed: number;
  /** Nodes that were given a task, in order. */
  readonly touched: Site[];
  /** How many tasks of a shape are to come. */
  readonly coming: Map<Shape, number>;
  /** Of shapes with many tasks to come. */
  readonly candidates: Map<Shape, Candidates>;
  /** Offers in all candidates together. */
  kept: number;
  /** Shapes for which nothing can be left. */
  readonly exhausted: Set<Shape>;
  readonly placements: Placement[];
}

interface Queued {
  readonly task: WaitingTask;
  readonly shape: Shape;
}

function byAge(a: WaitingTask, b: WaitingTask): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.key, b.key);
}

/** Returns those that found no node. */
function placeInOrder(round: Round, queue: readonly Queued[]): readonly Queued[] {
  for (const { shape } of queue) round.coming.set(shape, (round.coming.get(shape) ?? 0) + 1);
  return queue.filter(({ task, shape }) => {
    const isPlaced = tryPlace(round, task, shape);
    const left = (round.coming.get(shape) ?? 1) - 1;
    round.coming.set(shape, left);
    if (left === 0) forget(round, shape);
    return !isPlaced;
  });
}

/** So many tasks of a shape are worth a heap. */
const KEPT_FROM = 6;
/** At most so many offers are in all heaps together, about 40 bytes each. */
const KEPT_MAX = 4_000_000;

function candidatesOf(round: Round, shape: Shape): Candidates {
  const known = round.candidates.get(shape);
  if (known !== undefined) return known;
  const isKept = (round.coming.get(shape) ?? 0) >= KEPT_FROM && round.kept + shape.asked.length <= KEPT_MAX;
  if (!isKept) return createScan(shape);
  const made = createCandidates(shape, round.touched);
  round.kept += shape.asked.length;
  round.candidates.set(shape, made);
  return made;
}

function forget(round: Round, shape: Shape): void {
  if (round.candidates.delete(shape)) round.kept -= shape.asked.length;
}

/**
 * Tasks that are spread evenly and found no node may find one once others of their service were placed: they are tried
 * again, shape by shape, until nothing moves. Returns those that found none.
 */
function placeLate(round: Round, refused: readonly Queued[]): readonly Queued[] {
  const waiting = new Map<Shape, WaitingTask[]>();
  for (const { task, shape } of refused) {
    if (shape.evens.length > 0) append(waiting, shape, task);
  }
  for (const [shape, tasks] of waiting) round.coming.set(shape, tasks.length);
  const placed = new Set<WaitingTask>();
  for (let before = -1; before < placed.size; ) {
    before = placed.size;
    for (const [shape, tasks] of waiting) {
      for (let next = tasks[0]; next !== undefined && tryPlace(round, next, shape); next = tasks[0]) {
        placed.add(next);
        tasks.shift();
      }
    }
  }
  return refused.filter(({ task }) => !placed.has(task));
}

function tryPlace(round: Round, task: WaitingTask, shape: Shape): boolean {
  if (round.exhausted.has(shape)) return false;
  const room = candidatesOf(round, shape).best();
  // what is refused stays refused, but for even spread
  if (room === undefined && shape.evens.length === 0) round.exhausted.add(shape);
  if (room === undefined) return false;
  const ports = choosePorts(task, { shape, room, portSeed: round.portSeed });
  const { service, roles } = task;
  const numbers = [...new Set(ports.map(({ port }) => port))];
  take(room, { service, amounts: shape.amounts, roles, ports: numbers }, round.ground.largest);
  round.shapes.add(service, room.site);
  round.touched.push(room.site);
  const { agentId, offerIds, node } = room.offer;
  round.placements.push({ key: task.key, agentId, offerIds, node, ports });
  return true;
}

/** Fixed ones as they are; assigned ones beginning at a place that follows from the seed and the task. */
function choosePorts(
  { key, need, roles }: WaitingTask,
  { shape, room, portSeed }: { readonly shape: Shape; readonly room: Room; readonly portSeed: number },
): Placement["ports"] {
  const assigned = need.ports.filter((port) => port.type === "assigned").length;
  if (assigned === 0) return need.ports.flatMap((port) => (port.type === "fixed" ? [portOf(port)] : []));
  const free = withoutPorts(portsLeft(room, roles), shape.reserved);
  const numbers = pickPorts(free, assigned, portStart(portSeed, key)).values();
  return need.ports.map((port) =>
    port.type === "fixed" ? portOf(port) : { name: port.name, port: numbers.next().value ?? 0 },
  );
}

function portOf({ name, port }: PortNeed & { readonly type: "fixed" }): Placement["ports"][number] {
  return { name, port };
}

function refusalsOf(refused: readonly Queued[], ground: Ground): readonly Refusal[] {
  const verdicts = new Map<Shape, Omit<Refusal, "key">>();
  return refused.map(({ task: { key }, shape }) => {
    const verdict = verdicts.get(shape) ?? verdictOf(shape, ground);
    verdicts.set(shape, verdict);
    return { key, ...verdict };
  });
}
