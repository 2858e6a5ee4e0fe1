import { defer, mergeMap, type Observable } from "rxjs";
import { Secret } from "../api-types/core/secret.js";
import { isStatus, StatusError } from "../api-types/meta/status-error.js";
import type { Rack } from "../api-types/rack.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";
import type { TlsOptions } from "../platform/transport.js";
import { type ReflectEvent, type ReflectOptions, reflect } from "../runtime/reflect.js";
import type { Connections } from "./connections.js";

type Mesos = NonNullable<NonNullable<Rack["spec"]["compute"]>["mesos"]>;

/** What a Rack says of how Mesos knows us; the values are in Secrets of the system namespace. */
export type MesosSecrets = Pick<Mesos, "principal" | "credentialsSecretRef" | "tls">;

/** What is sent with every request. */
export interface MesosAccess {
  readonly authorization?: string;
  readonly tls?: TlsOptions;
}

/**
 * Reads credentials and certificates once, and again after a failure. Rejects naming the Secret or key that is missing,
 * never a value.
 */
export function mesosAccess(client: Client, secrets: MesosSecrets): () => Promise<MesosAccess> {
  let known: Promise<MesosAccess> | undefined;
  return () => {
    known ??= readAccess(client, secrets).catch((error: unknown) => {
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

async function readAccess(
  client: Client,
  { principal, credentialsSecretRef, tls }: MesosSecrets,
): Promise<MesosAccess> {
  const read = (reference: Reference | undefined) =>
    reference === undefined ? undefined : secretValue(client, reference);
  const secret = await read(credentialsSecretRef);
  if (secret !== undefined && principal === undefined) {
    throw new StatusError("Invalid", "spec.compute.mesos.credentialsSecretRef needs a principal");
  }
  const authorization = secret === undefined ? undefined : basic(`${principal}:${secret.trimEnd()}`);
  const options: TlsOptions | undefined = tls && {
    ...given("ca", await read(tls.caSecretRef)),
    ...given("certificate", await read(tls.certificateSecretRef)),
    ...given("key", await read(tls.keySecretRef)),
    ...given("serverName", tls.serverName),
  };
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(options === undefined ? {} : { tls: options }),
  };
}

/** HTTP's basic authentication. */
function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
}

interface Reference {
  readonly name: string;
  readonly key: string;
}

function given(name: keyof TlsOptions, value: string | undefined): TlsOptions {
  return value === undefined ? {} : { [name]: value };
}

async function secretValue(client: Client, { name, key }: Reference): Promise<string> {
  const object = `Secret ${SYSTEM_NAMESPACE}/${name}`;
  const secret = await client.get(Secret, { namespace: SYSTEM_NAMESPACE, name }).catch((error: unknown) => {
    throw isStatus(error, "NotFound") ? new StatusError("NotFound", `${object} is not there`) : error;
  });
  const value = Object.hasOwn(secret.data ?? {}, key) ? secret.data?.[key] : undefined;
  if (value === undefined) throw new StatusError("NotFound", `${object} has no key ${key}`);
  return Buffer.from(value, "base64").toString("utf8");
}
