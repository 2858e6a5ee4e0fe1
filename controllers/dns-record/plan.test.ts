import { describe, expect, it } from "vitest";
import { ANNOTATION, LABEL } from "../../api-types/well-known.js";
import { type DnsEntry, dnsKey } from "../../drivers/dns/driver.js";
import type { Observation, Stamp } from "../../drivers/observation.js";
import { at, dnsRecord } from "../testing/objects.js";
import { type DnsRecordView, planDnsRecord } from "./plan.js";

const origin = { source: "consul", epoch: "1", index: 1, takenAt: 0 };
const stamp: Stamp = {
  identity: "rack",
  kind: "DnsRecord",
  namespace: "default",
  name: "web",
  uid: "uid-web",
  term: 7,
};
const silent: Observation<DnsEntry> = { type: "Unknown", reason: "timeout", since: 0, source: "consul" };

function entry(name: string, fields: Partial<DnsEntry> = {}): DnsEntry {
  return { name, id: "one", address: "192.168.2.3", tags: [], stamp, ...fields };
}

function catalogue(...entries: readonly DnsEntry[]): Observation<DnsEntry> {
  return { type: "Complete", items: new Map(entries.map((one) => [dnsKey(one), one])), origin };
}

function viewOf(fields: Partial<DnsRecordView> = {}): DnsRecordView {
  return {
    record: dnsRecord(),
    unknownVariables: [],
    observation: catalogue(),
    rivals: [],
    stamp,
    ttl: { seconds: 30, message: "" },
    takeovers: new Map(),
    monotonicMs: 0,
    ...fields,
  };
}

type Row = readonly [name: string, fields: Partial<DnsRecordView>, actions: readonly string[], reason?: string];

function check(rows: readonly Row[]): void {
  for (const [name, fields, actions, reason] of rows) {
    it(name, () => {
      const plan = planDnsRecord(viewOf(fields));
      expect(plan.actions.map(({ type, key }) => `${type.slice("dns.".length)} ${key}`)).toEqual(actions);
      expect(plan.conditions[0]?.reason).toBe(reason);
    });
  }
}

const two = dnsRecord({ names: ["web-1"] });
const deletion = { deletionTimestamp: at(-1) };
const published = { published: [{ name: "web", id: "one", address: "192.168.2.3" }] };
const deleted = dnsRecord({}, deletion, published);
const taken = catalogue(entry("web", { stamp: { ...stamp, uid: "other" } }));
const contest = new Map([["web/one", [0, 1, 2]]]);
const older = dnsRecord({}, { name: "a", creationTimestamp: at(-7200) });
const younger = dnsRecord({}, { name: "z", creationTimestamp: at(-60) });
const ofService = (service: string) => ({ [LABEL.group]: "shop", [LABEL.service]: service });
const generated = (name: string, service: string) =>
  dnsRecord({}, { name, labels: ofService(service), creationTimestamp: at(-7200) });
const ofInstance = [{ apiVersion: "rackwright.dev/v1alpha1", kind: "Instance", name: "i", uid: "i" }];
/** Of a service; `age` in seconds. */
const claiming = (
  name: string,
  service: string,
  { isShared = false, age = 60, since }: { isShared?: boolean; age?: number; since?: number } = {},
) =>
  dnsRecord(
    {},
    {
      name,
      labels: ofService(service),
      creationTimestamp: at(-age),
      ownerReferences: ofInstance,
      annotations: {
        ...(isShared ? { [ANNOTATION.shared]: "true" } : {}),
        ...(since === undefined ? {} : { [ANNOTATION.claimedSince]: at(-since) }),
      },
    },
  );
const both = { isShared: true };
const elder = (isShared: boolean) => [claiming("a", "db", { isShared, age: 7200 })];
const ofElder = entry("web", { id: "two", stamp: { ...stamp, name: "a", uid: "uid-a" } });

