import type { Action } from "../../actuation/action.js";
import type { DnsRecord } from "../../api-types/dns-record.js";
import { isIpv4 } from "../../api-types/format/address.js";
import { isDnsName } from "../../api-types/format/names.js";
import { isDeleting, keyOf } from "../../api-types/life.js";
import { type DnsChange, type DnsEntry, dnsKey, isSameAnswer } from "../../drivers/dns/driver.js";
import type { Observation, Stamp } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { isOlder, mayJoin } from "./claims/claim.js";
import { CONTEST_MS, isContested, type Takeovers } from "./contest.js";

/** Everything the plan of one DnsRecord rests on. */
export interface DnsRecordView {
  /** With variables of the rack replaced. */
  readonly record: DnsRecord;
  /** Variables that the spec names and the rack does not give. */
  readonly unknownVariables: readonly string[];
  readonly observation: Observation<DnsEntry>;
  /** Of each of its names, the other record of the rack that has claimed it for longest. */
  readonly rivals: readonly DnsRecord[];
  readonly stamp: Stamp;
  /** With which resolvers may keep the answers, and what there is to say about it. */
  readonly ttl: { readonly seconds: number; readonly message: string };
  /** Entries that were taken from another uid, since the record is as it is. */
  readonly takeovers: Takeovers;
  readonly monotonicMs: number;
}

export interface DnsRecordPlan {
  /** In order: what is added comes before what is taken away. */
  readonly actions: readonly Action<DnsChange>[];
  /** True once every action is verified, or with none. */
  readonly conditions: readonly ConditionUpdate[];
  readonly published: readonly Published[];
  /** For so long clients may hold answers with a longer time to live than those of now; 0: they have none. */
  readonly heldSeconds?: number;
  /** The finalizer may go when every action is verified. */
  readonly isReleasable: boolean;
  /** Keys of the entries that the actions take from another uid. */
  readonly takesOver: readonly string[];
  /** The record whose older claim is the reason of the actions: to be confirmed by a fresh read. */
  readonly lostTo?: DnsRecord;
  /** Set while nothing else would lead to another look. */
  readonly requeueAfterMs?: number;
}

type Published = NonNullable<NonNullable<DnsRecord["status"]>["published"]>[number];

/** Registers what is wanted and missing, then takes away what this record published and no longer wants. Pure. */
export function planDnsRecord(view: DnsRecordView): DnsRecordPlan {
  const { record, observation } = view;
  if (observation.type === "Unknown") return unknown(record, observation.reason);
  if (isDeleting(record)) return planRemoval(view, observation.items);
  const unusable = unusableOf(view);
  if (unusable !== undefined) return waiting(record, unusable);
  const winner = view.rivals.find((rival) => isOlder(rival, record) && !mayJoin(rival, record));
  if (winner !== undefined) return planLoss(view, winner, observation.items);
  const desired = entriesOf(view);
  const foreign = desired.find((entry) => isForeign(observation.items.get(dnsKey(entry)), view.stamp));
  if (foreign !== undefined) return conflict(`the catalogue holds ${foreign.name} (${foreign.id}) and it is not ours`);
  const missing = desired.filter((entry) => !isSameEntry(observation.items.get(dnsKey(entry)), entry));
  const wanted = new Set(desired.map(dnsKey));
  const stale = ownEntries(view, observation.items).filter((entry) => !wanted.has(dnsKey(entry)));
  const actions = [
    ...missing.map((entry) => registerAction(view, entry)),
    ...stale.map((entry) => deregisterAction(view, entry)),
  ];
  const takesOver = keysOfOthers(view, observation.items, actions);
  if (isContested(view.takeovers, takesOver, view.monotonicMs)) return contested(view, takesOver);
  return {
    actions,
    conditions: readyConditions(view.ttl.message),
    published: publishedOf(desired),
    heldSeconds: longerTtl(view, observation.items),
    isReleasable: false,
    takesOver,
  };
}

/** A name has one owner (I13): what this record had under its names goes, and nothing of the winner is touched. */
function planLoss(view: DnsRecordView, winner: DnsRecord, items: ReadonlyMap<string, DnsEntry>): DnsRecordPlan {
  const own = ownEntries(view, items).filter((entry) => !isOfAnother(entry, view.stamp));
  const actions = own.map((entry) => deregisterAction(view, entry, `has lost its name to ${keyOf(winner)}`));
  return { ...conflict(`${keyOf(winner)} claims the name and is older`), actions, lostTo: winner };
}

