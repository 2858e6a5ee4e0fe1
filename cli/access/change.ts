import type { Kind, ObjectOf } from "../../api-types/meta/kind.js";
import { isStatus } from "../../api-types/meta/status-error.js";
import type { Session } from "./session.js";
import { keyOf, readTarget } from "./target.js";

export interface Change<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  /** The fields of `spec` to be changed, as a JSON merge patch, from the object as it is; undefined: nothing to do. */
  readonly specOf: (object: ObjectOf<K>) => unknown;
  readonly isDryRun?: boolean;
}

/** Somebody may write the object at the same time: it is read again so many times. */
const ATTEMPTS = 5;

/** Changes an object's spec by what it is now, and by nothing that was written in between; undefined: nothing to do. */
export async function changeSpec<K extends Kind>(
  session: Session,
  change: Change<K>,
): Promise<ObjectOf<K> | undefined> {
  const { kind, name } = change;
  for (let attempt = 1; ; attempt++) {
    const object = await readTarget(session, kind, name);
    const spec = change.specOf(object);
    if (spec === undefined) return undefined;
    // every ObjectOf has metadata
    const { resourceVersion } = (object as { readonly metadata: { readonly resourceVersion?: string } }).metadata;
    const options = { fieldManager: "rackctl", ...(change.isDryRun ? { isDryRun: true } : {}) };
    try {
      const key = keyOf(session, kind, name);
      return await session.client.patch(kind, key, { metadata: { resourceVersion }, spec }, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !isStatus(error, "Conflict")) throw error;
    }
  }
}
