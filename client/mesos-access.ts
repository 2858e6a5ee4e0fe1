import { Secret } from "../api-types/core/secret.js";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Rack } from "../api-types/rack.js";
import { SYSTEM_NAMESPACE } from "../api-types/well-known.js";
import type { TlsOptions } from "../platform/transport.js";
import type { Client } from "./client.js";
import { readOptional } from "./read-optional.js";

type Mesos = NonNullable<NonNullable<Rack["spec"]["compute"]>["mesos"]>;

/** What a Rack says of how Mesos knows us; the values are in Secrets of the system namespace. */
export type MesosSecrets = Pick<Mesos, "principal" | "credentialsSecretRef" | "tls">;

/** What is sent with every request to masters and agents. */
export interface MesosAccess {
  /** Value of the Authorization header. */
  readonly authorization?: string;
  readonly tls?: TlsOptions;
}

/** Reads credentials and certificates. Rejects naming the Secret or key that is missing, never a value. */
export async function readMesosAccess(
  client: Client,
  { principal, credentialsSecretRef, tls }: MesosSecrets,
): Promise<MesosAccess> {
  const secret = credentialsSecretRef && (await secretValue(client, credentialsSecretRef));
  if (secret !== undefined && principal === undefined) {
    throw new StatusError("Invalid", "spec.compute.mesos.credentialsSecretRef needs a principal");
  }
  return {
    ...(secret === undefined || principal === undefined
      ? {}
      : { authorization: basicAuthorization(principal, secret.trimEnd()) }),
    ...(tls === undefined ? {} : { tls: await readTls(client, tls) }),
  };
}

interface Reference {
  readonly name: string;
  readonly key: string;
}

/** The certificates that a specification names. Rejects as `secretValue` does. */
export async function readTls(client: Client, tls: NonNullable<Mesos["tls"]>): Promise<TlsOptions> {
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
  const object = `Secret ${SYSTEM_NAMESPACE}/${name}`;
  const secret = await readOptional(client, Secret, { namespace: SYSTEM_NAMESPACE, name });
  if (secret === undefined) throw new StatusError("NotFound", `${object} is not there`);
  const value = Object.hasOwn(secret.data ?? {}, key) ? secret.data?.[key] : undefined;
  if (value === undefined) throw new StatusError("NotFound", `${object} has no key ${key}`);
  return Buffer.from(value, "base64").toString("utf8");
}

/** HTTP's basic authentication, as a header has it. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

function given(name: keyof TlsOptions, value: string | undefined): TlsOptions {
  return value === undefined ? {} : { [name]: value };
}
