import { Instance } from "../../api-types/instance.js";
import { IPAddress, isReleased } from "../../api-types/ip-address.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import { FINALIZER } from "../../api-types/well-known.js";
import { readOptional } from "../../client/read-optional.js";
import type { Cache } from "../../runtime/cache.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import { addressesInUse } from "../claimed-address.js";
import type { LoopContext } from "../context.js";
import { isLiving } from "../orphans.js";
import { ownConditions } from "../own-conditions.js";
import { type ClaimView, planClaim } from "./plan.js";

const NAME = "ip-address";
/** What is not seen as gone yet is looked at again so often. */
const LOOK_AGAIN_MS = 2000;
const DEFAULT_QUARANTINE_SECONDS = 300;

/** Gives addresses back to their pools: when claimant, task and route are gone, after the quarantine. */
export const ipAddressController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(IPAddress, (claim) => [keyOf(claim)]),
      on(
        Instance,
        (instance) => loop.claims.by("claimant", instance.metadata.uid ?? "").map(keyOf),
        () => [],
      ),
      on(
        Route,
        ({ spec }) => loop.claims.by("prefix", `${spec.rackName} ${spec.prefix}`).map(keyOf),
        () => [],
      ),
      on(Rack, () => []),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly claims: Cache<IPAddress>;
  readonly instances: Cache<Instance>;
  readonly routes: Cache<Route>;
  readonly racks: Cache<Rack>;
  /** Since when (monotonic) each claim, by uid, is known to be released by which claimant. A quarantine begins anew with each process. */
  readonly releasedAt: Map<string, { readonly from: string; readonly since: number }>;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    claims: informers.cache(IPAddress, {
      claimant: ({ spec }) => [spec.claimant.uid],
      prefix: ({ spec }) => [`${spec.rackName} ${spec.address}/32`],
    }),
    instances: informers.cache(Instance),
    routes: informers.cache(Route, { prefix: ({ spec }) => [`${spec.rackName} ${spec.prefix}`] }),
    racks: informers.cache(Rack),
    releasedAt: new Map(),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  const claim = loop.claims.get(key);
  if (claim === undefined) return {};
  const view = await viewOf(loop, claim);
  if (view === undefined) return {};
  const plan = planClaim(view);
  switch (plan.type) {
    case "keep":
      loop.releasedAt.delete(claim.metadata.uid ?? "");
      if (claim.status?.releasedAt !== undefined) await report(loop, claim, {});
      return {};
    case "wait":
      await report(loop, claim, { condition: plan.condition });
      return { requeueAfterMs: LOOK_AGAIN_MS };
    case "release":
      await report(loop, claim, {
        condition: plan.condition,
        releasedAt: new Date(loop.context.clock.now()).toISOString(),
      });
      return { requeueAfterMs: view.quarantineMs };
    case "quarantine":
      return { requeueAfterMs: plan.remainingMs };
    case "free":
      return free(loop, claim);
    default:
      return plan satisfies never;
  }
}

/** The very claim that was looked at: one that has a new claimant since is another version. */
async function free(loop: Loop, claim: IPAddress): Promise<ReconcileResult> {
  const { client } = loop.context;
  const { name, uid = "", resourceVersion } = claim.metadata;
  if (!isDeleting(claim)) {
    const version = resourceVersion === undefined ? {} : { resourceVersion };
    await client.delete(IPAddress, { name }, { uid, ...version });
    return {};
  }
  await removeFinalizer({ client, kind: IPAddress, object: claim, finalizer: FINALIZER.claimed });
  loop.releasedAt.delete(uid);
  return {};
}

async function viewOf(loop: Loop, claim: IPAddress): Promise<ClaimView | undefined> {
  const { claimant, rackName, pool } = claim.spec;
  const rack = loop.racks.get(rackName);
  // without its rack nobody can tell what is outside
  if (rack === undefined) return undefined;
  const seconds = rack.spec.network?.pools?.find(({ name }) => name === pool)?.quarantineSeconds;
  const quarantineMs = (seconds ?? DEFAULT_QUARANTINE_SECONDS) * 1000;
  const known = loop.instances.get(`${claimant.namespace}/${claimant.name}`);
  if (known?.metadata.uid === claimant.uid) {
    return { claim, quarantineMs, hasClaimant: true, releasedForMs: undefined, task: "unknown", route: "unknown" };
  }
  const { namespace, name } = claimant;
  const fresh = await readOptional(loop.context.client, Instance, { namespace, name });
  return {
    claim,
    quarantineMs,
    hasClaimant: fresh?.metadata.uid === claimant.uid,
    releasedForMs: releasedForMs(loop, claim),
    ...(isReleased(claim) ? RELEASED : await outside(loop, claim)),
  };
}

type Outside = Pick<ClaimView, "task" | "route">;

const RELEASED: Outside = { task: "absent", route: "absent" };

async function outside(loop: Loop, claim: IPAddress): Promise<Outside> {
  const task = await taskOf(loop, claim);
  return { task, route: task === "absent" ? await routeOf(loop, claim) : "unknown" };
}

function releasedForMs({ releasedAt, context }: Loop, claim: IPAddress): number | undefined {
  if (!isReleased(claim)) return undefined;
  const now = context.clock.monotonic();
  const key = claim.metadata.uid ?? "";
  const { uid } = claim.spec.claimant;
  const known = releasedAt.get(key);
  const since = known?.from === uid ? known.since : now;
  releasedAt.set(key, { from: uid, since });
  return now - since;
}

/** A rack that names no compute runs nothing; one whose connection is not open may. */
async function taskOf({ context, racks }: Loop, { spec }: IPAddress): Promise<ClaimView["task"]> {
  if (racks.get(spec.rackName)?.spec.compute?.mesos === undefined) return "absent";
  const { compute } = context.backends.of(spec.rackName);
  if (compute === undefined) return "unknown";
  const tasks = compute.tasks.value();
  if (tasks.type !== "Complete") return "unknown";
  if (addressesInUse(tasks).has(spec.address)) return "present";
  const { taskID, agentID } = spec.claimant;
  if (taskID === undefined) return "absent";
  const listed = tasks.items.get(taskID);
  if (listed !== undefined && isLiving(listed)) return "present";
  // a master that was restarted lists no task that is out of reach, and neither does a driver that never saw it
  return (await compute.driver.read({ taskId: taskID, agentId: agentID })).type;
}

/** A rack without a switch routes nothing: there the end of the Instance is all there is to wait for. */
async function routeOf({ context, routes, racks }: Loop, { spec }: IPAddress): Promise<ClaimView["route"]> {
  const prefix = `${spec.address}/32`;
  if (routes.by("prefix", `${spec.rackName} ${prefix}`).length > 0) return "present";
  if ((racks.get(spec.rackName)?.spec.network?.switch.type ?? "None") === "None") return "absent";
  const { network } = context.backends.of(spec.rackName);
  if (network === undefined) return "unknown";
  return (await network.driver.read(prefix)).type;
}

interface Said {
  readonly condition?: ConditionUpdate;
  readonly releasedAt?: string;
}

async function report(loop: Loop, claim: IPAddress, { condition, releasedAt }: Said): Promise<void> {
  const { client, clock } = loop.context;
  const conditions = condition === undefined ? [] : ownConditions(claim, [condition], clock.now());
  const released = releasedAt === undefined ? {} : { releasedAt, releasedFrom: claim.spec.claimant.uid };
  const status = { ...released, conditions };
  await reportStatus({ client, cache: loop.claims, kind: IPAddress, object: claim, status, manager: NAME });
}