describe("a wanted record", () => {
  check([
    ["is registered under every name", { record: two }, ["register web/one", "register web-1/one"], "NamePublished"],
    ["is left alone when it is there", { observation: catalogue(entry("web")) }, [], "NamePublished"],
    [
      "is registered again with another address",
      { observation: catalogue(entry("web", { address: "192.168.2.9" })) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "is registered again with another port",
      { observation: catalogue(entry("web", { port: 53 })) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "is registered again with other tags",
      { observation: catalogue(entry("web", { tags: ["x"] })) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "takes the port of its target",
      {
        record: dnsRecord({ targets: [{ id: "one", address: "192.168.2.3", ports: [{ name: "dns", port: 53 }] }] }),
        observation: catalogue(entry("web", { port: 53 })),
      },
      [],
      "NamePublished",
    ],
    [
      "what is no longer wanted goes after what is new",
      { record: dnsRecord({ name: "new" }), observation: catalogue(entry("web")) },
      ["register new/one", "deregister web/one"],
      "NamePublished",
    ],
    [
      "another term of the same owner is no change",
      { observation: catalogue(entry("web", { stamp: { ...stamp, term: 3 } })) },
      [],
      "NamePublished",
    ],
    [
      "R20 the same owner with another uid is adopted",
      { observation: catalogue(entry("web", { stamp: { ...stamp, uid: "before" } })) },
      ["register web/one"],
      "NamePublished",
    ],
    ["R21 a contested entry is not taken again", { observation: taken, takeovers: contest }, [], "NameContested"],
    [
      "R21 a contested entry stops the whole record",
      { record: two, observation: taken, takeovers: contest },
      [],
      "NameContested",
    ],
    [
      "R21 another one's contest stops nothing",
      { observation: taken, takeovers: new Map([["web-1/one", [0, 1, 2]]]) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "R21 the contest is over when the entry stays ours",
      { observation: catalogue(entry("web")), takeovers: contest },
      [],
      "NamePublished",
    ],
    [
      "R21 the entry is tried again ten minutes later",
      { observation: taken, takeovers: contest, monotonicMs: 600_002 },
      ["register web/one"],
      "NamePublished",
    ],
    ["R1 waits while the catalogue does not answer", { observation: silent }, [], "CatalogueUnknown"],
    [
      "R18 leaves an entry without a stamp alone",
      { observation: catalogue(entry("web", { stamp: undefined })) },
      [],
      "NameConflict",
    ],
    [
      "R18 leaves the entry of another control plane alone",
      { observation: catalogue(entry("web", { stamp: { ...stamp, identity: "other" } })) },
      [],
      "NameConflict",
    ],
    [
      "R18 leaves other names alone",
      {
        observation: catalogue(
          entry("web"),
          entry("db", { stamp: undefined }),
          entry("etcd", { stamp: { ...stamp, name: "etcd" } }),
        ),
      },
      [],
      "NamePublished",
    ],
    ["R20 the older claim wins", { rivals: [older] }, [], "NameConflict"],
    ["R20 the younger claim does not", { rivals: [younger] }, ["register web/one"], "NamePublished"],
    [
      "R20 of two claims of one second the name decides",
      { rivals: [dnsRecord({}, { name: "b" })] },
      [],
      "NameConflict",
    ],
    [
      "records of one service share the name",
      { record: generated("web", "web"), rivals: [generated("a", "web")] },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "records of two services do not",
      { record: generated("web", "web"), rivals: [generated("a", "db")] },
      [],
      "NameConflict",
    ],
    [
      "records without a service do not",
      { rivals: [dnsRecord({}, { name: "a", creationTimestamp: at(-7200) })] },
      [],
      "NameConflict",
    ],
    [
      "joins the name of another service where both say shared",
      { record: claiming("web", "web", both), rivals: elder(true), observation: catalogue(ofElder) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "does not where only it says so",
      { record: claiming("web", "web", both), rivals: elder(false) },
      [],
      "NameConflict",
    ],
    [
      "does not where only the other says so",
      { record: claiming("web", "web"), rivals: elder(true) },
      [],
      "NameConflict",
    ],
    [
      "does not where a person wrote the other",
      {
        record: claiming("web", "web", both),
        rivals: [
          dnsRecord({}, { name: "a", creationTimestamp: at(-7200), annotations: { [ANNOTATION.shared]: "true" } }),
        ],
      },
      [],
      "NameConflict",
    ],
    [
      "I13 its own entries leave when sharing ends, and nothing of the older is touched",
      { record: claiming("web", "web"), rivals: elder(true), observation: catalogue(entry("web"), ofElder) },
      ["deregister web/one"],
      "NameConflict",
    ],
    [
      "the older stays as it is when sharing ends",
      {
        record: claiming("web", "web", { age: 7200 }),
        rivals: [claiming("z", "db", { isShared: true })],
        observation: catalogue(entry("web"), entry("web", { id: "two", stamp: { ...stamp, name: "z", uid: "uid-z" } })),
      },
      [],
      "NamePublished",
    ],
    [
      "a record that has its claim from the one before it is as old as that",
      { record: claiming("web", "web", { since: 9000 }), rivals: elder(false) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "a person cannot make a record older than it is",
      {
        record: dnsRecord({}, { annotations: { [ANNOTATION.claimedSince]: at(-9000) } }),
        rivals: elder(false),
      },
      [],
      "NameConflict",
    ],
    ["waits for variables that the rack does not give", { unknownVariables: ["X"] }, [], "NameVariableUnknown"],
    [
      "waits for a name that is one, once variables are replaced, and keeps what it had",
      { record: dnsRecord({ names: ["Web 1"] }, {}, published), observation: catalogue(entry("web")) },
      [],
      "NameNotUsable",
    ],
    [
      "waits for an address that is one",
      { record: dnsRecord({ targets: [{ id: "one", address: "10.0.0" }] }) },
      [],
      "NameNotUsable",
    ],
  ]);

  it("keeps what it had published while it waits", () => {
    const record = dnsRecord({}, {}, published);
    expect(planDnsRecord(viewOf({ record, observation: silent })).published).toEqual(published.published);
  });

  it("is told as published when everything is registered", () => {
    expect(planDnsRecord(viewOf({ record: two })).published.map(dnsKey)).toEqual(["web/one", "web-1/one"]);
  });
});

describe("R2 a deleted record", () => {
  check([
    [
      "is deregistered wherever the catalogue shows its stamp",
      { record: deleted, observation: catalogue(entry("web"), entry("old")) },
      ["deregister web/one", "deregister old/one"],
    ],
    [
      "is deregistered where it was recorded, though the list does not show it",
      { record: deleted },
      ["deregister web/one"],
    ],
    ["R1 waits while the catalogue does not answer", { record: deleted, observation: silent }, [], "CatalogueUnknown"],
    ["has nothing to take away when it never published", { record: dnsRecord({}, deletion) }, []],
    [
      "R18 leaves what somebody else registered in its place",
      { record: deleted, observation: catalogue(entry("web", { stamp: undefined })) },
      [],
    ],
    [
      "R18 leaves entries of other records",
      { record: deleted, observation: catalogue(entry("web", { stamp: { ...stamp, name: "heir" } })) },
      [],
    ],
    [
      "takes away what an earlier object of its name left",
      { record: deleted, observation: catalogue(entry("web", { stamp: { ...stamp, uid: "before" } })) },
      ["deregister web/one"],
    ],
  ]);

  it("names its owner as the ground", () => {
    const [action] = planDnsRecord(viewOf({ record: deleted })).actions;
    expect(action?.ground).toEqual({ type: "tombstone", owner: "uid-web" });
  });

  it.each([
    ["may go once everything is taken away", catalogue(entry("web")), true],
    ["may not go while nobody answers", silent, false],
  ])("%s", (_, observation, isReleasable) => {
    expect(planDnsRecord(viewOf({ record: deleted, observation })).isReleasable).toBe(isReleasable);
  });
});

describe("the time to live of a record", () => {
  const held = (ttlSeconds: number) => catalogue(entry("web", { ttlSeconds }));
  const told = (ttlSeconds: number) =>
    dnsRecord({}, {}, { published: [{ name: "web", id: "one", address: "192.168.2.3", ttlSeconds }] });

  check([
    ["is changed where the back end holds it", { observation: held(60) }, ["register web/one"], "NamePublished"],
    ["is as wanted", { observation: held(30) }, [], "NamePublished"],
    ["changes nothing where the back end has its own", { observation: catalogue(entry("web")) }, [], "NamePublished"],
  ]);

  it("is told with what is published, and with what there is to say about it", () => {
    const plan = planDnsRecord(viewOf({ ttl: { seconds: 7, message: "not applied" } }));
    expect(plan.published).toEqual([{ name: "web", id: "one", address: "192.168.2.3", ttlSeconds: 7 }]);
    expect(plan.conditions[0]).toMatchObject({ status: "True", message: "not applied" });
  });

  it.each([
    ["is held by nobody when nothing was answered", {}, 0],
    ["is held for longer when it was longer", { record: told(60), observation: held(60) }, 60],
    ["is held for longer when the store lags behind the server", { record: told(30), observation: held(60) }, 60],
    ["is held for longer when the server was quicker than the store", { record: told(60), observation: held(30) }, 60],
    ["is not held for longer when it was shorter", { record: told(5), observation: held(5) }, 0],
  ])("%s", (_, fields, seconds) => {
    expect(planDnsRecord(viewOf(fields)).heldSeconds).toBe(seconds);
  });
});

describe("the ports of a record", () => {
  const ports = [
    { name: "http", port: 80, protocol: "TCP" as const },
    { name: "dns", port: 53, protocol: "UDP" as const },
  ];
  const serving = dnsRecord({ targets: [{ id: "one", address: "192.168.2.3", ports }] });
  const first = { ttlSeconds: 30, port: 80 };

  check([
    [
      "are all registered where the back end holds them",
      { record: serving, observation: catalogue(entry("web", { ...first, ports: ports.slice(0, 1) })) },
      ["register web/one"],
      "NamePublished",
    ],
    [
      "are registered already",
      { record: serving, observation: catalogue(entry("web", { ...first, ports })) },
      [],
      "NamePublished",
    ],
    [
      "are one where the back end holds one",
      { record: serving, observation: catalogue(entry("web", { port: 80 })) },
      [],
      "NamePublished",
    ],
  ]);

  it("are told with what is published: the first", () => {
    expect(planDnsRecord(viewOf({ record: serving })).published[0]?.port).toBe(80);
  });
});

describe("R20 an emptied store against a full catalogue", () => {
  it("takes nothing away that belongs to objects that are not there", () => {
    const entries = Array.from({ length: 1000 }, (_, index) =>
      entry(`name-${index}`, { stamp: { ...stamp, name: `record-${index}` } }),
    );
    const plan = planDnsRecord(viewOf({ observation: catalogue(...entries) }));
    expect(plan.actions.map(({ type }) => type)).toEqual(["dns.register"]);
  });
});

describe("R21 a contested record", () => {
  it("says in both conditions what to do, keeps what it published and comes back", () => {
    const record = dnsRecord({}, {}, published);
    const plan = planDnsRecord(viewOf({ record, observation: taken, takeovers: contest }));
    expect(plan.conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Ready", "False", "NameContested"],
      ["Conflict", "True", "NameContested"],
    ]);
    expect(plan.conditions[0]?.message).toContain("as identity rack: give one of the two another Rack.spec.identity");
    expect(plan).toMatchObject({ published: published.published, requeueAfterMs: 600_000 });
  });

  it("leaves the entry to the other side when it is deleted, and is let go", () => {
    const plan = planDnsRecord(viewOf({ record: deleted, observation: taken, takeovers: contest }));
    expect(plan).toMatchObject({ actions: [], isReleasable: true });
  });

  it("counts what is taken away from another uid, too", () => {
    const observation = catalogue(entry("old", { stamp: { ...stamp, uid: "other" } }), entry("web"));
    expect(planDnsRecord(viewOf({ observation })).takesOver).toEqual(["old/one"]);
  });
});
