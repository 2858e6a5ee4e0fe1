import { describe, expect, it } from "vitest";
import { group, rack } from "../../controllers/testing/objects.js";
import type { HttpHandler, HttpRequest } from "../../platform/transport.js";
import { TransportError } from "../../platform/transport.js";
import { masterOf } from "../mesos/master.js";
import { type Loss, requireConsent } from "./teardown.js";

const loss = (active: Loss["active"] = []): Loss => ({
  frameworkName: "torc",
  frameworkID: "f-1",
  running: [],
  active,
});

describe("tearing a framework down", () => {
  it.each([
    ["without a confirmation", loss(), {}, "is not torn down: confirm with --yes-i-know torc"],
    ["with another name", loss(), { yesIKnow: "tor" }, "confirm with --yes-i-know torc (not tor)"],
    [
      "while groups are meant to run",
      loss([group()]),
      { yesIKnow: "torc" },
      "default/shop are meant to run; suspend or delete them first",
    ],
  ])("is refused %s", (...[, lost, flags, message]) => {
    expect(() => requireConsent(rack(), lost, flags)).toThrow(message);
  });

  it.each([
    ["nothing is meant to run", loss(), { yesIKnow: "torc" }],
    ["it is forced", loss([group()]), { yesIKnow: "torc", force: true }],
  ])("is done when %s", (...[, lost, flags]) => expect(() => requireConsent(rack(), lost, flags)).not.toThrow());
});

describe("asking the master", () => {
  const masters = ["http://a:5050", "http://b:5050/"];
  const ofRack = rack({ compute: { mesos: { masters } } });
  const options = { rack: ofRack, kubeconfig: "/x/kubeconfig", address: undefined };
  const seen: string[] = [];
  const answers =
    (table: Readonly<Record<string, { status: number; location?: string; body?: string } | undefined>>): HttpHandler =>
    async ({ method, url, body }: HttpRequest) => {
      seen.push(`${method} ${url} ${body === undefined ? "" : Buffer.from(body)}`.trim());
      const answer = table[new URL(url).host];
      if (answer === undefined) throw new TransportError("ECONNREFUSED", { isSent: false });
      const headers: Record<string, string> = answer.location === undefined ? {} : { location: answer.location };
      return { status: answer.status, headers, body: Buffer.from(answer.body ?? "") };
    };

  it("passes over one that is away, and follows the one that does not lead", async () => {
    const transport = answers({
      "b:5050": { status: 307, location: "//c:5050/master/teardown" },
      "c:5050": { status: 200 },
    });
    await masterOf({ ...options, transport }).post("/master/teardown", {
      type: "form",
      fields: { frameworkId: "f 1" },
    });
    expect(seen.splice(0)).toEqual([
      "POST http://a:5050/master/teardown frameworkId=f+1",
      "POST http://b:5050/master/teardown frameworkId=f+1",
      "POST http://c:5050/master/teardown frameworkId=f+1",
    ]);
  });

  it("asks nobody else after a refusal", async () => {
    const transport = answers({ "a:5050": { status: 400, body: "No framework found with specified ID" } });
    const asking = masterOf({ ...options, transport }).post("/master/teardown", { type: "form", fields: {} });
    await expect(asking).rejects.toThrow("POST http://a:5050/master/teardown: No framework found with specified ID");
    expect(seen.splice(0)).toHaveLength(1);
  });

  it("says what to do where ZooKeeper knows the masters, and what is wrong where nobody answers", async () => {
    const zookeeper = rack({ compute: { mesos: { masters: ["zk://z:2181/mesos"] } } });
    expect(() => masterOf({ ...options, rack: zookeeper, transport: answers({}) })).toThrow(
      "--master http://HOST:5050",
    );
    await expect(
      masterOf({ ...options, transport: answers({}) }).post("/api/v1", { type: "call", call: {} }),
    ).rejects.toThrow("asking the Mesos master of Rack rack: ECONNREFUSED; ECONNREFUSED");
  });
});
