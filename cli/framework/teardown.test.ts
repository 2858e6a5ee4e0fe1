import { describe, expect, it } from "vitest";
import { group, rack } from "../../controllers/testing/objects.js";
import type { MesosAccess } from "../../drivers/compute/mesos/session/access.js";
import { type FakeEnsemble, fakeEnsemble } from "../../drivers/compute/mesos/zookeeper/harness.js";
import { seededRandom } from "../../platform/random.js";
import type { HttpHandler, HttpRequest } from "../../platform/transport.js";
import { TransportError } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
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
  const options = {
    rack: ofRack,
    kubeconfig: "/x/kubeconfig",
    address: undefined,
    access: async () => ({}),
    clock: virtualClock(),
    random: seededRandom(1),
  };
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

  it.each([
    ["our credentials", "//c:5050/master/teardown", "our credentials do not go there"],
    ["https", "http://b:5050/master/teardown", "which is not https"],
  ])("takes %s to nobody that the Rack does not name", async (_, location, says) => {
    const transport = answers({ "a:5050": { status: 307, location }, "c:5050": { status: 200 } });
    const address = "https://a:5050";
    const access = async () => ({ authorization: "Basic c2VjcmV0" });
    const asking = masterOf({ ...options, address, access, transport }).post("/master/teardown", {
      type: "form",
      fields: {},
    });
    await expect(asking).rejects.toThrow(says);
    expect(seen.splice(0)).toEqual(["POST https://a:5050/master/teardown"]);
  });

  it("asks nobody else after a refusal", async () => {
    const transport = answers({ "a:5050": { status: 400, body: "No framework found with specified ID" } });
    const asking = masterOf({ ...options, transport }).post("/master/teardown", { type: "form", fields: {} });
    await expect(asking).rejects.toThrow("POST http://a:5050/master/teardown: No framework found with specified ID");
    expect(seen.splice(0)).toHaveLength(1);
  });

  it("says what is wrong where nobody answers", async () => {
    await expect(
      masterOf({ ...options, transport: answers({}) }).post("/api/v1", { type: "call", call: {} }),
    ).rejects.toThrow("asking the Mesos master of Rack rack: ECONNREFUSED; ECONNREFUSED");
    seen.splice(0);
  });
});

describe("a master that ZooKeeper knows", () => {
  const ofRack = rack({ compute: { mesos: { masters: ["zk://z1:2181,z2:2181/mesos"] } } });
  const call = { type: "call", call: { type: "GET_TASKS" } } as const;

  /** Asks the master of the rack, with time that passes until there is an answer. */
  async function asked(ensemble: FakeEnsemble, access: MesosAccess = {}): Promise<{ answer: string; urls: string[] }> {
    const clock = virtualClock();
    const urls: string[] = [];
    const transport: HttpHandler = async ({ url }) => {
      urls.push(url);
      return { status: 200, headers: {}, body: Buffer.from("{}") };
    };
    const around = { transport, access: async () => access, clock, random: seededRandom(1), connect: ensemble.connect };
    const master = masterOf({ rack: ofRack, kubeconfig: "/x/kubeconfig", address: undefined, ...around });
    const posting = master.post("/api/v1", call).catch((error: unknown) => String(error));
    await clock.advance(15_000);
    return { answer: await posting, urls };
  }

  function ensembleWith(nodes: Readonly<Record<string, object>>): FakeEnsemble {
    const ensemble = fakeEnsemble();
    ensemble.set("/mesos", "");
    for (const [name, info] of Object.entries(nodes)) ensemble.set(`/mesos/${name}`, JSON.stringify(info));
    return ensemble;
  }

  const leader = { address: { hostname: "m2.rack", ip: "10.0.0.2", port: 5050 } };
  const other = { address: { hostname: "m1.rack", ip: "10.0.0.1", port: 5050 } };
  const nodes = { "json.info_0000000007": other, "json.info_0000000003": leader };

  it("is the one that leads", async () => {
    const ensemble = ensembleWith(nodes);
    ensemble.down.add("z1");
    expect(await asked(ensemble)).toEqual({ answer: "{}", urls: ["http://10.0.0.2:5050/api/v1"] });
  });

  it("is asked by the name that its certificate has, where the Rack has TLS", async () => {
    expect((await asked(ensembleWith(nodes), { tls: { ca: "CA" } })).urls).toEqual(["https://m2.rack:5050/api/v1"]);
  });

  it("is missed with the reason where none leads, and where ZooKeeper is away", async () => {
    const nobody = "finding the Mesos master of Rack rack: no master is registered in ZooKeeper below /mesos";
    expect((await asked(ensembleWith({}))).answer).toContain(nobody);
    const away = ensembleWith(nodes);
    for (const host of ["z1", "z2"]) away.down.add(host);
    expect((await asked(away)).answer).toMatch(/finding the Mesos master of Rack rack: ZooKeeper z\d:2181: .*REFUSED/);
  });
});
