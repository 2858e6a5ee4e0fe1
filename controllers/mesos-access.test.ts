import { firstValueFrom, of, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import type { Secret } from "../api-types/core/secret.js";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import type { ReflectEvent } from "../runtime/reflect.js";
import { changedNames$, mesosAccess } from "./mesos-access.js";

/** A client that holds these Secrets' single values by name, and counts what is read. */
function clientOf(values: Record<string, string>) {
  const reads: string[] = [];
  const client = {
    async get(_kind: unknown, { name }: { name: string }) {
      reads.push(name);
      const value = values[name];
      if (value === undefined) throw new StatusError("NotFound", `secrets "${name}" not found`);
      return { metadata: { name }, data: { secret: Buffer.from(value).toString("base64") } };
    },
  };
  // only `get` is called
  return { client: client as unknown as Client, reads, values };
}

const SECRETS = { principal: "rackwright", credentialsSecretRef: { name: "mesos", key: "secret" } };

describe("how Mesos knows us", () => {
  it("is read once", async () => {
    const { client, reads } = clientOf({ mesos: "s" });
    const read = mesosAccess(client, SECRETS);
    expect(await read()).toHaveProperty("authorization");
    await read();
    expect(reads).toEqual(["mesos"]);
  });

  it("is read again after a failure", async () => {
    const { client, values } = clientOf({});
    const read = mesosAccess(client, SECRETS);
    await expect(read()).rejects.toThrow("is not there");
    values.mesos = "s";
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
