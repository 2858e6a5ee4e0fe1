import { describe, expect, it } from "vitest";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { Widget } from "../client/testing/fake-kind.js";
import { addFinalizer, removeFinalizer } from "./finalizers.js";

async function start() {
  const api = fakeApi(Widget);
  const client = createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "t" });
  const object = await client.create(Widget, { metadata: { namespace: "ns", name: "a" }, spec: { size: 1 } });
  return { api, client, change: { client, kind: Widget, object, finalizer: "x/y" } };
}

describe("finalizers", () => {
  it("adds once and removes once", async () => {
    const { api, change } = await start();
    const object = await addFinalizer(change);
    expect(object.metadata.finalizers).toEqual(["x/y"]);
    const before = api.version();
    expect(await addFinalizer({ ...change, object })).toBe(object);
    expect(api.version()).toBe(before);
    await removeFinalizer({ ...change, object });
    expect(api.object("ns/a")?.metadata.finalizers).toEqual([]);
    await removeFinalizer(change);
  });

  it("does not overwrite the finalizer that somebody else added meanwhile", async () => {
    const { api, change } = await start();
    const { metadata } = change.object;
    api.put("ns/a", { metadata: { ...metadata, finalizers: ["other/one"] } });
    await expect(addFinalizer(change)).rejects.toMatchObject({ reason: "Conflict" });
    expect(api.object("ns/a")?.metadata.finalizers).toEqual(["other/one"]);
  });

  it("is content when the object is gone", async () => {
    const { api, change } = await start();
    const object = await addFinalizer(change);
    api.put("ns/a", undefined);
    await expect(removeFinalizer({ ...change, object })).resolves.toBeUndefined();
  });
});
