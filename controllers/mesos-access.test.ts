import { firstValueFrom, of, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Secret } from "../api-types/core/secret.js";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import type { ReflectEvent } from "../runtime/reflect.js";
import { changedNames$, type MesosSecrets, mesosAccess } from "./mesos-access.js";

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
  it("is read from the Secrets of the system namespace, once", async () => {
    const { client, reads } = clientOf({
      mesos: { secret: `${CANARY}\n` },
      tls: { "ca.crt": "CA", "tls.crt": "CRT", "tls.key": "KEY" },
    });
    const read = mesosAccess(client, ALL);
    expect(await read()).toEqual({
      authorization: `Basic ${Buffer.from(`rackwright:${CANARY}`).toString("base64")}`,
      tls: { ca: "CA", certificate: "CRT", key: "KEY", serverName: "mesos.rack" },
    });
    const count = reads.length;
    await read();
    expect(reads.length).toBe(count);
    expect(new Set(reads)).toEqual(new Set(["rackwright-system/mesos", "rackwright-system/tls"]));
  });

  it("may be TLS alone, with the authorities of the system", async () => {
    const { client } = clientOf({});
    const secrets = { principal: undefined, credentialsSecretRef: undefined, tls: {} };
    expect(await mesosAccess(client, secrets)()).toEqual({ tls: {} });
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
  ])("says which when %s, and no value", async (_name, secrets, wanted, message) => {
    const { client } = clientOf(secrets);
    const error = await mesosAccess(client, wanted)().catch((reason: unknown) => reason);
    expect(String(error)).toContain(message);
    expect(JSON.stringify(error) + String(error)).not.toContain(CANARY);
  });

  it("is read again after a failure", async () => {
    const { client, secrets } = clientOf({});
    const read = mesosAccess(client, { ...ALL, tls: undefined });
    await expect(read()).rejects.toThrow("is not there");
    secrets.mesos = { secret: "s" };
    expect(await read()).toHaveProperty("authorization");
  });
});

describe("changes of Secrets", () => {
  const secret = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } }) as Secret; // no more is read
  const synced = (...objects: Secret[]): ReflectEvent<Secret> => ({ type: "Synced", objects, resourceVersion: "1" });

  it.each<readonly [string, readonly ReflectEvent<Secret>[], readonly string[]]>([
    ["the first listing is none", [synced(secret("a", "1"))], []],
    ["a listing like the one before is none", [synced(secret("a", "1")), synced(secret("a", "1"))], []],
    ["a new value", [synced(secret("a", "1")), { type: "Applied", object: secret("a", "2") }], ["a"]],
    [
      "the same told twice",
      [synced(), { type: "Applied", object: secret("a", "2") }, { type: "Applied", object: secret("a", "2") }],
      ["a"],
    ],
    ["a new Secret", [synced(), { type: "Applied", object: secret("b", "2") }], ["b"]],
    ["a Secret that goes", [synced(secret("a", "1")), { type: "Deleted", object: secret("a", "3") }], ["a"]],
    ["what a later listing shows", [synced(secret("a", "1"), secret("b", "1")), synced(secret("a", "2"))], ["a", "b"]],
  ])("%s", async (_name, events, names) => {
    expect(await firstValueFrom(changedNames$(of(...events)).pipe(toArray()))).toEqual(names);
  });
});
