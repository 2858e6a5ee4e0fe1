import type { KubeObject } from "../../api-types/meta/object.js";
import { isStatus } from "../../api-types/meta/status-error.js";
import type { ApiContext } from "../read/context.js";
import { type Resource, scopePrefix } from "../read/resource.js";
import { NAMESPACE_PREFIX } from "./namespace.js";

const RETRY_MS = 5000;

/** What the cleaner does to the world; both succeed when there is nothing to do. */
export interface CleanerActions {
  readonly remove: (resource: Resource, object: KubeObject) => Promise<unknown>;
  /** Lets go of the content of a namespace, which lets the namespace go. */
  readonly finalize: (namespace: string) => Promise<unknown>;
}

/** Empties namespaces that are being deleted, then lets them go. Several servers may do this at once. */
export function startNamespaceCleaner(context: ApiContext, actions: CleanerActions): { readonly close: () => void } {
  const { feed, clock, log } = context;
  const resources = context.resources.filter(
    ({ kind, view, isReadOnly }) => kind.scope === "Namespaced" && view === undefined && !isReadOnly,
  );
  const leaving = new Set<string>();
  const running = new Set<string>();
  const again = new Set<string>();
  let isClosed = false;

  function wake(namespace: string): void {
    if (isClosed) return;
    if (running.has(namespace)) {
      again.add(namespace);
      return;
    }
    running.add(namespace);
    again.delete(namespace);
    clean(namespace)
      .catch((error) => {
        log.warn("emptying a namespace failed", { namespace, error: String(error) });
        clock.schedule(RETRY_MS, () => wake(namespace));
      })
      .finally(() => {
        running.delete(namespace);
        if (again.has(namespace) && leaving.has(namespace)) wake(namespace);
      });
  }

  async function clean(namespace: string): Promise<void> {
    await feed.fresh();
    let left = 0;
    for (const resource of resources) {
      const objects = feed.cacheOf(resource.prefix).range(scopePrefix(resource.prefix, namespace));
      left += objects.length;
      for (const object of objects) {
        if (object.metadata.deletionTimestamp === undefined) await ignoringAbsence(actions.remove(resource, object));
      }
    }
    // what was just removed is reported by the watch, which wakes this again
    if (left === 0) await ignoringAbsence(actions.finalize(namespace));
  }

  function consider(namespace: KubeObject, isGone: boolean): void {
    const { name, deletionTimestamp } = namespace.metadata;
    if (isGone || deletionTimestamp === undefined) {
      leaving.delete(name);
      return;
    }
    leaving.add(name);
    wake(name);
  }

  function rescan(): void {
    for (const namespace of feed.cacheOf(NAMESPACE_PREFIX).range(NAMESPACE_PREFIX)) consider(namespace, false);
  }

  const stops = resources.map(({ prefix }) =>
    feed.cacheOf(prefix).listen({
      change({ type, object }) {
        const { namespace } = object.metadata;
        if (type === "DELETED" && namespace !== undefined && leaving.has(namespace)) wake(namespace);
      },
      reset: () => {},
    }),
  );
  const stopNamespaces = feed.cacheOf(NAMESPACE_PREFIX).listen({
    change: ({ type, object }) => consider(object, type === "DELETED"),
    reset: rescan,
  });
  rescan();
  return {
    close() {
      isClosed = true;
      for (const stop of [...stops, stopNamespaces]) stop();
    },
  };
}

async function ignoringAbsence(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