type OwnEntry = DnsEntry & { readonly stamp: Stamp };

/** Entries under our own identity that carry another uid: of our record before it was made anew, or of a second control plane. */
function keysOfOthers(
  { stamp }: DnsRecordView,
  items: ReadonlyMap<string, DnsEntry>,
  actions: readonly Action[],
): readonly string[] {
  return actions.map(({ key }) => key).filter((key) => isOfAnother(items.get(key), stamp));
}

function isOfAnother(observed: DnsEntry | undefined, stamp: Stamp): boolean {
  return observed?.stamp !== undefined && observed.stamp.uid !== stamp.uid;
}

function planRemoval(view: DnsRecordView, items: ReadonlyMap<string, DnsEntry>): DnsRecordPlan {
  // a contested entry is as much the other's: it stays
  const isLeft = (entry: DnsEntry) =>
    isOfAnother(entry, view.stamp) && isContested(view.takeovers, [dnsKey(entry)], view.monotonicMs);
  const observed = ownEntries(view, items).filter((entry) => !isLeft(entry));
  // what the catalogue shows under a recorded key and is not stamped by us was put there by somebody else since
  const recorded = (view.record.status?.published ?? []).filter((entry) => !items.has(dnsKey(entry)));
  const actions = [...observed, ...recorded].map((entry) => deregisterAction(view, entry));
  const takesOver = keysOfOthers(view, items, actions);
  return { actions, conditions: [], published: [], isReleasable: true, takesOver };
}

/** What the record wants in the catalogue: every target under every name. */
function entriesOf({ record, stamp, ttl }: DnsRecordView): OwnEntry[] {
  const names = [record.spec.name, ...(record.spec.names ?? [])];
  return names.flatMap((name) =>
    (record.spec.targets ?? []).map((target) => {
      const ports = record.spec.type === "A" ? undefined : target.ports;
      const [first] = ports ?? [];
      return {
        name,
        id: target.id,
        address: target.address,
        ...(first === undefined ? {} : { port: first.port }),
        ...(ports === undefined ? {} : { ports }),
        ttlSeconds: ttl.seconds,
        tags: target.tags ?? [],
        stamp,
      };
    }),
  );
}

/** The longest time to live that was answered so far, where it is longer than today's; else 0. */
function longerTtl({ record, ttl }: DnsRecordView, items: ReadonlyMap<string, DnsEntry>): number {
  const before = (record.status?.published ?? []).flatMap((published) => [
    published.ttlSeconds ?? 0,
    items.get(dnsKey(published))?.ttlSeconds ?? 0,
  ]);
  const longest = Math.max(0, ...before);
  return longest > ttl.seconds ? longest : 0;
}

/** Entries whose stamp names this very record; a stamp with another uid is adopted. */
function ownEntries({ stamp }: DnsRecordView, items: ReadonlyMap<string, DnsEntry>): readonly DnsEntry[] {
  let owned = byOwner.get(items);
  if (owned === undefined) {
    owned = groupByOwner(items);
    byOwner.set(items, owned);
  }
  return owned.get(ownerOf(stamp)) ?? [];
}

/** Every record asks the same observation: it is gone through once for all of them. */
const byOwner = new WeakMap<ReadonlyMap<string, DnsEntry>, ReadonlyMap<string, readonly DnsEntry[]>>();

function groupByOwner(items: ReadonlyMap<string, DnsEntry>): ReadonlyMap<string, readonly DnsEntry[]> {
  const owned = new Map<string, DnsEntry[]>();
  for (const entry of items.values()) {
    if (entry.stamp === undefined) continue;
    const owner = ownerOf(entry.stamp);
    const known = owned.get(owner);
    if (known === undefined) owned.set(owner, [entry]);
    else known.push(entry);
  }
  return owned;
}

function ownerOf({ identity, kind, namespace, name }: Stamp): string {
  return `${identity}/${kind}/${namespace}/${name}`;
}

function isForeign(observed: DnsEntry | undefined, stamp: Stamp): boolean {
  if (observed === undefined) return false;
  return observed.stamp === undefined || observed.stamp.identity !== stamp.identity;
}

function isSameEntry(observed: DnsEntry | undefined, desired: OwnEntry): boolean {
  if (observed?.stamp === undefined || observed.stamp.uid !== desired.stamp.uid) return false;
  return isSameAnswer(observed, desired) && observed.tags.join() === desired.tags.join();
}

