import { mergeMap, of } from "rxjs";
import type { Action, Outcome } from "../../actuation/action.js";
import { DnsRecord } from "../../api-types/dns-record.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import { substituteDeep } from "../../api-types/substitute.js";
import { FINALIZER } from "../../api-types/well-known.js";
import { type DnsChange, type DnsEntry, dnsKey } from "../../drivers/dns/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { Cache } from "../../runtime/cache.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizers.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import { heldUntil, ttlOf } from "../answer-ttl.js";
import { backendCondition } from "../backend-condition.js";
import { type Changed, changed$ } from "../changed-items.js";
import type { LoopContext } from "../context.js";
import { createUnconfirmed, type OwnChanges, ownChanges } from "../own-changes.js";
import { ownConditions } from "../own-conditions.js";
import { reportRackConditions } from "../rack-conditions.js";
import { claimsOf, eldersOf, isSameClaim, isSameService } from "./claims/claim.js";
import { type Takeovers, withTakeovers } from "./contest.js";
import { type DnsRecordPlan, type DnsRecordView, planDnsRecord } from "./plan.js";

const NAME = "dns-record";

/** Keeps the service catalogue as the DnsRecords of a rack want it. */
export const dnsRecordController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(
        DnsRecord,
        (record, previous) =>
          previous !== undefined && isSameClaim(previous, record)
            ? [keyOf(record)]
            : [...withRivals(loop, record), ...(previous === undefined ? [] : withRivals(loop, previous))],
        (record) => [keyOf(record)],
      ),
      on(Rack, (rack, previous) => (rack.spec === previous?.spec ? [] : keysOfRack(loop, rack.metadata.name))),
    ],
    triggers: [
      loop.context.backends.each$(({ dns }, rack) => {
        if (dns === undefined) return of(RACK_PREFIX + rack);
        return changed$(dns.entries).pipe(
          mergeMap((changed) => [RACK_PREFIX + rack, ...keysOfChanged(loop, rack, changed)]),
        );
      }),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly records: Cache<DnsRecord>;
  readonly racks: Cache<Rack>;
  readonly changes: OwnChanges<DnsEntry>;
  readonly unconfirmed: ReturnType<typeof createUnconfirmed>;
  /** By the key of a record, as long as it lives. */
  readonly contests: Map<string, Contest>;
}

/** What was taken over for a record since it is as it is. */
interface Contest {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly takeovers: Takeovers;
}

