import type { DisruptionOverride } from "../../api-types/disruption-override.js";
import type { Instance } from "../../api-types/instance.js";
import { isDeleting, isTerminal, keyOf } from "../../api-types/life.js";
import type { Node } from "../../api-types/node.js";
import type { Rack } from "../../api-types/rack.js";
import { isSameTemplate, type Revision } from "../../api-types/revision.js";
import { placementRules } from "../../api-types/service/placement-rules.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { substituteDeep } from "../../api-types/substitute.js";
import type { Cache } from "../../runtime/cache.js";
import type { LoopContext } from "../context.js";
import { overridesOf } from "../disruption.js";
import { suitability } from "../matching.js";
import { createSteadyTimes, type SteadyTimes } from "../steady-times.js";
import type { Backoff, Blocker, Drain, GroupView, HealthRelease } from "./life/model.js";
import { groupBlockers, groupDependencies, hasStoppingDependents, serviceBlockers } from "./life/order.js";
import { portBlockers } from "./life/ports.js";
import { isStopped } from "./life/size.js";
import { isBlind } from "./slot/reach.js";
import { isOutOfReach } from "./slot/slots.js";

/** What the loop reads and remembers. */
export interface Loop {
  readonly context: LoopContext;
  readonly groups: Cache<ServiceGroup>;
  readonly instances: Cache<Instance>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  readonly racks: Cache<Rack>;
  readonly overrides: Cache<DisruptionOverride>;
  /** By group. */
  readonly memories: Map<string, Memory>;
  /** By rack: whether it seems blind, and when that was found out (monotonic). */
  readonly blindness: Map<string, { readonly isBlind: boolean; readonly at: number }>;
}

/** What is remembered of a group while this process leads; all of it may be lost. */
export interface Memory {
  /** Monotonic: before that it is not planned again. */
  lookAt: number;
  /** Monotonic: since when nothing of it is wanted; undefined: something is. */
  stoppedSince: number | undefined;
  /** Monotonic: when its status was last written. */
  writtenAt: number | undefined;
  /** By service. */
  readonly backoffs: Map<string, Backoff>;
  readonly failedRevisions: Map<string, string>;
  readonly healthReleases: Map<string, readonly HealthRelease[]>;
  readonly times: SteadyTimes;
  /** Why removals for bad health are held, and when they are asked for again (monotonic). */
  held: { readonly message: string; readonly until: number } | undefined;
}

/** How the caches are searched. */
export const INDEXES = {
  groups: {
    rack: (group: ServiceGroup) => [group.spec.rackName],
    dependsOn: groupDependencies,
  },
  instances: {
    group: (instance: Instance) => [groupKeyOf(instance)],
    outOfReach: (instance: Instance) => (isOutOfReach(instance) && !isTerminal(instance) ? ["all"] : []),
    placed: (instance: Instance) => (instance.status?.placement === undefined || isTerminal(instance) ? [] : ["all"]),
  },
  revisions: { group: (revision: Revision) => [groupKeyOf(revision)] },
  nodes: { drained: (node: Node) => (node.status?.drainingSince === undefined ? [] : [node.spec.rackName]) },
} as const;

/** The group of an Instance or a Revision. */
export function groupKeyOf(object: {
  readonly metadata: { readonly namespace?: string };
  readonly spec: { readonly serviceGroup: string };
}): string {
  return `${object.metadata.namespace ?? ""}/${object.spec.serviceGroup}`;
}

/** What is remembered of a group; begun when it is asked for. */
export function memoryOf(loop: Loop, key: string): Memory {
  const known = loop.memories.get(key);
  if (known !== undefined) return known;
  const memory: Memory = {
    lookAt: 0,
    stoppedSince: undefined,
    writtenAt: undefined,
    backoffs: new Map(),
    failedRevisions: new Map(),
    healthReleases: new Map(),
    times: createSteadyTimes(loop.context.clock),
    held: undefined,
  };
  loop.memories.set(key, memory);
  return memory;
}

/** Gathers everything that the plan of a group rests on. */
export function viewOf(loop: Loop, group: ServiceGroup): GroupView {
  const key = keyOf(group);
  const { clock } = loop.context;
  const rack = loop.racks.get(group.spec.rackName);
  const members = loop.instances.by("group", key);
  const find = (name: string) => loop.groups.get(name);
  const memory = memoryOf(loop, key);
  const overrides = overridesOf({ client: loop.context.client, clock, overrides: loop.overrides });
  const hasOverride = overrides.find(group.spec.rackName, "tasks", 1) !== undefined;
  return {
    group,
    instances: members,
    revisions: [...loop.revisions.by("group", key)].sort((a, b) => a.spec.number - b.spec.number),
    ...placesOf(loop, rack, { members, times: memory.times }),
    attributeOf: (node, attribute) => attributeOf(loop, node, attribute),
    rulesOf: (service) => rulesOf(service, rack),
    blockers: [...absentRack(rack, group), ...groupBlockers(group, find)],
    serviceBlockers: (service) => [
      ...serviceBlockers(group, service, find),
      ...portBlockers(group, service, (port) => loop.groups.by("servicePort", port)),
    ],
    ...dependentsOf(loop, group, memory),
    isRackBlind: !hasOverride && isRackBlind(loop, group.spec.rackName),
    hasOverride,
    remembered: memory.backoffs,
    failedRevisions: memory.failedRevisions,
    healthReleases: memory.healthReleases,
    steady: memory.times.of,
    isSameTemplate: isSameTemplateKnown,
    now: clock.now(),
  };
}

