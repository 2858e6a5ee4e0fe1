import { describe, expect, it } from "vitest";
import { startHarness } from "./api-harness.js";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: Record<string, string> = { a: "1" }, labels?: Record<string, string>) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(labels && { labels }) },
  data,
});

describe("objects through the handler", () => {
  it("creates, reads, replaces, patches and deletes", async () => {
    const api = await startHarness();
    const created = await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    expect(created.status).toBe(201);
    expect(created.body.metadata).toMatchObject({
      name: "one",
      namespace: "default",
      creationTimestamp: "2026-01-01T00:00:00Z",
    });
    const got = await api.call("GET", `${CONFIG_MAPS}/one`);
    expect(got.body).toEqual(created.body);
    const patched = await api.call("PATCH", `${CONFIG_MAPS}/one`, {
      body: { data: { b: "2" } },
      type: "application/merge-patch+json",
    });
    expect(patched.body.data).toEqual({ a: "1", b: "2" });
    const put = await api.call("PUT", `${CONFIG_MAPS}/one`, { body: { ...patched.body, data: { c: "3" } } });
    expect(put.body.data).toEqual({ c: "3" });
    const deleted = await api.call("DELETE", `${CONFIG_MAPS}/one`);
    expect(deleted.body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { kind: "configmaps", name: "one" },
    });
    expect((await api.call("GET", `${CONFIG_MAPS}/one`)).body).toMatchObject({ reason: "NotFound", code: 404 });
  });

  it("sends the state and then the changes to a watcher", async () => {
    const api = await startHarness();
    await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`);
    await api.call("POST", CONFIG_MAPS, { body: configMap("two") });
    await api.call("DELETE", `${CONFIG_MAPS}/one`);
    const events = await watch.read();
    expect(events.map((event) => [event.type, event.object.metadata.name])).toEqual([
      ["ADDED", "one"],
      ["ADDED", "two"],
      ["DELETED", "one"],
    ]);
  });
});
