import { isDeepStrictEqual } from "node:util";
import { KINDS } from "../../api-types/kinds.js";
import { keyOf } from "../../api-types/life.js";
import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import type { KubeObject, OwnerReference } from "../../api-types/meta/object.js";
import { isStatus } from "../../api-types/meta/status-error.js";
import { type Cache, splitKey } from "../../runtime/cache.js";
import { defineController, on, type Watch } from "../../runtime/controller.js";
import { removeFinalizer } from "../../runtime/finalizers.js";
import type { LoopContext } from "../context.js";
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER, type Owner, planDependent, planOwner } from "./plan.js";

const NAME = "garbage-collection";
/** Kinds that own nothing and are owned by nothing, and change all the time. */
const LEFT_OUT: readonly string[] = ["Event", "Lease"];

type AnyObject = ObjectOf<Kind>;

/** One kind that takes part, with its cache. */
interface Part {
  readonly kind: Kind;
  readonly cache: Cache<AnyObject>;
}

/** An owner reference, with the object that has it. */
interface Link {
  readonly dependent: AnyObject;
  readonly reference: OwnerReference;
}

/** Deletes objects whose owners are gone, and carries out foreground and orphan deletion (only on our own API server). */
export const garbageCollectionController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [...loop.parts.values()].map(({ kind }): Watch => {
      const keysOf = (object: AnyObject) => keysFor(loop, kind, object);
      return on(kind, (object, previous) => (isAsBefore(object, previous) ? [] : keysOf(object)), keysOf);
    }),
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly parts: ReadonlyMap<string, Part>;
}

function open(context: LoopContext): Loop {
  const parts = new Map<string, Part>();
  for (const kind of KINDS) {
    if (!kind.isCreatable || LEFT_OUT.includes(kind.kind)) continue;
    const cache = context.informers.cache(kind, { owner: (object) => ownersOf(object).map((owner) => owner.uid) });
    parts.set(partName(kind), { kind, cache });
  }
  return { context, parts };
}

async function reconcile(loop: Loop, key: string): Promise<void> {
  const [name = "", objectKey = ""] = key.split(" ");
  const part = loop.parts.get(name);
  const object = part?.cache.get(objectKey);
  if (part === undefined || object === undefined) return;
  await collect(loop, part, object);
  await releaseOwner(loop, part, object);
}

/** Nothing changed of what is looked at here: most changes are of a status. */
function isAsBefore({ metadata }: AnyObject, previous: AnyObject | undefined): boolean {
  if (previous === undefined) return false;
  const { uid, deletionTimestamp, ownerReferences, finalizers } = previous.metadata;
  return (
    uid === metadata.uid &&
    deletionTimestamp === metadata.deletionTimestamp &&
    isDeepStrictEqual(ownerReferences, metadata.ownerReferences) &&
    isDeepStrictEqual(finalizers, metadata.finalizers)
  );
}

/** The object itself, and on a change of an owner those that depend on it. */
function keysFor(loop: Loop, kind: Kind, object: AnyObject): string[] {
  const own = needsLook(object) ? [`${partName(kind)} ${keyOf(object)}`] : [];
  const owners = ownersOf(object).flatMap((owner) => ownerKey(loop, object, owner) ?? []);
  return [
    ...own,
    ...owners,
    ...dependentsOf(loop, object).map(({ part, dependent }) => `${partName(part.kind)} ${keyOf(dependent)}`),
  ];
}

/** Only an owner that is being deleted waits for its dependents. */
function ownerKey(loop: Loop, object: AnyObject, owner: OwnerReference): string | undefined {
  const part = partOf(loop, owner);
  const known = part && findOwner(part, { dependent: object, reference: owner });
  return part && known?.metadata.deletionTimestamp !== undefined ? `${partName(part.kind)} ${keyOf(known)}` : undefined;
}

function dependentsOf(loop: Loop, object: AnyObject): { part: Part; dependent: AnyObject }[] {
  const { uid } = object.metadata;
  if (uid === undefined) return [];
  return [...loop.parts.values()].flatMap((part) =>
    part.cache.by("owner", uid).map((dependent) => ({ part, dependent })),
  );
}

