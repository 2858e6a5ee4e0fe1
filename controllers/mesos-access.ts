import { defer, mergeMap, type Observable } from "rxjs";
import { Secret } from "../api-types/core/secret.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";
import { type MesosAccess, type MesosSecrets, readMesosAccess } from "../client/mesos-access.js";
import { type ReflectEvent, type ReflectOptions, reflect } from "../runtime/reflect.js";
import type { Connections } from "./connections.js";

/** Reads credentials and certificates once, and again after a failure. Rejects naming what is missing, never a value. */
export function mesosAccess(client: Client, secrets: MesosSecrets): () => Promise<MesosAccess> {
  let known: Promise<MesosAccess> | undefined;
  return () => {
    known ??= readMesosAccess(client, secrets).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/** The names of the Secrets that these connections rest on. */
export function secretNames({ compute }: Connections): ReadonlySet<string> {
  const { credentialsSecretRef, tls } = compute?.secrets ?? {};
  const references = [credentialsSecretRef, tls?.caSecretRef, tls?.certificateSecretRef, tls?.keySecretRef];
  return new Set(references.flatMap((reference) => (reference === undefined ? [] : [reference.name])));
}

/** Names of the Secrets of the system namespace as they change. Never completes, never errors, does not replay. */
export function secretChanges$(tools: Omit<ReflectOptions<typeof Secret>, "kind" | "namespace">): Observable<string> {
  return changedNames$(reflect({ ...tools, kind: Secret, namespace: SYSTEM_NAMESPACE }));
}

/** Emits the name of each Secret that changed after the first listing. As `events$` it completes, errors and replays. */
export function changedNames$(events$: Observable<ReflectEvent<Secret>>): Observable<string> {
  return defer(() => {
    let known: Versions | undefined;
    return events$.pipe(
      mergeMap((event) => {
        const before = known;
        known = versionsAfter(event, before ?? new Map());
        return before === undefined ? [] : differing(before, known);
      }),
    );
  });
}

/** Resource versions by name. */
type Versions = ReadonlyMap<string, string | undefined>;

function versionsAfter(event: ReflectEvent<Secret>, before: Versions): Versions {
  switch (event.type) {
    case "Synced":
      return new Map(event.objects.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
    case "Applied":
      return new Map([...before, [event.object.metadata.name, event.object.metadata.resourceVersion]]);
    case "Deleted":
      return new Map([...before].filter(([name]) => name !== event.object.metadata.name));
    default:
      return event satisfies never;
  }
}

function differing(before: Versions, after: Versions): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}
