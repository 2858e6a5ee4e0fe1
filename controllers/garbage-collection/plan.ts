import type { KubeObject, OwnerReference } from "../../api-types/meta/object.js";

/** Finalizers by which a deletion asks what becomes of dependents (Kubernetes' propagation policies). */
export const FOREGROUND_FINALIZER = "foregroundDeletion";
export const ORPHAN_FINALIZER = "orphan";

/** What is known of an owner: `absent` only after a fresh read said so, or found another uid under the name. */
export type OwnerState = "present" | "absent" | "deletingForeground";

export interface Owner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

export type CollectStep =
  | { readonly type: "keep" }
  | { readonly type: "delete"; readonly reason: string }
  /** Some owners are gone: their references go too. */
  | { readonly type: "dropReferences"; readonly uids: readonly string[] };

/** What becomes of a dependent: deleted when every owner is gone, or when an owner is being deleted in the foreground. */
export function planDependent(object: Pick<KubeObject, "metadata">, owners: readonly Owner[]): CollectStep {
  if (object.metadata.deletionTimestamp !== undefined || owners.length === 0) return { type: "keep" };
  const gone = owners.filter((owner) => owner.state === "absent");
  const rest = owners.filter((owner) => owner.state !== "absent");
  if (rest.length === 0) return { type: "delete", reason: `its owner ${nameOf(gone[0])} is gone` };
  if (rest.every((owner) => owner.state === "deletingForeground")) {
    return { type: "delete", reason: `its owner ${nameOf(rest[0])} is deleted in the foreground` };
  }
  return gone.length === 0
    ? { type: "keep" }
    : { type: "dropReferences", uids: gone.map((owner) => owner.reference.uid) };
}

function nameOf(owner: Owner | undefined): string {
  return owner === undefined ? "" : `${owner.reference.kind} ${owner.reference.name}`;
}

/** What a deleted owner waits for. */
export type OwnerStep =
  | { readonly type: "wait" }
  | { readonly type: "release"; readonly finalizer: string }
  /** Orphan: dependents lose their reference first. */
  | { readonly type: "orphan" };

/** Releases the propagation finalizers of a deleted owner once its dependents are dealt with. */
export function planOwner(
  owner: Pick<KubeObject, "metadata">,
  dependents: readonly Pick<KubeObject, "metadata">[],
): OwnerStep {
  const finalizers = owner.metadata.finalizers ?? [];
  if (owner.metadata.deletionTimestamp === undefined) return { type: "wait" };
  if (finalizers.includes(ORPHAN_FINALIZER)) {
    return dependents.length > 0 ? { type: "orphan" } : { type: "release", finalizer: ORPHAN_FINALIZER };
  }
  if (!finalizers.includes(FOREGROUND_FINALIZER)) return { type: "wait" };
  const isBlocked = dependents.some((dependent) =>
    (dependent.metadata.ownerReferences ?? []).some(
      (reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true,
    ),
  );
  return isBlocked ? { type: "wait" } : { type: "release", finalizer: FOREGROUND_FINALIZER };
}
