import { mergeMap, of } from "rxjs";
import type { Outcome } from "../../actuation/action.js";
import { DisruptionOverride } from "../../api-types/disruption-override.js";
import { Instance } from "../../api-types/instance.js";
import { isDeleting, isLeaving, keyOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { FINALIZER } from "../../api-types/well-known.js";
import type { Cache } from "../../runtime/cache.js";
import { defineController, on } from "../../runtime/controller.js";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import { changed$ } from "../changed-items.js";
import type { LoopContext } from "../context.js";
import { reportRackConditions } from "../rack-conditions.js";
import { servicePortKeys } from "../service-ports.js";
import { confirmRemovals } from "./desired/confirm.js";
import { afterTrial, NO_TRIAL, portsToTry, type Trial } from "./desired/trial.js";
import { type Desired, desiredOf } from "./desired/view.js";
import { isReleasedByHand } from "./desired/wanted.js";
import { type ProxyPlan, planProxy } from "./plan.js";
import { balancerCondition, balancersOf, type Said, type ServersById, serversById } from "./report.js";

const NAME = "load-balancer";

/** Keeps the proxies of a rack as the service ports and Instances of the rack want them; one rack at a time. */
export const loadBalancerController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(Instance, (instance) => racksOf(loop, instance)),
      on(ServiceGroup, (group, previous) => [group.spec.rackName, ...(previous ? [previous.spec.rackName] : [])]),
      on(Rack, (rack, previous) => (rack.spec === previous?.spec ? [] : [rack.metadata.name])),
      on(Node, () => []),
      on(Revision, () => []),
      on(DisruptionOverride, () => []),
    ],
    triggers: [
      loop.context.backends.each$(({ balancers }, rack) =>
        of(...balancers.values()).pipe(
          mergeMap(({ items }) => changed$(items)),
          mergeMap((changed) => (changed.type === "items" && changed.items.length === 0 ? [] : [rack])),
        ),
      ),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly racks: Cache<Rack>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  readonly overrides: Cache<DisruptionOverride>;
  /** What was learnt of each proxy, by `rack/proxy`; as long as this process leads. */
  readonly trials: Map<string, Trial>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    instances: informers.cache(Instance, {
      service: ({ metadata, spec }) => [`${metadata.namespace ?? ""}/${spec.serviceGroup}/${spec.service}`],
      group: ({ metadata, spec }) => [`${metadata.namespace ?? ""}/${spec.serviceGroup}`],
    }),
    groups: informers.cache(ServiceGroup, { rack: (group) => [group.spec.rackName], servicePort: servicePortKeys }),
    racks: informers.cache(Rack),
    revisions: informers.cache(Revision),
    nodes: informers.cache(Node),
    overrides: informers.cache(DisruptionOverride),
    trials: new Map(),
  };
}

/** Only instances that are, or may be, behind a service port. */
function racksOf({ groups }: Loop, { metadata, spec, status }: Instance): string[] {
  const group = groups.get(`${metadata.namespace ?? ""}/${spec.serviceGroup}`);
  if (group === undefined) return [];
  const isKnown = status?.balancers !== undefined || (metadata.finalizers ?? []).includes(FINALIZER.balancer);
  return isKnown || servicePortKeys(group).length > 0 ? [group.spec.rackName] : [];
}

async function reconcile(loop: Loop, name: string): Promise<ReconcileResult> {
  const rack = loop.racks.get(name);
  if (rack === undefined) return {};
  const balancers = loop.context.backends.of(name).balancers;
  const said: Said = new Map([...balancers].map(([proxy, { items }]) => [proxy, items.value()]));
  const desired = desiredOf({
    ...loop,
    rack,
    clock: loop.context.clock,
    client: loop.context.client,
    overlay: loop.context.overlay,
  });
  await reportAll(loop, { rack, said, desired });
  await guard(loop, desired);
  const failures: string[] = [];
  for (const [proxy, observation] of said) {
    // a port is dropped when none of its servers is listed: only a whole list can tell (R1)
    if (observation.type !== "Complete") continue;
    failures.push(...(await actOn(loop, { rack, proxy, items: observation.items, desired })));
  }
  await letGo(loop, { rack, said, desired });
  if (failures.length > 0) throw new StatusError("ServiceUnavailable", failures.join("; "));
  const isWaiting = [...said.keys()].some((proxy) => trialOf(loop, name, proxy).message !== "");
  return isWaiting ? { requeueAfterMs: AGAIN_MS } : {};
}

/** So soon something is tried again that the proxy refused, if it is due. */
const AGAIN_MS = 5000;

