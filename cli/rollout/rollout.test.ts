import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { createHarness, type Harness } from "../testing/harness.js";
import { history } from "./history.js";
import { status } from "./status.js";
import { undo } from "./undo.js";
import { changeUpdate, restart } from "./update.js";

let harness: Harness;
const key = { namespace: "shop", name: "web" };

beforeAll(async () => {
  harness = await createHarness();
  const { client } = harness;
  const services = [
    { name: "web", image: "web:1", args: ["-a"] },
    { name: "db", image: "db:1" },
  ];
  const spec = { rackName: "rack", services } as unknown as ServiceGroup["spec"]; // the server fills in the defaults
  const group = await client.create(ServiceGroup, { metadata: key, spec });
  const [web, db] = group.spec.services as [Service, Service];
  const templates = [
    ["web", 1, web],
    ["web", 2, { ...web, image: "web:2" }],
    ["web", 3, { ...web, image: "web:3", env: [{ name: "A", value: "1" }] }],
    ["db", 1, db],
  ] as const;
  for (const [service, number, template] of templates) {
    const metadata = { namespace: "shop", name: `web-${service}-${number}` };
    await client.create(Revision, { metadata, spec: { serviceGroup: "web", service, number, template } });
  }
  await client.patch(ServiceGroup, key, {
    spec: { services: [{ ...web, image: "web:3", env: [{ name: "A", value: "1" }], instances: 5 }, db] },
  });
  const good = { availableRevision: "web-web-2", availableRevisions: ["web-web-1", "web-web-2"] };
  const services$ = [{ name: "web", failedRevision: "web-web-3", ...good }, { name: "db" }];
  await client.applyStatus(ServiceGroup, key, { status: { services: services$ }, fieldManager: "test" });
  harness.printed();
});

afterAll(() => harness.close());

async function refused(run: Promise<number>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(StatusError);
  return error instanceof Error ? error.message : "";
}

const read = async () => (await harness.client.get(ServiceGroup, key)).spec;
const webOf = async () => (await read()).services[0];

describe("rollout history", () => {
  it("tells what each revision changed, and which one is wanted", async () => {
    expect(await history(harness, "sg/web", {})).toBe(0);
    const rows = harness.printed().map((line) =>
      line
        .split(/ {2,}/)
        .filter((_, index) => index !== 2)
        .join(" | "),
    );
    expect(rows).toEqual([
      "SERVICE | REVISION | STATE | INSTANCES | CHANGE",
      "db | 1 | current | 0",
      "web | 1 | was available | 0",
      "web | 2 | was available | 0 | image web:1 → web:2",
      "web | 3 | current, failed | 0 | image web:2 → web:3, env.A 1 added",
    ]);
  });

  it("shows the template of one", async () => {
    expect(await history(harness, "web", { service: "web", revision: 2 })).toBe(0);
    const printed = harness.printed();
    expect(printed[0]).toBe("servicegroup.rackwright.dev/web web revision 2");
    expect(printed).toContain("  image: web:2");
  });

  it("lists names, and objects", async () => {
    await history(harness.as("name"), "sg/web", { service: "db" });
    expect(harness.printed()).toEqual(["revision.rackwright.dev/web-db-1"]);
    await history(harness.as("json"), "sg/web", {});
    expect(JSON.parse(harness.printed().join("\n")).items).toHaveLength(4);
  });

  it.each([
    ["sg/other", {}, "there is no ServiceGroup other in namespace shop; kubectl get sg -A lists what there is"],
    ["sg/web", { service: "cache" }, "ServiceGroup web has no service cache; it has web, db"],
    ["sg/web", { revision: 9 }, "ServiceGroup web has no revision 9; rackctl rollout history sg/web lists them"],
    ["deploy/web", {}, '"deploy/web" names no object here: it must be sg/NAME'],
  ])("says what is wrong with %s %o", async (target, flags, message) => {
    expect(await refused(history(harness, target, flags))).toBe(message);
  });
});

