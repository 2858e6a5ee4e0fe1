import { StatusError } from "../api-types/meta/status-error.js";
import type { MetricSource } from "../api-types/rack.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";
import { basicAuthorization, type MesosAccess, readTls, secretValue } from "../client/mesos-access.js";
import type { Clock } from "../platform/clock.js";

/** What a Rack says of how a server knows us, and we it; the values are in Secrets of the system namespace. */
export type ServerSecrets = Pick<NonNullable<MetricSource["influxdb"]>, "credentialsSecretRef" | "tls">;

/** What is sent with every request to a server. */
export type ServerAccess = MesosAccess;

/** Reads certificates, and credentials of the form `user:password`. Rejects naming what is missing, never a value. */
export async function readServerAccess(
  client: Client,
  { credentialsSecretRef, tls }: ServerSecrets,
): Promise<ServerAccess> {
  const login = credentialsSecretRef && (await secretValue(client, credentialsSecretRef)).trimEnd();
  const at = login?.indexOf(":") ?? -1;
  if (login !== undefined && at < 1) {
    const { name, key } = credentialsSecretRef ?? {};
    throw new StatusError(
      "Invalid",
      `Secret ${SYSTEM_NAMESPACE}/${name}, key ${key}: must have the form user:password`,
    );
  }
  return {
    ...(login === undefined ? {} : { authorization: basicAuthorization(login.slice(0, at), login.slice(at + 1)) }),
    ...(tls === undefined ? {} : { tls: await readTls(client, tls) }),
  };
}

/** How long credentials are used before their Secrets are read again: so soon a changed one is followed. */
const KEEP_MS = 30_000;

/** Reads credentials and certificates at most every 30 s, and again after a failure. Rejects as `read` does. */
export function recentAccess(
  read: () => Promise<ServerAccess>,
  clock: Pick<Clock, "monotonic">,
): () => Promise<ServerAccess> {
  let known: { readonly at: number; readonly access: Promise<ServerAccess> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (known !== undefined && now - known.at < KEEP_MS) return known.access;
    const next = { at: now, access: read() };
    next.access.catch(() => {
      if (known === next) known = undefined;
    });
    known = next;
    return next.access;
  };
}
