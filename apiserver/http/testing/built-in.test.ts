import { describe, expect, it } from "vitest";
import { startHarness } from "./api-harness.js";
import { CONFIG_MAPS, configMap, LEASES, MERGE } from "./samples.js";

const TERM = "rackwright.dev/term";
const lease = (holderIdentity: string, leaseTransitions = 0, renewTime = "2026-01-01T00:00:00.000000Z") => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name: "leader" },
  spec: { holderIdentity, leaseTransitions, renewTime },
});

describe("the term of a Lease", () => {
  it("is told on reads, writes and watches, changes with the holder only, and is never stored", async () => {
    const api = await startHarness();
    const watch = await api.watch(`${LEASES}?watch=true`);
    const created = await api.call("POST", LEASES, { body: lease("a") });
    const term = created.body.metadata.annotations[TERM];
    expect(term).toBe(created.body.metadata.resourceVersion);
    const renewed = await api.call("PUT", `${LEASES}/leader`, {
      body: { ...created.body, spec: lease("a", 0, "2026-01-01T00:00:05.000000Z").spec },
    });
    expect(renewed.body.metadata.resourceVersion).not.toBe(term);
    expect(renewed.body.metadata.annotations[TERM]).toBe(term);
    const taken = await api.call("PATCH", `${LEASES}/leader`, {
      body: { spec: { holderIdentity: "b", leaseTransitions: 1 } },
      type: MERGE,
    });
    expect(taken.body.metadata.annotations[TERM]).toBe(taken.body.metadata.resourceVersion);
    expect((await api.call("GET", `${LEASES}/leader`)).body.metadata.annotations[TERM]).toBe(
      taken.body.metadata.annotations[TERM],
    );
    expect((await watch.read()).map(({ object }) => object.metadata.annotations[TERM])).toEqual([
      term,
      term,
      taken.body.metadata.resourceVersion,
    ]);
    const stored = await api.store.get("coordination.k8s.io/leases/default/leader");
    expect(Buffer.from(stored?.value ?? []).toString()).not.toContain(TERM);
    const restarted = await startHarness({ clock: api.clock, store: api.store });
    const list = await restarted.call("GET", LEASES);
    expect(list.body.items[0].metadata.annotations[TERM]).toBe(taken.body.metadata.resourceVersion);
  });

  it("fences writes: the holder's pass, a former holder's fail with reason Fenced and change nothing", async () => {
    const api = await startHarness();
    const created = await api.call("POST", LEASES, { body: lease("a") });
    const headers = { "rackwright-fence": `default/leader/${created.body.metadata.annotations[TERM]}` };
    expect((await api.call("POST", CONFIG_MAPS, { body: configMap("x"), headers })).status).toBe(201);
    await api.call("PUT", `${LEASES}/leader`, { body: lease("a", 0, "2026-01-01T00:00:09.000000Z") });
    expect(
      (await api.call("PATCH", `${CONFIG_MAPS}/x`, { body: { data: { b: "1" } }, type: MERGE, headers })).status,
    ).toBe(200);
    await api.call("PUT", `${LEASES}/leader`, { body: lease("b", 1) });
    const before = await api.store.current();
    const attempts = [
      await api.call("POST", CONFIG_MAPS, { body: configMap("y"), headers }),
      await api.call("PATCH", `${CONFIG_MAPS}/x`, { body: { data: { c: "1" } }, type: MERGE, headers }),
      await api.call("DELETE", `${CONFIG_MAPS}/x`, { headers }),
    ];
    for (const { body } of attempts) expect(body).toMatchObject({ code: 409, reason: "Fenced" });
    expect(await api.store.current()).toBe(before);
    const absent = { "rackwright-fence": "default/nobody/7" };
    expect((await api.call("POST", CONFIG_MAPS, { body: configMap("y"), headers: absent })).body.reason).toBe("Fenced");
    const garbled = { "rackwright-fence": "default/leader" };
    expect((await api.call("POST", CONFIG_MAPS, { body: configMap("y"), headers: garbled })).status).toBe(400);
  });
});

describe("Events", () => {
  const EVENTS = "/api/v1/namespaces/default/events";
  const event = (name: string) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name },
    involvedObject: { kind: "ServiceGroup", name: "web", namespace: "default", uid: "u" },
    reason: "Scaled",
    message: "to 2",
    type: "Normal",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
  });

  it("are one store in two shapes", async () => {
    const api = await startHarness();
    await api.call("POST", EVENTS, { body: event("one") });
    const current = await api.call("GET", "/apis/events.k8s.io/v1/namespaces/default/events/one");
    expect(current.body).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      regarding: { name: "web" },
      note: "to 2",
      deprecatedCount: 1,
    });
    expect(current.body.message).toBeUndefined();
    const sent = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "two" },
      regarding: { kind: "Route", name: "r", namespace: "default" },
      note: "hello",
      reason: "R",
      type: "Normal",
      action: "a",
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "c",
      reportingInstance: "i",
    };
    expect((await api.call("POST", "/apis/events.k8s.io/v1/namespaces/default/events", { body: sent })).status).toBe(
      201,
    );
    const selected = await api.call(
      "GET",
      `${EVENTS}?fieldSelector=involvedObject.name%3Dr,involvedObject.kind%3DRoute`,
    );
    expect(selected.body.items).toMatchObject([
      { metadata: { name: "two" }, message: "hello", reportingComponent: "c" },
    ]);
  });

  it("go an hour after they last happened", async () => {
    const api = await startHarness();
    await api.call("POST", EVENTS, { body: event("old") });
    await api.call("POST", EVENTS, { body: { ...event("seen"), lastTimestamp: "2026-01-01T00:30:00Z" } });
    await api.clock.advance(59 * 60_000);
    expect((await api.call("GET", EVENTS)).body.items).toHaveLength(2);
    await api.clock.advance(3 * 60_000);
    expect((await api.call("GET", EVENTS)).body.items).toMatchObject([{ metadata: { name: "seen" } }]);
  });
});

describe("other built-in kinds", () => {
  it("fold a Secret's text into its data", async () => {
    const api = await startHarness();
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: { a: "b" },
      data: { c: "ZA==" },
    };
    const created = await api.call("POST", "/api/v1/namespaces/default/secrets", { body });
    expect(created.body).toMatchObject({ type: "Opaque", data: { a: "Yg==", c: "ZA==" } });
    expect(created.body.stringData).toBeUndefined();
  });

  it("show our own kinds as definitions that nobody can write", async () => {
    const api = await startHarness();
    const url = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const { body } = await api.call("GET", url);
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toContain(
      "routes.rackwright.dev",
    );
    expect((await api.call("GET", `${url}/routes.rackwright.dev`)).status).toBe(200);
    expect((await api.call("DELETE", `${url}/routes.rackwright.dev`)).status).toBe(405);
  });

  it("create the permanent namespaces once", async () => {
    const api = await startHarness();
    const { body } = await api.call("GET", "/api/v1/namespaces");
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      "default",
      "kube-system",
      "rackwright-system",
    ]);
    const before = await api.store.current();
    await startHarness({ clock: api.clock, store: api.store });
    expect(await api.store.current()).toBe(before);
  });
});
