import type { Action } from "../../actuation/action.js";
import { Instance } from "../../api-types/instance.js";
import { isLeaving, keyOf } from "../../api-types/life.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION, FINALIZER, LABEL, type LeaveReason } from "../../api-types/well-known.js";
import { splitKey } from "../../runtime/cache.js";
import { recordEvent } from "../../runtime/events.js";
import { addFinalizer } from "../../runtime/finalizers.js";
import type { LoopContext } from "../context.js";
import { releaseInstance } from "../release-instance.js";
import { originOf, serviceLabels } from "../service-labels.js";
import type { GroupPlan, GroupStep, GroupView } from "./life/model.js";
import { endOf } from "./status.js";

const NAME = "service-group";
const UNHEALTHY: LeaveReason = "Unhealthy";

/** A plan of hundreds of steps is carried out in turns of this length: the status tells meanwhile how far it is. */
const TURN_MS = 1000;

/** What came of carrying out a plan. */
export interface Acted {
  /** What a budget did not let through. */
  readonly held: string | undefined;
  /** Steps are left: the group is planned anew at once. */
  readonly isCut: boolean;
  /** Let go because their health checks fail; they may be gone before anybody looks again. */
  readonly unhealthy: readonly Instance[];
}

/**
 * Carries out a plan, step after step, for one turn. `held`: what a budget did not let through a moment ago, and is not
 * asked for again already.
 */
export async function act(
  context: LoopContext,
  { group, instances }: GroupView,
  { steps, held }: Pick<GroupPlan, "steps"> & { readonly held?: string | undefined },
): Promise<Acted> {
  if (steps.some((step) => step.type === "release")) await confirmUnchanged(context, group);
  if (steps.some((step) => step.type === "createInstance")) {
    await addFinalizer({ client: context.client, kind: ServiceGroup, object: group, finalizer: FINALIZER.instances });
  }
  const byName = new Map(instances.map((instance) => [instance.metadata.name, instance]));
  const news: News = { created: [], failed: [], unhealthy: [], forgotten: [] };
  try {
    return await takeTurn({ context, group, news, byName, held }, steps);
  } finally {
    await tell(context, group, news);
  }
}

/** What is done for one group. */
interface Turn {
  readonly context: LoopContext;
  readonly group: ServiceGroup;
  readonly byName: ReadonlyMap<string, Instance>;
  readonly news: News;
  readonly held: string | undefined;
}

async function takeTurn(turn: Turn, steps: readonly GroupStep[]): Promise<Acted> {
  const { clock } = turn.context;
  const { unhealthy } = turn.news;
  let { held } = turn;
  const startedAt = clock.monotonic();
  for (const step of steps) {
    if (clock.monotonic() - startedAt >= TURN_MS) return { held, isCut: true, unhealthy };
    held = (await perform({ ...turn, held }, step)) ?? held;
  }
  return { held, isCut: false, unhealthy };
}

/** What people are told at the end of a turn: one Event of each reason, whatever number of instances it is about. */
interface News {
  readonly created: string[];
  /** How tasks ended that had to be replaced, because the instances go. */
  readonly failed: string[];
  readonly unhealthy: Instance[];
  readonly forgotten: string[];
}

/** So many are named in one Event. */
const NAMED_MAX = 3;

async function tell(context: LoopContext, group: ServiceGroup, news: News): Promise<void> {
  const { created, failed, unhealthy, forgotten } = news;
  const told: readonly (readonly [string, string, readonly string[]])[] = [
    ["InstanceCreated", "created ", created],
    ["InstanceFailed", "", failed],
    [
      "InstanceUnhealthy",
      "released, because their health checks fail: ",
      unhealthy.map(({ metadata }) => metadata.name),
    ],
    ["InstanceForgotten", "replaced and out of reach for so long that their end is not waited for: ", forgotten],
  ];
  for (const [reason, head, names] of told) {
    if (names.length === 0) continue;
    const type = reason === "InstanceCreated" ? "Normal" : "Warning";
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
    const message = `${head}${names.slice(0, NAMED_MAX).join(", ")}${more}`;
    await recordEvent(context, { object: group, type, reason, message, reporter: NAME });
  }
}

