import type { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import type { Offer } from "../../../drivers/compute/driver.js";
import { each, inTurns, type Steps } from "../../../platform/steps.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { ReconcileResult } from "../../../runtime/reconcile-keys.js";
import { addressesInUse } from "../../claimed-address.js";
import { createClaims } from "../address/claims.js";
import { groupOf, instancesIn, type Loop, memoryOf, type Place, type RackMemory, templateOf } from "../loop.js";
import type { PlacedTask, PlaceResult, WaitingTask } from "../place/model.js";
import { placing } from "../place/place.js";
import { attachedRound } from "./attached-round.js";
import { type RackFacts, rackFacts } from "./facts.js";
import { type IntentTools, writeInstance } from "./intents.js";
import { HOLD_MS, type Intent, launchAll } from "./launch-all.js";
import { createValueReader } from "./read-values.js";
import { reportRefusals } from "./refusals.js";
import { serviceKeyOf, waitingTask } from "./waiting.js";

/** Ports begin anywhere below this. */
const PORT_SEEDS = 65_536;

/**
 * One round for all of a rack that wait, but for the keys of `passedOver`: first what is attached to placed Instances, then
 * Instances. What is longer than one turn goes on in the next round at once.
 */
export async function runRound(loop: Loop, where: Place, passedOver: ReadonlySet<string>): Promise<ReconcileResult> {
  const memory = memoryOf(loop, where.rack.metadata.name);
  try {
    return await roundOf(loop, where, { memory, passedOver });
  } catch (error) {
    // those whose turn it was have not had it
    memory.seen = undefined;
    throw error;
  }
}

interface Given {
  readonly memory: RackMemory;
  readonly passedOver: ReadonlySet<string>;
}

async function roundOf(loop: Loop, where: Place, { memory, passedOver }: Given): Promise<ReconcileResult> {
  const { rack, compute } = where;
  const { clock } = loop.context;
  forgetHolds(memory, clock.monotonic());
  const held = compute.offers.value();
  const facts = remembering(() => factsOf(loop, where, held));
  const tools: IntentTools = {
    loop,
    rack,
    readValues: createValueReader(loop.context.client),
    claim: claimsOf(loop, where),
  };
  const beside = await inTurns(attachedRound(tools, where, facts), clock);
  const waiting = await inTurns(candidatesOf(loop, rack.metadata.name, passedOver), clock);
  const turn = await inTurns(
    memory.turns.next(
      waiting.filter(({ key }) => !memory.heldUntil.has(key)),
      isNews(loop, memory, { rack: rack.metadata.name, held }),
    ),
    clock,
  );
  const chosen = waiting.filter(({ key }) => turn.keys.has(key)).map(({ instance }) => instance);
  const busy = new Set(beside.intents.map(({ agentId }) => agentId));
  const result = await inTurns(placingInstances(loop, where, { chosen, busy, facts }), clock);
  const waits = await reportRefusals(loop, memory, result);
  const own = result.placements.map((placement): Intent => {
    return { ...placement, write: () => writeInstance(tools, placement) };
  });
  const used = await launchAll(tools, [...beside.intents, ...own], () => compute.offers.value());
  const { requeueAfterMs = 0 } = await memory.keeper.settle({
    driver: compute.driver,
    held,
    used,
    waiting: [...waiting.map(({ key }) => key), ...beside.waiting],
    unplaced: [...result.refusals.map(({ key }) => key), ...beside.unplaced],
  });
  const holds = memory.heldUntil.size > 0 ? [HOLD_MS] : [];
  return soonest([...holds, ...waits, ...beside.dueMs, ...(turn.hasMore ? [1] : []), requeueAfterMs]);
}

function claimsOf({ context, claims }: Loop, { rack, compute }: Place) {
  const inUse = lazily(() => addressesInUse(compute.tasks.value()));
  return createClaims({ client: context.client, rack, claims, inUse });
}

/** The earliest of several times to look again; 0 is none. */
export function soonest(delays: readonly number[]): ReconcileResult {
  const coming = delays.filter((ms) => ms > 0);
  return coming.length === 0 ? {} : { requeueAfterMs: Math.min(...coming) };
}

function forgetHolds({ heldUntil, turns }: RackMemory, now: number): void {
  for (const [key, until] of heldUntil) {
    if (until > now) continue;
    heldUntil.delete(key);
    turns.forget(key);
  }
}

/** Most rounds have nothing to place, and go through no node. */
function remembering<T>(make: () => Steps<T>): () => Steps<T> {
  let made: { readonly value: T } | undefined;
  return function* () {
    made ??= { value: yield* make() };
    return made.value;
  };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function factsOf({ context, nodes }: Loop, { rack, compute }: Place, held: readonly Offer[]) {
  const ofRack = nodes.by("rack", rack.metadata.name);
  return rackFacts({ rack, nodes: ofRack, agents: compute.agents.value(), held, now: context.clock.now() });
}

interface Waiting {
  readonly key: string;
  readonly createdAt: string;
  readonly instance: Instance;
}

function* candidatesOf(loop: Loop, rack: string, passedOver: ReadonlySet<string>): Steps<readonly Waiting[]> {
  const waiting: Waiting[] = [];
  yield* each(instancesIn(loop, rack, "waiting"), (instance) => {
    const key = keyOf(instance);
    if (passedOver.has(key) || templateOf(loop, instance) === undefined) return;
    waiting.push({ key, createdAt: instance.metadata.creationTimestamp ?? "", instance });
  });
  return waiting;
}

/** Whether the offers or the nodes are others than in the last round. */
function isNews(
  { nodes }: Loop,
  memory: RackMemory,
  { rack, held }: { readonly rack: string; readonly held: readonly Offer[] },
): boolean {
  const before = memory.seen;
  memory.seen = { held, nodes: nodes.by("rack", rack) };
  return before?.held !== held || before.nodes !== memory.seen.nodes;
}

interface Chosen {
  readonly chosen: readonly Instance[];
  /** Agents on which something else starts in this round. */
  readonly busy: ReadonlySet<string>;
  readonly facts: () => Steps<RackFacts>;
}

/** What became of those whose turn it is. */
export interface Decided extends PlaceResult {
  /** Those for which nothing can be asked, and why. */
  readonly unasked: ReadonlyMap<string, ConditionUpdate>;
}

function* placingInstances(loop: Loop, { rack }: Place, { chosen, busy, facts }: Chosen): Steps<Decided> {
  if (chosen.length === 0) return { placements: [], refusals: [], unasked: new Map() };
  const { nodes, offers } = yield* facts();
  const waiting: WaitingTask[] = [];
  const unasked = new Map<string, ConditionUpdate>();
  for (const instance of chosen) {
    const service = templateOf(loop, instance);
    if (service === undefined) continue;
    const asked = waitingTask({ instance, service, group: groupOf(loop, instance), rack, nodes: nodes.length });
    if (asked.type === "task") waiting.push(asked.task);
    else unasked.set(keyOf(instance), asked.refusal);
    yield;
  }
  const placed = yield* placedTasks(loop, rack.metadata.name);
  const result = yield* placing({
    waiting,
    placed,
    nodes,
    offers: offers.filter(({ agentId }) => !busy.has(agentId)),
    portSeed: loop.context.random.integer(PORT_SEEDS),
  });
  return { ...result, unasked };
}

function* placedTasks(loop: Loop, rack: string): Steps<readonly PlacedTask[]> {
  const placed: PlacedTask[] = [];
  yield* each(instancesIn(loop, rack, "placed"), (instance) => {
    const node = instance.status?.placement?.node;
    if (node !== undefined) placed.push({ service: serviceKeyOf(instance), node });
  });
  return placed;
}