function registerAction({ record }: DnsRecordView, entry: OwnEntry): Action<DnsChange> {
  return {
    type: "dns.register",
    rack: record.spec.rackName,
    key: dnsKey(entry),
    change: { type: "register", entry },
    message: `register ${entry.name} as ${entry.address}`,
    cause: [causeOf(record)],
    evidence: [],
  };
}

function deregisterAction(
  { record }: DnsRecordView,
  entry: { readonly name: string; readonly id: string },
  why = isDeleting(record) ? "is deleted" : "no longer wants it",
): Action<DnsChange> {
  return {
    type: "dns.deregister",
    rack: record.spec.rackName,
    key: dnsKey(entry),
    change: { type: "deregister", name: entry.name, id: entry.id },
    message: `deregister ${entry.name} (${entry.id}): its DnsRecord ${keyOf(record)} ${why}`,
    ground: { type: "tombstone", owner: record.metadata.uid ?? "" },
    cause: [causeOf(record)],
    evidence: [],
  };
}

function causeOf(record: DnsRecord): string {
  return `${record.metadata.uid ?? ""}@${record.metadata.generation ?? 0}`;
}

function publishedOf(entries: readonly OwnEntry[]): DnsRecordPlan["published"] {
  return entries.map(({ name, id, address, port, ttlSeconds }) => ({
    ...{ name, id, address },
    ...(port === undefined ? {} : { port }),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
  }));
}

function readyConditions(message: string): ConditionUpdate[] {
  return [
    { type: "Ready", status: "True", reason: "NamePublished", message },
    { type: "Conflict", status: "False", reason: "SoleClaimOfName", message: "" },
  ];
}

function conflict(message: string): DnsRecordPlan {
  const conditions: ConditionUpdate[] = [
    { type: "Ready", status: "False", reason: "NameConflict", message },
    { type: "Conflict", status: "True", reason: "NameConflict", message },
  ];
  return { actions: [], conditions, published: [], isReleasable: false, takesOver: [] };
}

/** Two control planes that each adopt what the other registers would go on for ever (R21). */
function contested({ record, stamp }: DnsRecordView, keys: readonly string[]): DnsRecordPlan {
  const message =
    `another control plane registers ${keys.join(", ")} again and again, also as identity ${stamp.identity}: ` +
    "give one of the two another Rack.spec.identity, or stop it; looked at again in 10 minutes";
  const reason = "NameContested";
  const conditions: ConditionUpdate[] = [
    { type: "Ready", status: "False", reason, message },
    { type: "Conflict", status: "True", reason, message },
  ];
  const published = record.status?.published ?? [];
  return { actions: [], conditions, published, isReleasable: false, takesOver: [], requeueAfterMs: CONTEST_MS };
}

/** Why the spec cannot be published as it is, once its variables are replaced: before, it could not be judged. */
function unusableOf({ record: { spec }, unknownVariables }: DnsRecordView): Unusable | undefined {
  if (unknownVariables.length > 0) {
    const message = `spec uses variables that the rack does not give: ${unknownVariables.join(", ")}`;
    return { reason: "NameVariableUnknown", message };
  }
  const name = [spec.name, ...(spec.names ?? [])].find((candidate) => !isDnsName(candidate));
  const address = (spec.targets ?? []).find((target) => !isIpv4(target.address))?.address;
  if (name === undefined && address === undefined) return undefined;
  const what = name === undefined ? `${address} is no IPv4 address` : `${name} is no DNS name in lower case`;
  return { reason: "NameNotUsable", message: `${what}, once the rack's variables are replaced` };
}

interface Unusable {
  readonly reason: string;
  readonly message: string;
}

function waiting(record: DnsRecord, { reason, message }: Unusable): DnsRecordPlan {
  const conditions: ConditionUpdate[] = [{ type: "Ready", status: "False", reason, message }];
  return { actions: [], conditions, published: record.status?.published ?? [], isReleasable: false, takesOver: [] };
}

function unknown(record: DnsRecord, reason: string): DnsRecordPlan {
  const message = `the catalogue does not answer (${reason}); nothing is changed until it does`;
  const conditions: ConditionUpdate[] = [{ type: "Ready", status: "Unknown", reason: "CatalogueUnknown", message }];
  return { actions: [], conditions, published: record.status?.published ?? [], isReleasable: false, takesOver: [] };
}
