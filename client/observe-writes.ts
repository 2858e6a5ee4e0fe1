import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import type { ObjectMeta } from "../api-types/meta/object.js";
import type { Client, ObjectKey } from "./client.js";
import { readOptional } from "./read-optional.js";

/** Who wants to know what own writes led to, before the writer goes on. */
export interface WriteObserver {
  written<K extends Kind>(kind: K, object: ObjectOf<K>): void;
  /** The object of this key and uid is gone from the server. */
  deleted<K extends Kind>(kind: K, key: ObjectKey, uid: string | undefined): void;
  /** The uid under which the observer knows the object, when it cares. */
  knownUid<K extends Kind>(kind: K, key: ObjectKey): string | undefined;
}

/**
 * The same client, which tells an observer of every write that is not a dry run. A deletion of what the observer knows
 * is followed by a read, because finalizers may keep the object.
 */
export function observeWrites(client: Client, observer: WriteObserver): Client {
  const told = async <K extends Kind>(kind: K, isDryRun: boolean | undefined, write: Promise<ObjectOf<K>>) => {
    const object = await write;
    if (!isDryRun) tell(observer, kind, object);
    return object;
  };
  return {
    ...client,
    create: (kind, object, options) => told(kind, options?.isDryRun, client.create(kind, object, options)),
    update: (kind, object, options) => told(kind, options?.isDryRun, client.update(kind, object, options)),
    apply: (kind, object, options) => told(kind, options.isDryRun, client.apply(kind, object, options)),
    applyStatus: (kind, key, report) => told(kind, false, client.applyStatus(kind, key, report)),
    // biome-ignore lint/complexity/useMaxParams: the shape of Client, whose options are absent nearly everywhere
    async patch(kind, key, patch, options) {
      const answer = client.patch(kind, key, patch, options);
      // the scale subresource answers with a Scale, not with the object
      return options?.subresource === "scale" ? answer : told(kind, options?.isDryRun, answer);
    },
    async delete(kind, key, options) {
      const uid = observer.knownUid(kind, key);
      await client.delete(kind, key, options);
      if (options?.isDryRun || uid === undefined) return;
      const left = await readOptional(client, kind, key);
      if (left === undefined) observer.deleted(kind, key, uid);
      else tell(observer, kind, left);
    },
    withFence: (fence) => observeWrites(client.withFence(fence), observer),
  };
}

/** Whoever releases the last finalizer of a deleted object is answered with what is gone by then. */
function tell<K extends Kind>(observer: WriteObserver, kind: K, object: ObjectOf<K>): void {
  const { metadata } = object as { readonly metadata: ObjectMeta }; // every ObjectOf has it
  const { name, namespace, uid, deletionTimestamp, finalizers = [] } = metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) observer.written(kind, object);
  else observer.deleted(kind, { name, ...(namespace === undefined ? {} : { namespace }) }, uid);
}
