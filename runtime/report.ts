import { keyOf } from "../api-types/life.js";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import type { ObjectMeta } from "../api-types/meta/object.js";
import { isApplied } from "../client/apply-diff.js";
import type { Client } from "../client/client.js";
import type { Cache } from "./cache.js";

export interface ReportOptions<K extends Kind> {
  readonly client: Client;
  /** Where the newest known state is read; unset: `object` itself is compared. */
  readonly cache?: Cache<ObjectOf<K>>;
  readonly kind: K;
  readonly object: ObjectOf<K>;
  /** Exactly the fields that this loop owns; what it owned before and leaves out now is removed. */
  readonly status: unknown;
  /** The loop's name. */
  readonly manager: string;
}

/** Writes a loop's own status fields when they differ from what the object has; tells whether it wrote. */
export async function reportStatus<K extends Kind>(options: ReportOptions<K>): Promise<boolean> {
  const { client, cache, kind, status, manager } = options;
  const given = options.object as Reported; // every ObjectOf has metadata; status is compared as data
  const known = cache?.get(keyOf(given)) as Reported | undefined; // as above
  const object = known !== undefined && known.metadata.uid === given.metadata.uid ? known : given;
  if (isApplied(kind, { object, status, manager })) return false;
  const { namespace, name, uid } = object.metadata;
  const key = { name, ...(namespace === undefined ? {} : { namespace }) };
  await client.applyStatus(kind, key, { status, fieldManager: manager, ...(uid === undefined ? {} : { uid }) });
  return true;
}

interface Reported {
  readonly metadata: ObjectMeta;
  readonly status?: unknown;
}