/**
 * Of several groups that are deleted one after the other, the first may be one that the others depend on: so long it waits
 * for them to be stopped, too.
 */
const STOP_TOGETHER_MS = 3000;

function dependentsOf(loop: Loop, group: ServiceGroup, memory: Memory) {
  memory.stoppedSince = isStopped(group) ? (memory.stoppedSince ?? loop.context.clock.monotonic()) : undefined;
  if (memory.stoppedSince === undefined) return { hasDyingDependents: false, stopsAt: undefined };
  const instancesOf = (other: ServiceGroup) => loop.instances.by("group", keyOf(other));
  const dependents = loop.groups.by("dependsOn", keyOf(group)).filter((other) => instancesOf(other).length > 0);
  const leftMs = memory.stoppedSince + STOP_TOGETHER_MS - loop.context.clock.monotonic();
  const mayFollow = leftMs > 0 && dependents.some((other) => !isStopped(other));
  return {
    hasDyingDependents: hasStoppingDependents(dependents, instancesOf),
    stopsAt: mayFollow ? loop.context.clock.now() + leftMs : undefined,
  };
}

/** Without its Rack nothing could place, nor ever release, an Instance. The Rack's first Nodes wake the group. */
function absentRack(rack: Rack | undefined, { spec }: ServiceGroup): readonly Blocker[] {
  return rack === undefined ? [{ type: "notAvailable", name: `Rack ${spec.rackName}, which is not stored` }] : [];
}

function placesOf(
  loop: Loop,
  rack: Rack | undefined,
  { members, times }: { members: readonly Instance[]; times: SteadyTimes },
) {
  const drained =
    rack === undefined ? [] : loop.nodes.by("drained", rack.metadata.name).filter((node) => !isDeleting(node));
  const drains = new Map(drained.map((node) => [node.metadata.name, drainOf(node, times)]));
  return {
    ...suitability(rack, () => loop.nodes.list(), members),
    drainOf: (node: string) => drains.get(node),
  };
}

function drainOf({ metadata, spec, status }: Node, times: SteadyTimes): Drain {
  const seconds = spec.drain?.deadlineSeconds;
  const since = Date.parse(status?.drainingSince ?? "");
  if (seconds === undefined || Number.isNaN(since)) return { deadlineAt: undefined };
  return { deadlineAt: times.of(`drain of ${metadata.name}`, since) + seconds * 1000 };
}

function attributeOf(loop: Loop, name: string, attribute: string): string | undefined {
  const node = loop.nodes.get(name);
  if (attribute === "hostname" || node === undefined) return name;
  if (attribute !== "@region" && attribute !== "@zone") return node.status?.attributes?.[attribute];
  const agents = loop.context.backends.of(node.spec.rackName).compute?.agents.value();
  if (agents === undefined || agents.type === "Unknown") return undefined;
  const agent = agents.items.get(node.status?.agent?.id ?? "");
  return attribute === "@region" ? agent?.region : agent?.zone;
}

function rulesOf(service: Service, rack: Rack | undefined) {
  return placementRules(service, (text) => substituteDeep(text, (name) => rack?.spec.variables?.[name]).value);
}

/** A rack is looked at as a whole at most this often. */
const BLINDNESS_PERIOD_MS = 1000;

function isRackBlind(loop: Loop, rackName: string): boolean {
  const at = loop.context.clock.monotonic();
  const known = loop.blindness.get(rackName);
  if (known !== undefined && at - known.at < BLINDNESS_PERIOD_MS) return known.isBlind;
  const isOfRack = (instance: Instance) => loop.groups.get(groupKeyOf(instance))?.spec.rackName === rackName;
  const lost = loop.instances.by("outOfReach", "all").filter(isOfRack);
  const found = lost.length > 0 && isBlind(lost, loop.instances.by("placed", "all").filter(isOfRack).length);
  loop.blindness.set(rackName, { isBlind: found, at });
  return found;
}

/** Cached objects never change, so an answer about two of them holds as long as they are kept. */
const compared = new WeakMap<Service, WeakMap<Service, boolean>>();

function isSameTemplateKnown(a: Service, b: Service): boolean {
  const answers = compared.get(a) ?? new WeakMap<Service, boolean>();
  compared.set(a, answers);
  const known = answers.get(b);
  if (known !== undefined) return known;
  const answer = isSameTemplate(a, b);
  answers.set(b, answer);
  return answer;
}
