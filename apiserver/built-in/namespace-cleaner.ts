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
  const { feed } = context;
  const resources = context.resources.filter(
    ({ kind, view, isReadOnly }) => kind.scope === "Namespaced" && view === undefined && !isReadOnly,
  );
  const cleaner: Cleaner = {
    context,
    actions,
    resources,
    leaving: new Set(),
    running: new Set(),
    again: new Set(),
    isClosed: false,
  };
  const stopNamespaces = feed.cacheOf(NAMESPACE_PREFIX).listen({
    change: ({ type, object }) => consider(cleaner, object, type === "DELETED"),
    reset: () => rescan(cleaner),
  });
  const stops = [...listenToContent(cleaner), stopNamespaces];
  rescan(cleaner);
  return {
    close() {
      cleaner.isClosed = true;
      for (const stop of stops) stop();
    },
  };
}

interface Cleaner {
  readonly context: ApiContext;
  readonly actions: CleanerActions;
  /** What can stand in a namespace. */
  readonly resources: readonly Resource[];
  /** Namespaces that are being deleted. */
  readonly leaving: Set<string>;
  /** Namespaces that are being emptied at this moment. */
  readonly running: Set<string>;
  /** Of these the ones that changed meanwhile. */
  readonly again: Set<string>;
  isClosed: boolean;
}

/** Whatever goes from a namespace that is being deleted may have been its last. */
function listenToContent(cleaner: Cleaner): readonly (() => void)[] {
  return cleaner.resources.map(({ prefix }) =>
    cleaner.context.feed.cacheOf(prefix).listen({
      change({ type, object }) {
        const { namespace } = object.metadata;
        if (type === "DELETED" && namespace !== undefined && cleaner.leaving.has(namespace)) wake(cleaner, namespace);
      },
      reset: () => {},
    }),
  );
}

function rescan(cleaner: Cleaner): void {
  const namespaces = cleaner.context.feed.cacheOf(NAMESPACE_PREFIX).range(NAMESPACE_PREFIX);
  for (const namespace of namespaces) consider(cleaner, namespace, false);
}

function consider(cleaner: Cleaner, namespace: KubeObject, isGone: boolean): void {
  const { name, deletionTimestamp } = namespace.metadata;
  if (isGone || deletionTimestamp === undefined) {
    cleaner.leaving.delete(name);
    return;
  }
  cleaner.leaving.add(name);
  wake(cleaner, name);
}

function wake(cleaner: Cleaner, namespace: string): void {
  const { context, leaving, running, again } = cleaner;
  if (cleaner.isClosed) return;
  if (running.has(namespace)) {
    again.add(namespace);
    return;
  }
  running.add(namespace);
  again.delete(namespace);
  clean(cleaner, namespace)
    .catch((error) => {
      context.log.warn("emptying a namespace failed", { namespace, error: String(error) });
      context.clock.schedule(RETRY_MS, () => wake(cleaner, namespace));
    })
    .finally(() => {
      running.delete(namespace);
      if (again.has(namespace) && leaving.has(namespace)) wake(cleaner, namespace);
    });
}

async function clean({ context, actions, resources }: Cleaner, namespace: string): Promise<void> {
  await context.feed.fresh();
  let left = 0;
  for (const resource of resources) {
    const objects = context.feed.cacheOf(resource.prefix).range(scopePrefix(resource.prefix, namespace));
    left += objects.length;
    for (const object of objects) {
      if (object.metadata.deletionTimestamp === undefined) await ignoringAbsence(actions.remove(resource, object));
    }
  }
  // what was just removed is reported by the watch, which wakes this again
  if (left === 0) await ignoringAbsence(actions.finalize(namespace));
}

async function ignoringAbsence(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}