/** A release rests on what the owner wants: the cached spec must be the current one (ground tombstone, R2). */
async function confirmUnchanged({ client }: LoopContext, group: ServiceGroup): Promise<void> {
  const { namespace = "", name, uid, generation } = group.metadata;
  const fresh = await client.get(ServiceGroup, { namespace, name });
  if (fresh.metadata.uid === uid && fresh.metadata.generation === generation) return;
  throw new StatusError(
    "Conflict",
    `releasing instances of servicegroup ${namespace}/${name}: the cached group is outdated`,
  );
}

type StepOf<T extends GroupStep["type"]> = Extract<GroupStep, { type: T }>;

/** Resolves with why the step was held, if it was. */
async function perform(turn: Turn, step: GroupStep): Promise<string | undefined> {
  const { context, group } = turn;
  switch (step.type) {
    case "createRevision":
      return done(createRevision(context, group, step));
    case "createInstance":
      return done(createInstance(turn, step));
    case "release":
      if (step.reason !== UNHEALTHY) return done(releaseInstance(context.client, step.instance, step.reason));
      if (step.isCovered) return done(takeAway(turn, step.instance));
      return turn.held ?? releaseForHealth(turn, step.instance);
    case "forget":
      return done(forget(turn, step.instance));
    case "relabel":
      return done(context.client.patch(Instance, keysOf(step.instance), step.patch));
    case "deleteRevision":
      return done(deleteRevision(context, step.revision));
    default:
      return step satisfies never;
  }
}

async function done(work: Promise<unknown>): Promise<undefined> {
  await work;
}

function keysOf({ metadata }: Instance | Revision) {
  return { namespace: metadata.namespace ?? "", name: metadata.name };
}

async function createRevision(
  { client }: LoopContext,
  group: ServiceGroup,
  step: StepOf<"createRevision">,
): Promise<void> {
  const number = Number(step.name.slice(step.name.lastIndexOf("-") + 1));
  await client.create(Revision, {
    metadata: {
      namespace: group.metadata.namespace ?? "",
      name: step.name,
      labels: { [LABEL.group]: group.metadata.name, [LABEL.service]: step.service.name },
      ownerReferences: [ownerOf(group)],
    },
    spec: { serviceGroup: group.metadata.name, service: step.service.name, number, template: step.service },
  });
}

/** Only what was looked at: a revision that anybody touched since stays (R22). */
async function deleteRevision({ client }: LoopContext, revision: Revision): Promise<void> {
  const { uid, resourceVersion } = revision.metadata;
  if (uid === undefined || resourceVersion === undefined) return;
  try {
    await client.delete(Revision, keysOf(revision), { uid, resourceVersion });
  } catch (error) {
    if (!isStatus(error, "NotFound", "Conflict")) throw error;
  }
}

async function createInstance({ context, group, byName, news }: Turn, step: StepOf<"createInstance">): Promise<void> {
  const { service, number, cause } = step;
  const name = `${group.metadata.name}-${service.name}-${number}-${context.random.suffix(5)}`;
  await context.client.create(Instance, {
    metadata: {
      namespace: group.metadata.namespace ?? "",
      name,
      labels: {
        ...serviceLabels(service),
        [LABEL.group]: group.metadata.name,
        [LABEL.service]: service.name,
        [LABEL.number]: String(number),
        [LABEL.revision]: step.revisionName,
      },
      annotations: {
        ...service.annotations,
        [ANNOTATION.restarts]: String(step.restarts),
        [ANNOTATION.fromService]: originOf(service),
        [ANNOTATION.cause]: cause,
        ...(step.slotSince === undefined ? {} : { [ANNOTATION.slotSince]: step.slotSince }),
        ...restartNoted(group, context.clock.now()),
      },
      ownerReferences: [ownerOf(group)],
      finalizers: finalizersOf(service),
    },
    spec: {
      serviceGroup: group.metadata.name,
      service: service.name,
      number,
      revisionName: step.revisionName,
      ...(step.replaces === undefined ? {} : { replaces: step.replaces }),
    },
  });
  const replaced = step.replaces === undefined ? undefined : byName.get(step.replaces);
  news.created.push(step.replaces === undefined ? name : `${name} to replace ${step.replaces} (${cause})`);
  if (replaced?.status?.phase === "Failed") news.failed.push(`${step.replaces}: ${endOf(replaced)}`);
}

