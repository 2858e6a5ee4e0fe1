import { Secret } from "../api-types/core/secret.js";
import { StatusError } from "../api-types/meta/status-error.js";
import type { MetricSource } from "../api-types/rack.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { TlsOptions } from "../platform/transport.js";
import type { Client } from "./client.js";
import { readOptional } from "./read-optional.js";

/** What is sent with every request to a server. */
export interface ServerAccess {
  /** Value of the Authorization header. */
  readonly authorization?: string;
  readonly tls?: TlsOptions;
}

type Influxdb = NonNullable<MetricSource["influxdb"]>;

/** What a back end says of how it knows us, and we it; the values are in Secrets of the system namespace. */
export type ServerSecrets = Pick<Influxdb, "credentialsSecretRef" | "tls">;

interface Reference {
  readonly name: string;
  readonly key: string;
}

/** Reads certificates, and credentials of the form `user:password`. Rejects naming what is missing, never a value. */
export async function readServerAccess(
  client: Client,
  { credentialsSecretRef, tls }: ServerSecrets,
): Promise<ServerAccess> {
  return {
    ...(credentialsSecretRef === undefined ? {} : await readLogin(client, credentialsSecretRef)),
    ...(tls === undefined ? {} : { tls: await readTls(client, tls) }),
  };
}

async function readLogin(client: Client, reference: Reference): Promise<ServerAccess> {
  const login = (await secretValue(client, reference)).trimEnd();
  const at = login.indexOf(":");
  if (at > 0) return basicAuthorization(login.slice(0, at), login.slice(at + 1));
  throw new StatusError("Invalid", `${nameOf(reference)}, key ${reference.key}: must have the form user:password`);
}

/** The certificates that a specification names. Rejects as `secretValue` does. */
export async function readTls(client: Client, tls: NonNullable<Influxdb["tls"]>): Promise<TlsOptions> {
  const read = async (reference: Reference | undefined) =>
    reference === undefined ? undefined : secretValue(client, reference);
  return {
    ...given("ca", await read(tls.caSecretRef)),
    ...given("certificate", await read(tls.certificateSecretRef)),
    ...given("key", await read(tls.keySecretRef)),
    ...given("serverName", tls.serverName),
  };
}

/** One value of a Secret of the system namespace. Rejects naming the Secret or key that is missing. */
export async function secretValue(client: Client, { name, key }: Reference): Promise<string> {
  const secret = await readOptional(client, Secret, { namespace: SYSTEM_NAMESPACE, name });
  if (secret === undefined) throw new StatusError("NotFound", `${nameOf({ name })} is not there`);
  const value = Object.hasOwn(secret.data ?? {}, key) ? secret.data?.[key] : undefined;
  if (value === undefined) throw new StatusError("NotFound", `${nameOf({ name })} has no key ${key}`);
  return Buffer.from(value, "base64").toString("utf8");
}

/** HTTP's basic authentication. */
export function basicAuthorization(user: string, password: string): ServerAccess {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}` };
}

function nameOf({ name }: Pick<Reference, "name">): string {
  return `Secret ${SYSTEM_NAMESPACE}/${name}`;
}

function given(name: keyof TlsOptions, value: string | undefined): TlsOptions {
  return value === undefined ? {} : { [name]: value };
}
