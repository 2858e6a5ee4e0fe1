import { setMaxListeners } from "node:events";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { Instance, type InstanceProbe } from "../../api-types/instance.js";
import { keyOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { overridesOf } from "../disruption.js";
import { withThresholds } from "../health.js";
import { overlaidNode } from "../overlaid-node.js";
import { createBlindness } from "./blindness.js";
import {
  type Check,
  checksOf,
  firstDelayMs,
  graceLeftMs,
  hasPassed,
  isProbed,
  nextProbe,
  probeVerdict,
  requestOf,
  runningSince,
  type Verdict,
} from "./plan.js";

const NAME = "probe";
/** Probes under way at once in this process; more wait in the order in which they came due. */
const IN_FLIGHT_MAX = 256;

/** Asks running instances whether they are well, where the agent does not, and notes the answers in their status. */
export const probeController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    concurrency: IN_FLIGHT_MAX,
    watches: [
      on(
        Instance,
        (instance, previous) =>
          previous !== undefined && isProbed(instance) === isProbed(previous) ? [] : checkKeys(loop, instance),
        (instance) => checkKeys(loop, instance),
      ),
      on(ServiceGroup, () => []),
      on(Revision, () => []),
      on(Node, () => []),
      on(Rack, () => []),
      on(DisruptionOverride, () => []),
    ],
    reconcile: (key, { signal }) => reconcile(loop, key, signal),
  });
};

/** A check that is being made, on the monotonic clock. */
interface Round {
  dueAt: number;
  readonly graceUntil: number;
  readonly taskId: string;
}

interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  readonly racks: Cache<Rack>;
  readonly overrides: Cache<DisruptionOverride>;
  /** By key of the check; an entry ends with the running of its instance. */
  readonly rounds: Map<string, Round & { readonly rack: string }>;
  /** The last write of each instance's results that is under way: results of its checks are stored one after another. */
  readonly writing: Map<string, Promise<void>>;
  readonly blindness: ReturnType<typeof createBlindness>;
}

function open(context: LoopContext): Loop {
  const { informers, clock } = context;
  return {
    context,
    instances: informers.cache(Instance),
    groups: informers.cache(ServiceGroup),
    revisions: informers.cache(Revision),
    nodes: informers.cache(Node),
    racks: informers.cache(Rack),
    overrides: informers.cache(DisruptionOverride),
    rounds: new Map(),
    writing: new Map(),
    blindness: createBlindness(clock.monotonic),
  };
}

/** `namespace/name#check`: checks of one instance come due on their own. */
function checkKeys(loop: Loop, instance: Instance): string[] {
  const service = serviceOf(loop, instance);
  return service === undefined ? [] : checksOf(service).map(({ name }) => `${keyOf(instance)}#${name}`);
}

interface Subject {
  readonly key: string;
  readonly instance: Instance;
  readonly service: Service;
  readonly check: Check;
  readonly rack: string;
}

async function reconcile(loop: Loop, key: string, signal: AbortSignal): Promise<ReconcileResult> {
  const subject = subjectOf(loop, key);
  if (subject === undefined) {
    forget(loop, key);
    return {};
  }
  const { clock } = loop.context;
  const round = roundOf(loop, subject);
  const periodMs = subject.check.check.periodSeconds * 1000;
  const early = round.dueAt - clock.monotonic();
  if (early > 0) return { requeueAfterMs: early };
  round.dueAt = clock.monotonic() + periodMs;
  // all probes that are under way listen to it
  setMaxListeners(2 * IN_FLIGHT_MAX, signal);
  const verdict = await probe(loop, subject, signal);
  // what is heard of one that stopped running meanwhile is about nobody
  if (verdict.type !== "none" && !signal.aborted && subjectOf(loop, key) !== undefined) {
    await note(loop, subject, { verdict, isGrace: clock.monotonic() < round.graceUntil });
  }
  return { requeueAfterMs: Math.max(0, round.dueAt - clock.monotonic()) };
}

function subjectOf(loop: Loop, key: string): Subject | undefined {
  const [instanceKey = "", name] = key.split("#");
  const instance = loop.instances.get(instanceKey);
  if (instance === undefined || !isProbed(instance)) return undefined;
  const service = serviceOf(loop, instance);
  const check = service && checksOf(service).find((candidate) => candidate.name === name);
  if (service === undefined || check === undefined) return undefined;
  return { key, instance, service, check, rack: groupOf(loop, instance)?.spec.rackName ?? "" };
}

