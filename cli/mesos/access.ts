import { Secret } from "../../api-types/core/secret.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Rack } from "../../api-types/rack.js";
import { SYSTEM_NAMESPACE } from "../../api-types/well-known.js";
import type { Client } from "../../client/client.js";
import { readOptional } from "../../client/read-optional.js";
import { basicAuthorization, type MesosAccess } from "../../drivers/compute/mesos/session/access.js";

/** How a rack's Mesos knows us, from the Secrets that the Rack names: masters and agents take the same. */
export async function mesosAccess(client: Client, rack: Rack): Promise<MesosAccess> {
  const mesos = rack.spec.compute?.mesos;
  if (mesos === undefined) throw new StatusError("BadRequest", `Rack ${rack.metadata.name} has no spec.compute.mesos`);
  const { principal, credentialsSecretRef, tls } = mesos;
  const read = (ref: Reference | undefined) => (ref === undefined ? undefined : secretValue(client, ref));
  const secret = await read(credentialsSecretRef);
  if (tls === undefined) return authorizationOf(principal, secret);
  const [ca, certificate, key] = [
    await read(tls.caSecretRef),
    await read(tls.certificateSecretRef),
    await read(tls.keySecretRef),
  ];
  return {
    ...authorizationOf(principal, secret),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    },
  };
}

interface Reference {
  readonly name: string;
  readonly key: string;
}

function authorizationOf(principal: string | undefined, secret: string | undefined): MesosAccess {
  if (principal === undefined || secret === undefined) return {};
  return { authorization: basicAuthorization(principal, secret.trimEnd()) };
}

async function secretValue(client: Client, { name, key }: Reference): Promise<string> {
  const secret = await readOptional(client, Secret, { namespace: SYSTEM_NAMESPACE, name });
  const value = secret?.data?.[key];
  if (value !== undefined) return Buffer.from(value, "base64").toString("utf8");
  const where = `Secret ${SYSTEM_NAMESPACE}/${name}`;
  throw new StatusError("NotFound", secret === undefined ? `${where} is missing` : `${where} has no key ${key}`);
}