function partOf(loop: Loop, owner: OwnerReference): Part | undefined {
  return [...loop.parts.values()].find(({ kind }) => kind.apiVersion === owner.apiVersion && kind.kind === owner.kind);
}

function findOwner(part: Part, link: Link): AnyObject | undefined {
  const found = part.cache.get(ownerPath(part.kind, link));
  return found?.metadata.uid === link.reference.uid ? found : undefined;
}

async function collect(loop: Loop, { kind }: Part, object: AnyObject): Promise<void> {
  const references = ownersOf(object);
  if (references.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
  const owners = await Promise.all(references.map((reference) => stateOf(loop, { dependent: object, reference })));
  const step = planDependent(object, owners);
  const { uid = "", resourceVersion } = object.metadata;
  if (step.type === "delete") {
    loop.context.log.info("deleting a dependent", { kind: kind.kind, key: keyOf(object), reason: step.reason });
    // the very version that was judged: one that has another owner since is another (R22)
    const version = resourceVersion === undefined ? {} : { resourceVersion };
    return loop.context.client.delete(kind, splitKey(keyOf(object)), { uid, ...version });
  }
  if (step.type === "dropReferences") {
    const ownerReferences = references.filter((reference) => !step.uids.includes(reference.uid));
    await loop.context.client.patch(kind, splitKey(keyOf(object)), {
      metadata: { uid, resourceVersion, ownerReferences },
    });
  }
}

/** Absent only when a fresh read says so, because a cache may be behind (R1). A kind we do not serve counts as present. */
async function stateOf(loop: Loop, link: Link): Promise<Owner> {
  const { reference } = link;
  const part = partOf(loop, reference);
  if (part === undefined) return { reference, state: "present" };
  const known = findOwner(part, link) ?? (await readOwner(loop, part, link));
  if (known === undefined) return { reference, state: "absent" };
  const isForeground =
    known.metadata.deletionTimestamp !== undefined && (known.metadata.finalizers ?? []).includes(FOREGROUND_FINALIZER);
  return { reference, state: isForeground ? "deletingForeground" : "present" };
}

async function readOwner(loop: Loop, { kind }: Part, link: Link): Promise<AnyObject | undefined> {
  try {
    const found = await loop.context.client.get(kind, splitKey(ownerPath(kind, link)));
    return found.metadata.uid === link.reference.uid ? found : undefined;
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function releaseOwner(loop: Loop, { kind }: Part, owner: AnyObject): Promise<void> {
  const dependents = dependentsOf(loop, owner);
  const step = planOwner(
    owner,
    dependents.map(({ dependent }) => dependent),
  );
  if (step.type === "release")
    return removeFinalizer({ client: loop.context.client, kind, object: owner, finalizer: step.finalizer });
  if (step.type !== "orphan") return;
  for (const { part, dependent } of dependents) {
    const { uid, resourceVersion } = dependent.metadata;
    const ownerReferences = ownersOf(dependent).filter((reference) => reference.uid !== owner.metadata.uid);
    await loop.context.client.patch(part.kind, splitKey(keyOf(dependent)), {
      metadata: { uid, resourceVersion, ownerReferences },
    });
  }
  await removeFinalizer({ client: loop.context.client, kind, object: owner, finalizer: ORPHAN_FINALIZER });
}

function partName(kind: Kind): string {
  return `${kind.plural}.${kind.group}`;
}

function ownersOf(object: Pick<KubeObject, "metadata">): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

/** Owned objects, and deleted ones that wait for their dependents. */
function needsLook(object: AnyObject): boolean {
  const finalizers = object.metadata.finalizers ?? [];
  const isWaiting = finalizers.includes(FOREGROUND_FINALIZER) || finalizers.includes(ORPHAN_FINALIZER);
  return ownersOf(object).length > 0 || isWaiting;
}

/** An owner is in the namespace of its dependent, or cluster-scoped. */
function ownerPath(kind: Kind, { dependent, reference }: Link): string {
  return kind.scope === "Cluster" ? reference.name : `${dependent.metadata.namespace ?? ""}/${reference.name}`;
}