/** What runs is checked as its revision says; thresholds are those of today. */
function serviceOf(loop: Loop, instance: Instance): Service | undefined {
  const { namespace = "" } = instance.metadata;
  const template = loop.revisions.get(`${namespace}/${instance.spec.revisionName}`)?.spec.template;
  const live = groupOf(loop, instance)?.spec.services.find(({ name }) => name === instance.spec.service);
  return template === undefined ? undefined : withThresholds(template, live);
}

function groupOf(loop: Loop, instance: Instance): ServiceGroup | undefined {
  return loop.groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
}

/** What this process knows of the check; a new task begins anew. */
function roundOf(loop: Loop, { key, instance, check, rack }: Subject): Round {
  const { clock, random } = loop.context;
  const taskId = instance.status?.placement?.taskID ?? "";
  const known = loop.rounds.get(key);
  if (known?.taskId === taskId) return known;
  const now = clock.monotonic();
  const probe = probeOf(instance, check);
  const round = {
    dueAt: now + firstDelayMs(check, probe, random.next()),
    // from here on by the monotonic clock: a step of the wall clock ends no grace (R30)
    graceUntil: now + graceLeftMs(check, runningSince(instance), clock.now()),
    taskId,
    rack,
  };
  loop.rounds.set(key, round);
  return round;
}

function forget(loop: Loop, key: string): void {
  const round = loop.rounds.get(key);
  if (round === undefined) return;
  loop.blindness.forget(round.rack, key);
  loop.rounds.delete(key);
}

function probeOf(instance: Instance, { name }: Check): InstanceProbe | undefined {
  return instance.status?.probes?.find((probe) => probe.name === name);
}

async function probe(loop: Loop, subject: Subject, signal: AbortSignal): Promise<Verdict> {
  const { instance, service, check } = subject;
  const node = loop.nodes.get(instance.status?.placement?.node ?? "");
  const reached = node && overlaidNode(node, loop.context.overlay);
  const request = requestOf(check, { instance, service, node: reached });
  // nobody can be asked: nothing is known, and nothing follows from that
  if (request === undefined) return { type: "none" };
  return probeVerdict(check, await loop.context.prober.probe(request, signal));
}

interface Heard {
  readonly verdict: Verdict;
  readonly isGrace: boolean;
}

async function note(loop: Loop, subject: Subject, heard: Heard): Promise<void> {
  const { key, check, rack } = subject;
  const isGood = heard.verdict.type === "pass";
  const known = probeOf(subject.instance, check);
  const belief = loop.blindness.note(rack, key, { isGood, isTurn: known?.isPassing === true });
  if (belief === "begun") await alarm(loop, rack);
  // last known good stands while our own eyes are in doubt; who never passed has nothing to lose
  if (!isGood && hasPassed(known) && belief !== "believed" && !isAllowed(loop, rack)) return;
  await inTurn(loop, keyOf(subject.instance), () => store(loop, subject, heard));
}

/** A person says that what is seen is so. */
function isAllowed({ context, overrides }: Loop, rack: string): boolean {
  return overridesOf({ client: context.client, clock: context.clock, overrides }).find(rack, "tasks", 1) !== undefined;
}

async function alarm(loop: Loop, name: string): Promise<void> {
  const { context, racks } = loop;
  context.log.warn("probes are doubted", { rack: name });
  const rack = racks.get(name);
  if (rack === undefined) return;
  const message =
    "more than 30 % of the probed checks turned bad within two minutes: their failures are held back until fewer are bad, or a DisruptionOverride of class tasks allows them";
  await recordEvent(context, { object: rack, type: "Warning", reason: "ProbesDoubted", message, reporter: NAME });
}

/** Stores what is news, beside the newest results of the other checks. */
async function store(loop: Loop, { key, check }: Subject, heard: Heard): Promise<void> {
  const current = subjectOf(loop, key);
  if (current === undefined) return;
  const { instance, service } = current;
  const known = probeOf(instance, check);
  const next = nextProbe({ check: current.check, known, ...heard, now: loop.context.clock.now() });
  if (next === known || next === undefined) return;
  const names = new Set(checksOf(service).map(({ name }) => name));
  const others = (instance.status?.probes ?? []).filter(({ name }) => name !== check.name && names.has(name));
  await reportStatus({
    client: loop.context.client,
    cache: loop.instances,
    kind: Instance,
    object: instance,
    status: { probes: [...others, next] },
    manager: NAME,
  });
}

/** One after another for each instance; a write that failed does not hold up the next. */
async function inTurn(loop: Loop, instance: string, write: () => Promise<void>): Promise<void> {
  const before = loop.writing.get(instance) ?? Promise.resolve();
  const own = before.then(write, write);
  loop.writing.set(instance, own);
  try {
    await own;
  } finally {
    if (loop.writing.get(instance) === own) loop.writing.delete(instance);
  }
}
