import { finalize, NEVER } from "rxjs";
import { Instance } from "../../api-types/instance.js";
import { conditionOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Node } from "../../api-types/node.js";
import { Rack, type RackCollector } from "../../api-types/rack.js";
import { METERED_LABEL } from "../../api-types/well-known.js";
import type { MeterTarget, NodeMeter, NodeReading, Point, PointSink } from "../../drivers/metrics/driver.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { createGauges, type Gauges } from "./gauges.js";
import { meteringOf } from "./metering.js";
import { createPointQueue, type PointQueue } from "./round/point-queue.js";
import { containerIds, pointsOf } from "./round/points.js";
import { type Doubt, type Evidence, settle, verdictOf } from "./round/verdict.js";

const NAME = "collector";
/** The key under which the points of a rack are written: reading goes on while the database is away. */
const WRITE_PREFIX = "write:";
/** How soon points that came meanwhile are looked for. */
const WRITE_PERIOD_MS = 1000;
/** Points of one request: so few keep nobody waiting while they are put into words. */
const BATCH_MAX = 1000;

/** Measures metered instances and nodes, shows them at /metrics, and writes them into a database. */
export const collectorController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(Rack, (rack, previous) =>
        previous !== undefined && rack.metadata.generation === previous.metadata.generation
          ? []
          : [rack.metadata.name, WRITE_PREFIX + rack.metadata.name],
      ),
      on(Node, () => []),
      on(Instance, () => []),
    ],
    triggers: [NEVER.pipe(finalize(() => shutAll(loop)))],
    reconcile: (key) =>
      key.startsWith(WRITE_PREFIX) ? write(loop, key.slice(WRITE_PREFIX.length)) : readRound(loop, key),
  });
};

/** What is open of one rack's collector; what was measured is not stored. */
interface Open {
  /** What it was opened with, as text: another text, another one. */
  readonly text: string;
  readonly meter: NodeMeter;
  readonly sink: PointSink | undefined;
  readonly queue: PointQueue;
  /** Monotonic: when the next round begins. */
  dueAt: number;
  writing: Evidence["writing"];
  doubt: Doubt | undefined;
}

interface Loop {
  readonly context: LoopContext;
  readonly racks: Cache<Rack>;
  readonly nodes: Cache<Node>;
  readonly instances: Cache<Instance>;
  readonly open: Map<string, Open>;
  readonly gauges: Gauges;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    racks: informers.cache(Rack),
    nodes: informers.cache(Node, { rack: (node) => [node.spec.rackName] }),
    instances: informers.cache(Instance, { metered: (instance) => meteredOn(instance) }),
    open: new Map(),
    gauges: createGauges(context.metrics, context.clock),
  };
}

/** The node that a metered instance was placed on. */
function meteredOn({ metadata, status }: Instance): readonly string[] {
  const isMetered = metadata.labels?.[METERED_LABEL] === "true";
  return isMetered && status?.placement !== undefined ? [status.placement.node] : [];
}

/** A rack with what it asks of the collector. */
interface Subject {
  readonly rack: Rack;
  readonly collector: RackCollector;
  readonly state: Open;
}

/** Opens what the Rack asks for, and shuts what it asks for no more; undefined: it asks for nothing. */
function follow(loop: Loop, name: string): Subject | undefined {
  const { backends, overlay, metering } = loop.context;
  const rack = loop.racks.get(name);
  const collector = rack?.spec.collector;
  const wanted = rack && meteringOf(rack, overlay?.value());
  if (rack === undefined || collector === undefined || wanted === undefined) {
    shut(loop, name);
    return undefined;
  }
  const text = JSON.stringify(wanted);
  const known = loop.open.get(name);
  if (known?.text === text) return { rack, collector, state: known };
  shut(loop, name);
  const agentUrl = (agentId: string) => {
    const agents = backends.of(name).compute?.agents.value();
    return agents === undefined || agents.type === "Unknown" ? undefined : agents.items.get(agentId)?.url;
  };
  const state: Open = {
    text,
    meter: metering.meter(wanted.from, agentUrl),
    sink: wanted.to && metering.sink(wanted.to),
    queue: createPointQueue(),
    dueAt: Number.NEGATIVE_INFINITY,
    writing: undefined,
    doubt: undefined,
  };
  loop.open.set(name, state);
  return { rack, collector, state };
}

function shut(loop: Loop, name: string): void {
  const state = loop.open.get(name);
  state?.meter.close();
  state?.sink?.close();
  loop.open.delete(name);
  loop.gauges.forget(name);
}

function shutAll(loop: Loop): void {
  for (const name of [...loop.open.keys()]) shut(loop, name);
}