describe("rollout undo", () => {
  it("only says what it would do with --dry-run", async () => {
    expect(await undo(harness, "sg/web", { dryRun: true })).toBe(0);
    expect(harness.printed()).toEqual([
      "servicegroup.rackwright.dev/web web goes back to revision 2: image web:3 → web:2, env.A removed (dry run)",
    ]);
    expect((await webOf())?.image).toBe("web:3");
  });

  it("goes back to the revision before, and keeps the size", async () => {
    expect(await undo(harness, "sg/web", {})).toBe(0);
    expect(harness.printed()[0]).toContain("web goes back to revision 2");
    expect(await webOf()).toMatchObject({ image: "web:2", args: ["-a"], instances: 5 });
    expect(await webOf()).not.toHaveProperty("env");
    expect(await undo(harness, "sg/web", { toRevision: 2 })).toBe(0);
    expect(harness.printed()).toEqual(["! service web of web has revision 2 already; nothing is changed"]);
    expect(await undo(harness, "sg/web", { service: "web", toRevision: 3 })).toBe(0);
    expect(await webOf()).toMatchObject({ image: "web:3", env: [{ name: "A", value: "1" }] });
    harness.printed();
  });

  it.each([
    ["the last one that was wholly available, whatever came between", ["web-web-2", "web-web-1"], 1],
    ["the newest such one before it, when that is the current one", ["web-web-1", "web-web-3"], 1],
    ["that one alone, where a status of before names no others", ["web-web-2"], 2],
  ])("goes back to %s", async (_, availableRevisions, number) => {
    const { client } = harness;
    const before = (await client.get(ServiceGroup, key)).status?.services ?? [];
    const isOld = availableRevisions.length === 1;
    const web = {
      name: "web",
      availableRevision: availableRevisions.at(-1),
      ...(isOld ? {} : { availableRevisions }),
    };
    await client.applyStatus(ServiceGroup, key, { status: { services: [web, { name: "db" }] }, fieldManager: "test" });
    expect(await undo(harness, "sg/web", { dryRun: true })).toBe(0);
    await client.applyStatus(ServiceGroup, key, { status: { services: before }, fieldManager: "test" });
    expect(harness.printed()[0]).toContain(`web goes back to revision ${number}: `);
  });

  it("never goes back to one that only failed", async () => {
    const { client } = harness;
    const before = (await client.get(ServiceGroup, key)).status?.services ?? [];
    const web = { name: "web", availableRevision: "web-web-3", availableRevisions: ["web-web-3"] };
    await client.applyStatus(ServiceGroup, key, { status: { services: [web, { name: "db" }] }, fieldManager: "test" });
    expect(await refused(undo(harness, "sg/web", { dryRun: true }))).toBe(
      "service web has no revision before its current one that was ever wholly available; name one with --to-revision; there are: 1, 2, 3",
    );
    await client.applyStatus(ServiceGroup, key, { status: { services: before }, fieldManager: "test" });
  });

  it("says which revisions there are", async () => {
    expect(await refused(undo(harness, "sg/web", { toRevision: 7 }))).toBe(
      "service web has no revision 7; there are: 1, 2, 3",
    );
    expect(await refused(undo(harness, "sg/web", { service: "db" }))).toContain(
      "service db has no revision before its current one",
    );
  });
});

describe("rollout pause, resume, promote and restart", () => {
  it("changes every service, or the one that is named", async () => {
    await changeUpdate(harness, "sg/web", { verb: "pause", service: "db" });
    expect((await read()).services.map(({ update }) => update.paused)).toEqual([false, true]);
    await changeUpdate(harness, "sg/web", { verb: "pause" });
    await changeUpdate(harness, "sg/web", { verb: "pause" });
    expect((await read()).services.map(({ update }) => update.paused)).toEqual([true, true]);
    await changeUpdate(harness, "sg/web", { verb: "resume" });
    expect((await read()).services.map(({ update }) => update.paused)).toEqual([false, false]);
    await changeUpdate(harness, "sg/web", { verb: "promote" });
    expect(harness.printed()).toEqual([
      "servicegroup.rackwright.dev/web db paused",
      "servicegroup.rackwright.dev/web paused",
      "! web is paused already; nothing is changed",
      "servicegroup.rackwright.dev/web resumed",
      "! web is held at no canary; nothing is changed",
    ]);
  });

  it("writes when all instances are to be replaced", async () => {
    await restart(harness, "sg/web");
    expect((await read()).restartedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(harness.printed()).toEqual(["servicegroup.rackwright.dev/web restarted"]);
  });
});

describe("rollout status", () => {
  it("waits, a line for each change, and ends with the update", async () => {
    const { generation } = (await harness.client.get(ServiceGroup, key)).metadata;
    const report = (updated: number, more: object = {}) =>
      harness.client.applyStatus(ServiceGroup, key, {
        status: {
          observedGeneration: generation,
          services: [{ name: "web", desired: 2, updated, available: 2, running: 2, revision: "web-web-3", ...more }],
        },
        fieldManager: "test",
      });
    await report(0);
    const waiting = status(harness, "sg/web", { service: "web", watch: true, timeout: 60_000 });
    await harness.says("web: 0 of 2 updated");
    await report(1);
    await harness.says("web: 1 of 2 updated");
    await report(2);
    expect(await waiting).toBe(0);
    const printed = harness.printed();
    expect(printed.at(-1)).toBe("web: rolled out, 2 instances are available with web-web-3");
    expect(printed).toContain("web: 1 of 2 updated, 2 available, 1 old running");
    await report(1);
    expect(await refused(status(harness, "sg/web", { service: "web", watch: true, timeout: 1000 }))).toBe(
      "waiting for the update of ServiceGroup web: not so within the time that --timeout gives",
    );
    await report(1, { failedRevision: "web-web-4", availableRevision: "web-web-3" });
    expect(await status(harness, "sg/web", { service: "web", watch: false })).toBe(1);
    expect(harness.printed().at(-1)).toBe("web: web-web-4 missed its deadline and was rolled back to web-web-3");
  });
});