/** The finalizer is stored before the first effect outside. */
async function guard({ context, instances }: Loop, { wanted }: Desired): Promise<void> {
  for (const { instance, wish } of wanted) {
    const object = instances.get(keyOf(instance)) ?? instance;
    if (wish !== "Ready" || isDeleting(object)) continue;
    await addFinalizer({ client: context.client, kind: Instance, object, finalizer: FINALIZER.balancer });
  }
}

interface Proxy {
  readonly rack: Rack;
  readonly proxy: string;
  readonly items: Parameters<typeof planProxy>[0]["items"];
  readonly desired: Desired;
}

async function actOn(loop: Loop, { rack, proxy, items, desired }: Proxy): Promise<readonly string[]> {
  const now = loop.context.clock.monotonic();
  const trial = trialOf(loop, rack.metadata.name, proxy);
  const plan = planProxy({
    rack: rack.metadata.name,
    proxy,
    items,
    ...desired,
    toTry: (added) => portsToTry(trial, added, now),
    isResting: now < trial.restUntil,
  });
  if (plan.actions.length === 0) return [];
  await confirmRemovals(loop.context.client, plan.actions, desired);
  const outcomes = await loop.context.execute(plan.actions);
  const isLearnt = learn(loop, { key: trialKey(rack.metadata.name, proxy), plan, outcome: outcomes[0], now });
  const failed = outcomes.filter((outcome) => outcome.type !== "verified");
  return isLearnt
    ? []
    : failed.map(({ action, ...rest }) => `${action.message}: ${"message" in rest ? rest.message : ""}`);
}

function trialKey(rack: string, proxy: string): string {
  return `${rack}/${proxy}`;
}

function trialOf({ trials }: Loop, rack: string, proxy: string): Trial {
  return trials.get(trialKey(rack, proxy)) ?? NO_TRIAL;
}

interface Reloaded {
  readonly key: string;
  readonly plan: ProxyPlan;
  readonly outcome: Outcome | undefined;
  readonly now: number;
}

/** Whether the proxy served or refused a set of ports: anything else taught nothing. */
function learn({ trials }: Loop, { key, plan, outcome, now }: Reloaded): boolean {
  if (plan.tried === undefined || outcome === undefined) return false;
  const isRefused = outcome.type === "refused" && outcome.reason === "BackendRefused";
  if (!isRefused && outcome.type !== "verified") return false;
  const message = isRefused ? outcome.message : "";
  trials.set(key, afterTrial(trials.get(key) ?? NO_TRIAL, { tried: plan.tried, isRefused, message, now }));
  return true;
}

interface Seen {
  readonly rack: Rack;
  readonly said: Said;
  readonly desired: Desired;
}

async function reportAll(loop: Loop, { rack, said, desired }: Seen): Promise<void> {
  const { client } = loop.context;
  const servers = serversById(said);
  for (const instance of desired.members) {
    const balancers = balancersOf(instance, said, servers);
    const status = balancers.length === 0 ? {} : { balancers };
    if (balancers.length === 0 && instance.status?.balancers === undefined) continue;
    await reportStatus({ client, cache: loop.instances, kind: Instance, object: instance, status, manager: NAME });
  }
  const { name } = rack.metadata;
  const trials = new Map([...said.keys()].map((proxy) => [proxy, trialOf(loop, name, proxy)]));
  const condition = balancerCondition(said, trials, unownedOf(servers, desired));
  await reportRackConditions(loop, rack, { conditions: [condition], manager: NAME });
}

/** Servers whose Instance nobody knows, e.g. because the store was restored: they serve on (R20). */
function unownedOf(servers: ServersById, { members }: Desired): number {
  const known = new Set(members.map(({ status }) => status?.placement?.taskID));
  const ids = [...servers.values()].flatMap((byId) => [...byId.keys()]);
  return new Set(ids.filter((id) => !known.has(id))).size;
}

/** What leaves is let go when the whole list of every proxy neither runs nor stores it, or a person says so. */
async function letGo({ context, instances }: Loop, { rack, said, desired }: Seen): Promise<void> {
  const isUsed = rack.spec.loadBalancer?.haproxy !== undefined;
  const observations = [...said.values()];
  const stored = new Set(
    observations.flatMap((each) =>
      each.type === "Unknown"
        ? []
        : [...each.items.values()].flatMap((item) => (item.type === "server" ? [item.id] : [])),
    ),
  );
  const isSilent = isUsed && (observations.length === 0 || observations.some(({ type }) => type !== "Complete"));
  for (const instance of desired.members) {
    if (!isLeaving(instance)) continue;
    const isGone =
      !isSilent && !stored.has(instance.status?.placement?.taskID ?? "") && instance.status?.balancers === undefined;
    if (!isGone && !isReleasedByHand(instance)) continue;
    const object = instances.get(keyOf(instance)) ?? instance;
    await removeFinalizer({ client: context.client, kind: Instance, object, finalizer: FINALIZER.balancer });
  }
}
