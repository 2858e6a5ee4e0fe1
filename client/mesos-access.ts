import { StatusError } from "../api-types/meta/status-error.js";
import type { Rack } from "../api-types/rack.js";
import type { Client } from "./client.js";
import { basicAuthorization, readTls, type ServerAccess, secretValue } from "./server-access.js";

type Mesos = NonNullable<NonNullable<Rack["spec"]["compute"]>["mesos"]>;

/** What a Rack says of how Mesos knows us; the values are in Secrets of the system namespace. */
export type MesosSecrets = Pick<Mesos, "principal" | "credentialsSecretRef" | "tls">;

/** What is sent with every request to masters and agents. */
export type MesosAccess = ServerAccess;

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
    ...(secret === undefined || principal === undefined ? {} : basicAuthorization(principal, secret.trimEnd())),
    ...(tls === undefined ? {} : { tls: await readTls(client, tls) }),
  };
}