/** The restart that is over with this instance. */
function restartNoted({ spec: { restartedAt = "" } }: ServiceGroup, now: number): Readonly<Record<string, string>> {
  return Date.parse(restartedAt) <= now ? { [ANNOTATION.restartedAt]: restartedAt } : {};
}

/** One finalizer for each layer that may hold something of the instance; `dns.publish` may change while it lives. */
function finalizersOf(service: Service): string[] {
  const usesDns = service.network.mode !== "None";
  const usesRoute = service.network.mode === "Routed";
  return [...(usesDns ? [FINALIZER.dns] : []), ...(usesRoute ? [FINALIZER.route] : []), FINALIZER.task];
}

function ownerOf(group: ServiceGroup) {
  const { name, uid = "" } = group.metadata;
  return {
    apiVersion: ServiceGroup.apiVersion,
    kind: ServiceGroup.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Its number is served by another one all along: no removal that a budget has to allow. */
async function takeAway({ context, news }: Turn, instance: Instance): Promise<void> {
  await releaseInstance(context.client, instance, UNHEALTHY);
  news.unhealthy.push(instance);
}

/** Before a successor is there, on our own judgement: it is an action, drawn from the disruption budget (R4). */
async function releaseForHealth({ context, group, news }: Turn, instance: Instance): Promise<string | undefined> {
  const action: Action = {
    type: "instance.remove",
    rack: group.spec.rackName,
    key: keyOf(instance),
    change: { type: "release", instance, reason: UNHEALTHY },
    message: `release ${keyOf(instance)}, whose health checks fail`,
    ground: { type: "statement", source: "health", epoch: instance.status?.placement?.taskID ?? "" },
    budgetClass: "tasks",
    cause: [`${group.metadata.uid ?? ""}@${group.metadata.generation ?? 0}`],
    evidence: [],
  };
  const [outcome] = await context.execute([action]);
  if (outcome === undefined || outcome.type === "verified") {
    news.unhealthy.push(instance);
    return undefined;
  }
  return `${instance.metadata.name} is unhealthy and stays for now: ${outcome.message}; wait for the budget, or allow it with a DisruptionOverride of class tasks`;
}

/** The instance loop waits for the end of its task no longer. */
async function forget({ context, news }: Turn, instance: Instance): Promise<void> {
  const { uid, name } = instance.metadata;
  const identity = uid === undefined ? {} : { uid };
  const patch = { metadata: { ...identity, annotations: { [ANNOTATION.leave]: "Forgotten" } } };
  await context.client.patch(Instance, keysOf(instance), patch);
  news.forgotten.push(name);
}

/** Instances whose group is gone, as a fresh read says, have nobody else to let them go. */
export async function releaseOrphans(
  context: LoopContext,
  { key, instances }: { readonly key: string; readonly instances: readonly Instance[] },
): Promise<void> {
  const staying = instances.filter((instance) => !isLeaving(instance));
  if (staying.length === 0) return;
  try {
    const { namespace = "", name } = splitKey(key);
    await context.client.get(ServiceGroup, { namespace, name });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    for (const instance of staying) await releaseInstance(context.client, instance, "GroupDeleted");
  }
}
