import { describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { readServerAccess, recentAccess } from "./server-access.js";

const CANARY = "c4n4ry-value";

/** A client whose system namespace has the Secret `db` with this login. */
function clientOf(login: string) {
  const client = {
    async get(_kind: unknown, { name }: { readonly name: string }) {
      if (name !== "db") throw new StatusError("NotFound", `secrets "${name}" not found`);
      return { metadata: { name }, data: { login: Buffer.from(login).toString("base64") } };
    },
  };
  // only `get` is called
  return client as unknown as Client;
}

const reference = { name: "db", key: "login" };

describe("how a database knows us", () => {
  it("is by user and password; a password may hold colons", async () => {
    const access = await readServerAccess(clientOf(`root:${CANARY}:x\n`), {
      credentialsSecretRef: reference,
      tls: { serverName: "db.rack" },
    });
    expect(access).toEqual({
      authorization: `Basic ${Buffer.from(`root:${CANARY}:x`).toString("base64")}`,
      tls: { serverName: "db.rack" },
    });
  });

  it("is not at all where the Rack names nothing", async () => {
    expect(await readServerAccess(clientOf(""), { credentialsSecretRef: undefined, tls: undefined })).toEqual({});
  });

  it.each([
    ["has no colon", CANARY, reference, "Secret rackwright-system/db, key login: must have the form user:password"],
    [
      "has no user",
      `:${CANARY}`,
      reference,
      "Secret rackwright-system/db, key login: must have the form user:password",
    ],
    ["is not there", "", { name: "x", key: "login" }, "Secret rackwright-system/x is not there"],
    ["has no such key", "", { name: "db", key: "other" }, "Secret rackwright-system/db has no key other"],
  ])("is told without the value when the Secret %s", async (_what, login, credentialsSecretRef, message) => {
    const reading = readServerAccess(clientOf(login), { credentialsSecretRef, tls: undefined });
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.not.toThrow(CANARY);
  });
});

describe("recentAccess", () => {
  it("reads again after 30 s, and at once after a failure", async () => {
    const clock = virtualClock();
    const answers = ["a", undefined, "b", "c"].values();
    const access = recentAccess(async () => {
      const authorization = answers.next().value;
      if (authorization === undefined) throw new Error("away");
      return { authorization };
    }, clock);
    expect([await access(), await access()]).toEqual([{ authorization: "a" }, { authorization: "a" }]);
    await clock.advance(30_000);
    await expect(access()).rejects.toThrow("away");
    expect(await access()).toEqual({ authorization: "b" });
    await clock.advance(29_999);
    expect(await access()).toEqual({ authorization: "b" });
    await clock.advance(1);
    expect(await access()).toEqual({ authorization: "c" });
  });
});
