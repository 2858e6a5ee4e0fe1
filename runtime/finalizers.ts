import { keyOf } from "../api-types/life.js";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import type { ObjectMeta } from "../api-types/meta/object.js";
import { isStatus } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import { splitKey } from "./cache.js";

/** Which finalizer of which object; `object` is the newest known state. */
export interface FinalizerChange<K extends Kind> {
  readonly client: Client;
  readonly kind: K;
  readonly object: ObjectOf<K>;
  readonly finalizer: string;
}

/** Stores the finalizer, by compare-and-set; writes nothing when it is there. Before the first outside effect. */
export async function addFinalizer<K extends Kind>(change: FinalizerChange<K>): Promise<ObjectOf<K>> {
  const finalizers = metadataOf(change).finalizers ?? [];
  if (finalizers.includes(change.finalizer)) return change.object;
  return store(change, [...finalizers, change.finalizer]);
}

/** Releases the finalizer, by compare-and-set; writes nothing when it, or the object, is gone. */
export async function removeFinalizer<K extends Kind>(change: FinalizerChange<K>): Promise<void> {
  const finalizers = metadataOf(change).finalizers ?? [];
  if (!finalizers.includes(change.finalizer)) return;
  try {
    await store(
      change,
      finalizers.filter((other) => other !== change.finalizer),
    );
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

function store<K extends Kind>(change: FinalizerChange<K>, finalizers: readonly string[]): Promise<ObjectOf<K>> {
  const { uid, resourceVersion } = metadataOf(change);
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  return change.client.patch(change.kind, splitKey(keyOf({ metadata: metadataOf(change) })), patch);
}

function metadataOf<K extends Kind>(change: FinalizerChange<K>): ObjectMeta {
  return (change.object as { readonly metadata: ObjectMeta }).metadata; // every ObjectOf has it
}
