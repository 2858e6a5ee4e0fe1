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
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { addFinalizer, removeFinalizer } from "../../runtime/finalizers.js";
import { reportStatus } from "../../runtime/report.js";
import { backendCondition } from "../backend-condition.js";
import { type Changed, changed$ } from "../changed-items.js";
import type { LoopContext } from "../context.js";
import { createUnconfirmed, ownChanges } from "../own-changes.js";
import { ownConditions } from "../own-conditions.js";
import { type DnsRecordPlan, type DnsRecordView, isSameService, planDnsRecord } from "./plan.js";

const NAME = "dns-record";

/** Keeps the service catalogue as the DnsRecords of a rack want it. */
export function dnsRecordController(context: LoopContext) {
  const { informers, backends, client, clock } = context;
  const records = informers.cache(DnsRecord, { claim: claimsOf, rack: (record) => [record.spec.rackName] });
  const racks = informers.cache(Rack);
  const changes = ownChanges<DnsEntry>(clock);
  const unconfirmed = createUnconfirmed(clock);

  return defineController({
    name: NAME,
    watches: [
      on(
        DnsRecord,
        (record, previous) =>
          previous?.metadata.generation === record.metadata.generation
            ? [keyOf(record)]
            : [...withRivals(record), ...(previous === undefined ? [] : withRivals(previous))],
        (record) => [keyOf(record)],
      ),
      on(Rack, (rack, previous) => (rack.spec === previous?.spec ? [] : keysOfRack(rack.metadata.name))),
    ],
    triggers: [
      backends.each$(({ dns }, rack) => {
        if (dns === undefined) return of(RACK_PREFIX + rack);
        return changed$(dns.entries).pipe(mergeMap((changed) => [RACK_PREFIX + rack, ...keysOfChanged(rack, changed)]));
      }),
    ],
    async reconcile(key) {
      if (key.startsWith(RACK_PREFIX)) return reportRack(key.slice(RACK_PREFIX.length));
      const record = records.get(key);
      const view = record && viewOf(record);
      if (record === undefined || view === undefined) return;
      if (isDeleting(record) && (record.metadata.finalizers ?? []).length === 0) return;
      // stored before the first effect outside
      if (!isDeleting(record))
        await addFinalizer({ client, kind: DnsRecord, object: record, finalizer: FINALIZER.registered });
      return carryOut(records.get(key) ?? record, planDnsRecord(view));
    },
  });

  function keysOfRack(rack: string): string[] {
    return records.by("rack", rack).map(keyOf);
  }

  /** Records that an observation concerns: owners, claimants of a name, and those that it is to confirm. */
  function keysOfChanged(rack: string, changed: Changed<DnsEntry>): string[] {
    if (changed.type === "everything") return keysOfRack(rack);
    const concerned = changed.items.flatMap(({ name, stamp }) =>
      stamp?.kind === DnsRecord.kind
        ? [`${stamp.namespace}/${stamp.name}`]
        : records.by("claim", `${rack} ${name}`).map(keyOf),
    );
    return [...new Set([...concerned, ...unconfirmed.take(rack, changed.takenAt)])];
  }

  function withRivals(record: DnsRecord): string[] {
    return [keyOf(record), ...rivalsOf(record).map(keyOf)];
  }

  /** Records of one service share its names: they are never rivals, and there may be very many. */
  function rivalsOf(record: DnsRecord): DnsRecord[] {
    const isRival = (other: DnsRecord) => other.metadata.uid !== record.metadata.uid && !isSameService(other, record);
    return [...new Set(claimsOf(record).flatMap((claim) => records.by("claim", claim).filter(isRival)))];
  }

  function viewOf(record: DnsRecord): DnsRecordView | undefined {
    const rack = racks.get(record.spec.rackName);
    if (rack === undefined) return undefined;
    const { value: spec, unknown } = substituteDeep(record.spec, (name) => rack.spec.variables?.[name]);
    const { namespace = "", name, uid = "" } = record.metadata;
    const identity = rack.spec.identity ?? rack.metadata.name;
    return {
      record: { ...record, spec },
      unknownVariables: unknown,
      observation: observationOf({ ...record, spec }),
      rivals: rivalsOf(record),
      stamp: { identity, kind: DnsRecord.kind, namespace, name, uid, term: context.term },
    };
  }

  /** The last observation, with what we read back of this record's entries since. */
  function observationOf(record: DnsRecord): Observation<DnsEntry> {
    const rack = record.spec.rackName;
    const observation = backends.of(rack).dns?.entries.value() ?? NO_CATALOGUE;
    if (observation.type === "Unknown") return observation;
    const newer = entryKeys(record).flatMap((key) => {
      const own = changes.since(rack, key, observation);
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

  function remember(outcomes: readonly Outcome[], actions: readonly Action<DnsChange>[]): void {
    for (const [index, { rack, key, change }] of actions.entries()) {
      if (outcomes[index]?.type !== "verified") continue;
      changes.verified(rack, key, change.type === "register" ? change.entry : undefined);
    }
  }

  async function carryOut(record: DnsRecord, plan: DnsRecordPlan): Promise<void> {
    if (plan.actions.some((action) => action.ground !== undefined)) await confirmUnchanged(record);
    const outcomes = await context.execute(plan.actions);
    remember(outcomes, plan.actions);
    if (plan.actions.length > 0) unconfirmed.add(record.spec.rackName, keyOf(record));
    const failed = outcomes.find((outcome) => outcome.type !== "verified");
    if (failed === undefined) return finish(record, plan);
    const message = "message" in failed ? failed.message : "";
    const condition: ConditionUpdate = { type: "Ready", status: "False", reason: "NameNotConfirmed", message };
    await report(record, { conditions: [condition], published: record.status?.published ?? [] });
    throw new StatusError("ServiceUnavailable", `${failed.action.message}: ${message}`);
  }

  async function finish(record: DnsRecord, plan: DnsRecordPlan): Promise<void> {
    if (isDeleting(record)) {
      if (!plan.isReleasable) return report(record, plan);
      return removeFinalizer({ client, kind: DnsRecord, object: record, finalizer: FINALIZER.registered });
    }
    await report(record, plan);
  }

  async function report(
    record: DnsRecord,
    { conditions, published }: Pick<DnsRecordPlan, "conditions" | "published">,
  ): Promise<void> {
    const observedGeneration = record.metadata.generation ?? 0;
    const dated = conditions.map((condition) => ({ ...condition, observedGeneration }));
    const status = { observedGeneration, published, conditions: ownConditions(record, dated, clock.now()) };
    await reportStatus({ client, cache: records, kind: DnsRecord, object: record, status, manager: NAME });
  }

  /** The ground of a removal is what the owner wants now, by a fresh read (R2). */
  async function confirmUnchanged(record: DnsRecord): Promise<void> {
    const { namespace = "", name, uid, generation } = record.metadata;
    const fresh = await client.get(DnsRecord, { namespace, name });
    if (fresh.metadata.uid === uid && fresh.metadata.generation === generation) return;
    throw new StatusError(
      "Conflict",
      `withdrawing names of dnsrecord ${namespace}/${name}: the cached record is outdated`,
    );
  }

  async function reportRack(name: string): Promise<void> {
    const rack = racks.get(name);
    if (rack === undefined) return;
    const condition = backendCondition("DnsReady", backends.of(name).dns?.entries.value(), rack.spec.dns === undefined);
    const status = { conditions: ownConditions(rack, [condition], clock.now()) };
    await reportStatus({ client, cache: racks, kind: Rack, object: rack, status, manager: NAME });
  }
}

const RACK_PREFIX = "rack:";
const NO_CATALOGUE = { type: "Unknown", reason: "the Rack names no DNS back end", since: 0, source: "dns" } as const;

/** What the record wants in the catalogue, and what it had there. */
function entryKeys({ spec, status }: DnsRecord): string[] {
  const ids = (spec.targets ?? []).map(({ id }) => id);
  const wanted = [spec.name, ...(spec.names ?? [])].flatMap((name) => ids.map((id) => dnsKey({ name, id })));
  return [...new Set([...wanted, ...(status?.published ?? []).map(dnsKey)])];
}

/** What a record claims: its names in one rack. */
function claimsOf(record: DnsRecord): string[] {
  return [record.spec.name, ...(record.spec.names ?? [])].map((name) => `${record.spec.rackName} ${name}`);
}
