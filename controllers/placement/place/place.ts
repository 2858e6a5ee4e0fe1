import { atOnce, each, type Steps } from "../../../platform/steps.js";
import { append } from "./append.js";
import type { PlaceInput, Placement, PlaceResult, PortNeed, Refusal, WaitingTask } from "./model.js";
import { type Chooser, createChooser } from "./order/chooser.js";
import { pickPorts, portStart, withoutPorts } from "./ports.js";
import { verdictOf } from "./refusal.js";
import { compareText, type Ground, groundOf, portsLeft, type Room, type Site, take } from "./room.js";
import { createShapes, type Demand, type Shape, type Shapes } from "./shapes.js";

/**
 * Gives waiting tasks to offering nodes, oldest first; one that fits nowhere holds up nobody. Pure: the same input, in
 * whatever order, gives the same result. Never takes more than is offered. All tasks go by one ranking of the nodes, and
 * those that differ in key and age only are judged together: the time grows with the number of tasks, not with tasks
 * times nodes; what is refused costs a look at every node for each kind of task.
 */
export function place(input: PlaceInput): PlaceResult {
  return atOnce(placing(input));
}

/** The same in steps, between which others may work. */
export function* placing(input: PlaceInput): Steps<PlaceResult> {
  const ground = yield* groundOf(input);
  const touched: Site[] = [];
  const round: Round = {
    ground,
    shapes: yield* createShapes(input, ground),
    portSeed: input.portSeed,
    touched,
    coming: new Map(),
    chooser: createChooser(ground.rooms, touched),
    exhausted: new Map(),
    placements: [],
  };
  const queue = yield* queueOf(round, input.waiting);
  const refused = yield* placeLate(round, yield* placeInOrder(round, queue));
  return { placements: round.placements, refusals: yield* refusalsOf(refused, ground) };
}

interface Round {
  readonly ground: Ground;
  readonly shapes: Shapes;
  readonly portSeed: number;
  /** Nodes that were given a task, in order. */
  readonly touched: Site[];
  /** How many tasks of a shape are to come. */
  readonly coming: Map<Shape, number>;
  readonly chooser: Chooser;
  /** What nothing was left for, and how far its groups had grown then. */
  readonly exhausted: Map<Demand, number>;
  readonly placements: Placement[];
}

interface Queued {
  readonly task: WaitingTask;
  readonly shape: Shape;
}

function* queueOf({ shapes, coming }: Round, waiting: readonly WaitingTask[]): Steps<readonly Queued[]> {
  const queue: Queued[] = [];
  yield* each([...waiting].sort(byAge), (task) => {
    const shape = shapes.of(task);
    coming.set(shape, (coming.get(shape) ?? 0) + 1);
    queue.push({ task, shape });
  });
  return queue;
}

function byAge(a: WaitingTask, b: WaitingTask): number {
  return compareText(a.createdAt, b.createdAt) || compareText(a.key, b.key);
}

/** Returns those that found no node. */
function* placeInOrder(round: Round, queue: readonly Queued[]): Steps<readonly Queued[]> {
  const refused: Queued[] = [];
  for (const queued of queue) {
    const { task, shape } = queued;
    if (!tryPlace(round, task, shape)) refused.push(queued);
    const left = (round.coming.get(shape) ?? 1) - 1;
    round.coming.set(shape, left);
    if (left === 0) round.chooser.forget(shape);
    yield;
  }
  return refused;
}

/**
 * Tasks that are spread evenly and found no node may find one once others of their service were placed: they are tried
 * again, shape by shape, until nothing moves. Returns those that found none.
 */
function* placeLate(round: Round, refused: readonly Queued[]): Steps<readonly Queued[]> {
  const waiting = new Map<Shape, WaitingTask[]>();
  for (const { task, shape } of refused) {
    if (shape.demand.evens.length > 0) append(waiting, shape, task);
  }
  const placed = new Set<WaitingTask>();
  for (let before = -1; before < placed.size; ) {
    before = placed.size;
    for (const [shape, tasks] of waiting) {
      for (let next = tasks[0]; next !== undefined && tryPlace(round, next, shape); next = tasks[0]) {
        placed.add(next);
        tasks.shift();
        yield;
      }
      yield;
    }
  }
  return refused.filter(({ task }) => !placed.has(task));
}

function tryPlace(round: Round, task: WaitingTask, shape: Shape): boolean {
  // what is refused stays refused, until the lowest group of an even spread has grown
  const { demand } = shape;
  const growth = demand.evens.reduce((sum, even) => sum + even.lowest(), 0);
  if (round.exhausted.get(demand) === growth) return false;
  const room = round.chooser.best(shape);
  if (room === undefined) {
    round.exhausted.set(demand, growth);
    return false;
  }
  const ports = choosePorts(task, { shape, room, portSeed: round.portSeed });
  const { service, roles } = task;
  const numbers = [...new Set(ports.map(({ port }) => port))];
  take(room, { service, amounts: demand.amounts, roles, ports: numbers }, round.ground.largest);
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
  const free = withoutPorts(portsLeft(room, roles), shape.demand.reserved);
  const numbers = pickPorts(free, assigned, portStart(portSeed, key)).values();
  return need.ports.map((port) =>
    port.type === "fixed" ? portOf(port) : { name: port.name, port: numbers.next().value ?? 0 },
  );
}

function portOf({ name, port }: PortNeed & { readonly type: "fixed" }): Placement["ports"][number] {
  return { name, port };
}

function* refusalsOf(refused: readonly Queued[], ground: Ground): Steps<readonly Refusal[]> {
  const verdicts = new Map<Demand, Omit<Refusal, "key">>();
  for (const { shape } of refused) {
    if (verdicts.has(shape.demand)) continue;
    verdicts.set(shape.demand, verdictOf(shape.demand, ground));
    yield;
  }
  return refused.flatMap(({ task: { key }, shape }) => {
    const verdict = verdicts.get(shape.demand);
    return verdict === undefined ? [] : [{ key, ...verdict }];
  });
}
