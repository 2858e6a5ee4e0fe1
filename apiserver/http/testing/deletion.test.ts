import { describe, expect, it } from "vitest";
import { startHarness } from "./api-harness.js";
import { CONFIG_MAPS, configMap, GROUPS, group, MERGE } from "./samples.js";

describe("deletion", () => {
  it("waits for finalizers, refuses new ones, and ends with the last", async () => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x", { finalizers: ["a.dev/a", "b.dev/b"] }) });
    const watch = await api.watch(`${GROUPS}?watch=true`);
    const marked = await api.call("DELETE", `${GROUPS}/x`);
    expect(marked.body).toMatchObject({
      kind: "ServiceGroup",
      metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 },
    });
    const again = await api.call("DELETE", `${GROUPS}/x`);
    expect(again.body.metadata.resourceVersion).toBe(marked.body.metadata.resourceVersion);
    expect((await api.call("POST", GROUPS, { body: group("x") })).body.reason).toBe("AlreadyExists");
    const patch = (finalizers: string[] | null) =>
      api.call("PATCH", `${GROUPS}/x`, { body: { metadata: { finalizers, deletionTimestamp: null } }, type: MERGE });
    const added = await patch(["a.dev/a", "b.dev/b", "c.dev/c"]);
    expect(added.body).toMatchObject({
      reason: "Invalid",
      details: { causes: [{ reason: "FieldValueForbidden", field: "metadata.finalizers" }] },
    });
    expect((await patch(["b.dev/b"])).body.metadata.deletionTimestamp).toBe("2026-01-01T00:00:00Z");
    const last = await patch(null);
    expect(last.status).toBe(200);
    expect(last.body.kind).toBe("ServiceGroup");
    expect((await api.call("GET", `${GROUPS}/x`)).status).toBe(404);
    expect((await watch.read()).map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "MODIFIED", "DELETED"]);
  });

  it.each([
    ["Foreground", ["foregroundDeletion"]],
    ["Orphan", ["orphan"]],
  ])("with propagation %s is held by its finalizer", async (propagationPolicy, finalizers) => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x") });
    const { body } = await api.call("DELETE", `${GROUPS}/x`, { body: { propagationPolicy } });
    expect(body.metadata.finalizers).toEqual(finalizers);
    const background = await api.call("DELETE", `${GROUPS}/x?propagationPolicy=Background`);
    expect(background.body).toMatchObject({ kind: "Status", status: "Success" });
  });

  it("checks preconditions and tells the uid of what is gone", async () => {
    const api = await startHarness();
    const { body } = await api.call("POST", GROUPS, { body: group("x") });
    const { uid, resourceVersion } = body.metadata;
    expect(
      (await api.call("DELETE", `${GROUPS}/x`, { body: { preconditions: { resourceVersion: "1" } } })).status,
    ).toBe(409);
    const gone = await api.call("DELETE", `${GROUPS}/x`, { body: { preconditions: { uid, resourceVersion } } });
    expect(gone.body).toMatchObject({ details: { name: "x", group: "rackwright.dev", kind: "servicegroups", uid } });
  });

  it("of a collection takes what is selected, and lists it", async () => {
    const api = await startHarness();
    for (const name of ["a", "b", "c"]) {
      await api.call("POST", CONFIG_MAPS, { body: configMap(name, { labels: { keep: String(name === "b") } }) });
    }
    const { body } = await api.call("DELETE", `${CONFIG_MAPS}?labelSelector=keep%3Dfalse`);
    expect(body.kind).toBe("ConfigMapList");
    expect(body.items).toHaveLength(2);
    expect(
      (await api.call("GET", CONFIG_MAPS)).body.items.map(
        ({ metadata }: { metadata: { name: string } }) => metadata.name,
      ),
    ).toEqual(["b"]);
  });

  it("of a namespace empties it first, refuses new content, and waits for finalizers inside", async () => {
    const api = await startHarness();
    const inside = "/api/v1/namespaces/team/configmaps";
    await api.call("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } },
    });
    await api.call("POST", inside, { body: configMap("free") });
    await api.call("POST", inside, { body: configMap("held", { finalizers: ["x.dev/y"] }) });
    const deleted = await api.call("DELETE", "/api/v1/namespaces/team");
    expect(deleted.body).toMatchObject({ status: { phase: "Terminating" }, spec: { finalizers: ["kubernetes"] } });
    const refused = await api.call("POST", inside, { body: configMap("late") });
    expect(refused.body).toMatchObject({
      code: 403,
      details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
    });
    await api.clock.advance(1000);
    expect((await api.call("GET", inside)).body.items).toMatchObject([
      { metadata: { name: "held", deletionTimestamp: expect.any(String) } },
    ]);
    expect((await api.call("GET", "/api/v1/namespaces/team")).status).toBe(200);
    await api.call("PATCH", `${inside}/held`, { body: { metadata: { finalizers: null } }, type: MERGE });
    await api.clock.advance(1000);
    expect((await api.call("GET", "/api/v1/namespaces/team")).status).toBe(404);
  });

  it("of a namespace is forced through /finalize, and by nothing else", async () => {
    const api = await startHarness();
    const team = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
    await api.call("POST", "/api/v1/namespaces", { body: team });
    await api.call("POST", "/api/v1/namespaces/team/configmaps", {
      body: configMap("held", { finalizers: ["x.dev/y"] }),
    });
    await api.call("DELETE", "/api/v1/namespaces/team");
    const main = await api.call("PUT", "/api/v1/namespaces/team", { body: { ...team, spec: {} } });
    expect(main.body.spec).toEqual({ finalizers: ["kubernetes"] });
    const forced = await api.call("PUT", "/api/v1/namespaces/team/finalize", { body: { ...team, spec: {} } });
    expect(forced.status).toBe(200);
    expect((await api.call("GET", "/api/v1/namespaces/team")).status).toBe(404);
  });

  it("of a namespace goes on after a restart", async () => {
    const first = await startHarness();
    await first.call("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } },
    });
    await first.call("POST", "/api/v1/namespaces/team/configmaps", {
      body: configMap("held", { finalizers: ["x.dev/y"] }),
    });
    await first.call("DELETE", "/api/v1/namespaces/team");
    await first.clock.advance(100);
    await first.server.close();
    const second = await startHarness({ clock: first.clock, store: first.store });
    await second.call("PATCH", "/api/v1/namespaces/team/configmaps/held", {
      body: { metadata: { finalizers: null } },
      type: MERGE,
    });
    await second.clock.advance(1000);
    expect((await second.call("GET", "/api/v1/namespaces/team")).status).toBe(404);
  });
});
