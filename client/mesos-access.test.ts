import { describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Client } from "./client.js";
import { type MesosSecrets, readMesosAccess } from "./mesos-access.js";

const CANARY = "c4n4ry-value";

/** A client that holds these Secrets of the system namespace, and counts what is read. */
function clientOf(secrets: Record<string, Record<string, string>>) {
  const reads: string[] = [];
  const client = {
    async get(_kind: unknown, { namespace, name }: { namespace?: string; name: string }) {
      reads.push(`${namespace}/${name}`);
      const data = secrets[name];
      if (data === undefined) throw new StatusError("NotFound", `secrets "${name}" not found`);
      const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
      return { metadata: { name }, data: Object.fromEntries(entries) };
    },
  };
  // only `get` is called
  return { client: client as unknown as Client, reads, secrets };
}

const ALL: MesosSecrets = {
  principal: "rackwright",
  credentialsSecretRef: { name: "mesos", key: "secret" },
  tls: {
    caSecretRef: { name: "tls", key: "ca.crt" },
    certificateSecretRef: { name: "tls", key: "tls.crt" },
    keySecretRef: { name: "tls", key: "tls.key" },
    serverName: "mesos.rack",
  },
};

describe("how Mesos knows us", () => {
  it("is read from the Secrets of the system namespace", async () => {
    const { client, reads } = clientOf({
      mesos: { secret: `${CANARY}\n` },
      tls: { "ca.crt": "CA", "tls.crt": "CRT", "tls.key": "KEY" },
    });
    expect(await readMesosAccess(client, ALL)).toEqual({
      authorization: `Basic ${Buffer.from(`rackwright:${CANARY}`).toString("base64")}`,
      tls: { ca: "CA", certificate: "CRT", key: "KEY", serverName: "mesos.rack" },
    });
    expect(new Set(reads)).toEqual(new Set(["rackwright-system/mesos", "rackwright-system/tls"]));
  });

  it("may be TLS alone, with the authorities of the system", async () => {
    const { client } = clientOf({});
    const secrets = { principal: undefined, credentialsSecretRef: undefined, tls: {} };
    expect(await readMesosAccess(client, secrets)).toEqual({ tls: {} });
  });

  it.each([
    ["a Secret is missing", {}, ALL, "Secret rackwright-system/mesos is not there"],
    [
      "a key is missing",
      { mesos: { constructor: "x", other: CANARY } },
      ALL,
      "Secret rackwright-system/mesos has no key secret",
    ],
    [
      "the principal is missing",
      { mesos: { secret: CANARY } },
      { ...ALL, principal: undefined },
      "credentialsSecretRef needs a principal",
    ],
  ])("says which when %s, and no value", async (...[, secrets, wanted, message]) => {
    const { client } = clientOf(secrets);
    const error = await readMesosAccess(client, wanted).catch((reason: unknown) => reason);
    expect(String(error)).toContain(message);
    expect(JSON.stringify(error) + String(error)).not.toContain(CANARY);
  });
});