async function readRound(loop: Loop, name: string): Promise<ReconcileResult> {
  const subject = follow(loop, name);
  if (subject === undefined) {
    await withdraw(loop, name);
    return {};
  }
  const { clock } = loop.context;
  const { collector, state } = subject;
  const early = state.dueAt - clock.monotonic();
  if (early > 0) return { requeueAfterMs: early };
  state.dueAt = clock.monotonic() + collector.intervalSeconds * 1000;
  const readings = await state.meter.read(targetsOf(loop, subject));
  // what was opened with another specification, or by a leader that is none any more, says nothing
  if (loop.open.get(name) !== state) return { requeueAfterMs: 0 };
  await take(loop, subject, readings);
  await report(loop, subject, readings);
  return { requeueAfterMs: Math.max(0, state.dueAt - clock.monotonic()) };
}

function targetsOf(loop: Loop, { rack, collector }: Subject): readonly MeterTarget[] {
  const types = collector.nodeTypes?.map(typeOf);
  const nodes = loop.nodes.by("rack", rack.metadata.name);
  return nodes
    .filter((node) => types === undefined || types.includes(typeOf(node.spec.type)))
    .map(({ metadata, spec, status }) => ({
      node: metadata.name,
      address: spec.address,
      agentId: status?.agent?.id,
      containers: loop.instances.by("metered", metadata.name).flatMap(containerIds),
    }));
}

function typeOf(type: string): string {
  return type === "slave" ? "worker" : type;
}

/** Has what a round found wait to be written, and shows it. Node after node, in turns: there may be thousands. */
async function take(
  loop: Loop,
  { rack, collector, state }: Subject,
  readings: ReadonlyMap<string, NodeReading>,
): Promise<void> {
  const { name } = rack.metadata;
  const points: Point[] = [];
  for (const [hostname, reading] of readings) {
    points.push(...pointsOf({ collector, hostname, reading, metered: loop.instances.by("metered", hostname) }));
    await loop.context.clock.breathe?.();
  }
  const dropped = state.sink === undefined ? 0 : state.queue.add(points);
  if (dropped > 0) loop.gauges.count(name, "dropped", dropped);
  const silent = [...readings.values()].filter((reading) => reading.type === "failed").length;
  if (loop.open.get(name) !== state) return;
  loop.gauges.note(name, { waiting: state.queue.size, silent });
  await loop.gauges.show(name, points);
  // shut while it was shown
  if (loop.open.get(name) !== state) loop.gauges.forget(name);
}

async function report(loop: Loop, { rack, state }: Subject, readings: ReadonlyMap<string, NodeReading>): Promise<void> {
  const shown = conditionOf(loop.racks.get(rack.metadata.name) ?? rack, "MetricsReady");
  const verdict = verdictOf({ readings, writing: state.writing });
  const settled = settle(verdict, { shown, doubt: state.doubt });
  state.doubt = settled.doubt;
  if (settled.show === undefined || settled.show === shown) return;
  await store(loop, rack, ownConditions(rack, [settled.show], loop.context.clock.now()));
}

/** A rack without a collector shows nothing of one. */
async function withdraw(loop: Loop, name: string): Promise<void> {
  const rack = loop.racks.get(name);
  if (rack === undefined || conditionOf(rack, "MetricsReady") === undefined) return;
  await store(loop, rack, []);
}

async function store(loop: Loop, object: Rack, conditions: ReturnType<typeof ownConditions>): Promise<void> {
  const { client } = loop.context;
  await reportStatus({ client, cache: loop.racks, kind: Rack, object, status: { conditions }, manager: NAME });
}

/** Writes what waits, the oldest first; throws when that fails, so that it is tried again later and later. */
async function write(loop: Loop, name: string): Promise<ReconcileResult> {
  const subject = follow(loop, name);
  if (subject?.state.sink === undefined) return {};
  const { sink, queue } = subject.state;
  const points = queue.take(BATCH_MAX);
  if (points.length === 0) return { requeueAfterMs: WRITE_PERIOD_MS };
  const outcome = await sink.write(points);
  // shut meanwhile: where these points belong nobody knows any more
  if (loop.open.get(name) !== subject.state) return { requeueAfterMs: 0 };
  switch (outcome.type) {
    case "written":
      subject.state.writing = undefined;
      loop.gauges.count(name, "written", points.length);
      return { requeueAfterMs: queue.size > 0 ? 0 : WRITE_PERIOD_MS };
    case "refused":
      subject.state.writing = outcome;
      loop.gauges.count(name, "written", Math.max(0, points.length - outcome.count));
      loop.gauges.count(name, "refused", outcome.count);
      return { requeueAfterMs: WRITE_PERIOD_MS };
    case "failed": {
      subject.state.writing = outcome;
      const dropped = queue.putBack(points);
      if (dropped > 0) loop.gauges.count(name, "dropped", dropped);
      throw new StatusError("ServiceUnavailable", `writing points of Rack ${name}: ${outcome.reason}`);
    }
    default:
      return outcome satisfies never;
  }
}