function open(context: LoopContext): Loop {
  const { informers, clock } = context;
  return {
    context,
    records: informers.cache(DnsRecord, { claim: claimsOf, rack: (record) => [record.spec.rackName] }),
    racks: informers.cache(Rack),
    changes: ownChanges<DnsEntry>(clock),
    unconfirmed: createUnconfirmed(clock),
    contests: new Map(),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult> {
  if (!key.startsWith(RACK_PREFIX)) return reconcileRecord(loop, key);
  await reportRack(loop, key.slice(RACK_PREFIX.length));
  return {};
}

async function reconcileRecord(loop: Loop, key: string): Promise<ReconcileResult> {
  const record = loop.records.get(key);
  const view = record && viewOf(loop, record);
  if (record === undefined) loop.contests.delete(key);
  if (record === undefined || view === undefined) return {};
  if (isDeleting(record) && (record.metadata.finalizers ?? []).length === 0) return {};
  // stored before the first effect outside
  if (!isDeleting(record))
    await addFinalizer({
      client: loop.context.client,
      kind: DnsRecord,
      object: record,
      finalizer: FINALIZER.registered,
    });
  const plan = planDnsRecord(view);
  await carryOut(loop, loop.records.get(key) ?? record, plan);
  return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
}

function keysOfRack(loop: Loop, rack: string): string[] {
  return loop.records.by("rack", rack).map(keyOf);
}

/** Records that an observation concerns: owners, claimants of a name, and those that it is to confirm. */
function keysOfChanged(loop: Loop, rack: string, changed: Changed<DnsEntry>): string[] {
  if (changed.type === "everything") return keysOfRack(loop, rack);
  const concerned = changed.items.flatMap(({ name, stamp }) =>
    stamp?.kind === DnsRecord.kind
      ? [`${stamp.namespace}/${stamp.name}`]
      : loop.records.by("claim", `${rack} ${name}`).map(keyOf),
  );
  return [...new Set([...concerned, ...loop.unconfirmed.take(rack, changed.takenAt)])];
}

/** With a rival, whoever claims one of its names: the oldest claim decides about all. Without, itself: a service may have very many. */
function withRivals(loop: Loop, record: DnsRecord): string[] {
  const claimants = claimsOf(record).flatMap((claim) => loop.records.by("claim", claim));
  const isRival = (other: DnsRecord) => other.metadata.uid !== record.metadata.uid && !isSameService(other, record);
  return claimants.some(isRival) ? [...new Set([keyOf(record), ...claimants.map(keyOf)])] : [keyOf(record)];
}

function viewOf(loop: Loop, record: DnsRecord): DnsRecordView | undefined {
  const rack = loop.racks.get(record.spec.rackName);
  if (rack === undefined) return undefined;
  const { value: spec, unknown } = substituteDeep(record.spec, (name) => rack.spec.variables?.[name]);
  const { namespace = "", name, uid = "" } = record.metadata;
  const identity = rack.spec.identity ?? rack.metadata.name;
  return {
    record: { ...record, spec },
    unknownVariables: unknown,
    observation: observationOf(loop, { ...record, spec }),
    rivals: eldersOf(record, (claim) => loop.records.by("claim", claim)),
    stamp: { identity, kind: DnsRecord.kind, namespace, name, uid, term: loop.context.term },
    ttl: ttlOf(record, rack),
    takeovers: takeoversOf(loop, record),
    monotonicMs: loop.context.clock.monotonic(),
  };
}

/** A changed record starts anew; one that is deleted does not claim what was contested. */
function takeoversOf(loop: Loop, record: DnsRecord): Takeovers {
  const { uid, generation } = record.metadata;
  const known = loop.contests.get(keyOf(record));
  if (known === undefined || known.uid !== uid) return new Map();
  return known.generation === generation || isDeleting(record) ? known.takeovers : new Map();
}

/** The last observation, with what we read back of this record's entries since. */
function observationOf(loop: Loop, record: DnsRecord): Observation<DnsEntry> {
  const rack = record.spec.rackName;
  const observation = loop.context.backends.of(rack).dns?.entries.value() ?? NO_CATALOGUE;
  if (observation.type === "Unknown") return observation;
  const newer = entryKeys(record).flatMap((key) => {
    const own = loop.changes.since(rack, key, observation);
    return own === undefined ? [] : [{ key, item: own.item }];
  });
  if (newer.length === 0) return observation;
  const items = new Map(observation.items);
  for (const { key, item } of newer) {
    if (item === undefined) items.delete(key);
    else items.set(key, item);
  }
  return { ...observation, items };
}

function remember(loop: Loop, outcomes: readonly Outcome[], actions: readonly Action<DnsChange>[]): void {
  for (const [index, { rack, key, change }] of actions.entries()) {
    if (outcomes[index]?.type !== "verified") continue;
    loop.changes.verified(rack, key, change.type === "register" ? change.entry : undefined);
  }
}

async function carryOut(loop: Loop, record: DnsRecord, plan: DnsRecordPlan): Promise<void> {
  if (plan.actions.some((action) => action.ground !== undefined)) {
    for (const read of [record, ...(plan.lostTo === undefined ? [] : [plan.lostTo])])
      await confirmUnchanged(loop, read);
  }
  const outcomes = await loop.context.execute(plan.actions);
  remember(loop, outcomes, plan.actions);
  noteTakeovers(loop, record, { plan, outcomes });
  if (plan.actions.length > 0) loop.unconfirmed.add(record.spec.rackName, keyOf(record));
  const failed = outcomes.find((outcome) => outcome.type !== "verified");
  if (failed === undefined) return finish(loop, record, plan);
  const message = "message" in failed ? failed.message : "";
  const condition: ConditionUpdate = { type: "Ready", status: "False", reason: "NameNotConfirmed", message };
  await report(loop, record, { ...plan, conditions: [condition], published: record.status?.published ?? [] });
  throw new StatusError("ServiceUnavailable", `${failed.action.message}: ${message}`);
}

/** Whatever was sent counts, read back or not: the other side may have been quicker. */
function noteTakeovers(loop: Loop, record: DnsRecord, { plan, outcomes }: Carried): void {
  const sent = outcomes.filter((outcome) => outcome.type !== "refused").map(({ action }) => action.key);
  const taken = plan.takesOver.filter((key) => sent.includes(key));
  if (taken.length === 0) return;
  const { uid, generation } = record.metadata;
  const takeovers = withTakeovers(takeoversOf(loop, record), taken, loop.context.clock.monotonic());
  loop.contests.set(keyOf(record), { uid, generation, takeovers });
}

interface Carried {
  readonly plan: DnsRecordPlan;
  readonly outcomes: readonly Outcome[];
}

async function finish(loop: Loop, record: DnsRecord, plan: DnsRecordPlan): Promise<void> {
  if (isDeleting(record)) {
    if (!plan.isReleasable) return report(loop, record, plan);
    return removeFinalizer({
      client: loop.context.client,
      kind: DnsRecord,
      object: record,
      finalizer: FINALIZER.registered,
    });
  }
  await report(loop, record, plan);
}

async function report(
  loop: Loop,
  record: DnsRecord,
  { conditions, published, heldSeconds = 0 }: Pick<DnsRecordPlan, "conditions" | "published" | "heldSeconds">,
): Promise<void> {
  const observedGeneration = record.metadata.generation ?? 0;
  const dated = conditions.map((condition) => ({ ...condition, observedGeneration }));
  const now = loop.context.clock.now();
  const held = heldUntil(record, heldSeconds, now);
  const status = {
    ...{ observedGeneration, published, conditions: ownConditions(record, dated, now) },
    ...(held === undefined ? {} : { heldUntil: held }),
  };
  await reportStatus({
    client: loop.context.client,
    cache: loop.records,
    kind: DnsRecord,
    object: record,
    status,
    manager: NAME,
  });
}

/** The ground of a removal is what the owner wants now, by a fresh read (R2). */
async function confirmUnchanged(loop: Loop, record: DnsRecord): Promise<void> {
  const { namespace = "", name, uid } = record.metadata;
  const fresh = await loop.context.client.get(DnsRecord, { namespace, name });
  if (fresh.metadata.uid === uid && isSameClaim(fresh, record)) return;
  throw new StatusError(
    "Conflict",
    `withdrawing names of dnsrecord ${namespace}/${name}: the cached record is outdated`,
  );
}

async function reportRack(loop: Loop, name: string): Promise<void> {
  const rack = loop.racks.get(name);
  if (rack === undefined) return;
  await reportRackConditions(loop, rack, { conditions: [dnsCondition(loop, rack)], manager: NAME });
}

function dnsCondition({ context }: Loop, { metadata, spec }: Rack): ConditionUpdate {
  const { dns } = context.backends.of(metadata.name);
  const problem = dns?.driver.problem?.();
  if (problem === undefined) return backendCondition("DnsReady", dns?.entries.value(), spec.dns === undefined);
  const message = `${problem}; give spec.dns.builtin.listen another address, or free this one: it is tried again every 2 seconds`;
  return { type: "DnsReady", status: "False", reason: "NameServerNotListening", message };
}

const RACK_PREFIX = "rack:";
const NO_CATALOGUE = { type: "Unknown", reason: "the Rack names no DNS back end", since: 0, source: "dns" } as const;

/** What the record wants in the catalogue, and what it had there. */
function entryKeys({ spec, status }: DnsRecord): string[] {
  const ids = (spec.targets ?? []).map(({ id }) => id);
  const wanted = [spec.name, ...(spec.names ?? [])].flatMap((name) => ids.map((id) => dnsKey({ name, id })));
  return [...new Set([...wanted, ...(status?.published ?? []).map(dnsKey)])];
}
