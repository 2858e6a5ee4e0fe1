import { describe, expect, it } from "vitest";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { Widget } from "../client/testing/fake-kind.js";
import { silentLogger } from "../platform/log.js";
import { seededRandom } from "../platform/random.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { createInformers, writeThrough } from "./informers.js";

function start() {
  const api = fakeApi(Widget);
  const clock = virtualClock();
  const direct = createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "test" });
  const informers = createInformers({ client: direct, clock, random: seededRandom(1), log: silentLogger });
  return { api, clock, informers, client: writeThrough(direct, informers) };
}

const key = { namespace: "ns", name: "a" };

describe("createInformers", () => {
  it("shares one cache per kind and adds indexes to it", async () => {
    const { api, informers, clock } = start();
    api.put("ns/a", { spec: { size: 7 } });
    const cache = informers.cache(Widget);
    expect(informers.cache(Widget, { size: (widget) => [String(widget.spec.size)] })).toBe(cache);
    const synced = informers.whenSynced();
    await clock.advance(10);
    await synced;
    expect(cache.by("size", "7")).toHaveLength(1);
    expect(api.requests.filter((request) => !request.includes("watch"))).toHaveLength(1);
    informers.stop();
  });
});

describe("writeThrough", () => {
  it("R7 makes every own write visible before the caller goes on, with a deaf watch", async () => {
    const { api, informers, client, clock } = start();
    const cache = informers.cache(Widget);
    await clock.advance(10);
    api.deafen(true);
    const created = await client.create(Widget, { metadata: key, spec: { size: 1 } });
    expect(cache.get("ns/a")?.spec.size).toBe(1);
    await client.update(Widget, { ...created, spec: { size: 2 } });
    expect(cache.get("ns/a")?.spec.size).toBe(2);
    await client.patch(Widget, key, { spec: { size: 3 } });
    expect(cache.get("ns/a")?.spec.size).toBe(3);
    await client.applyStatus(Widget, key, { status: { ready: 1 }, fieldManager: "m" });
    expect(cache.get("ns/a")?.status).toEqual({ ready: 1 });
    await client
      .withFence({ namespace: "n", lease: "l", term: "1" })
      .patch(Widget, key, { metadata: { finalizers: ["x/y"] } });
    await client.delete(Widget, key);
    expect(cache.get("ns/a")?.metadata.deletionTimestamp).toBeDefined();
    await client.patch(Widget, key, { metadata: { finalizers: [] } });
    expect(cache.get("ns/a")).toBeUndefined();
    await client.create(Widget, { metadata: { ...key, name: "b" } });
    await client.delete(Widget, { ...key, name: "b" });
    expect(cache.get("ns/b")).toBeUndefined();
    informers.stop();
  });

  it("leaves the cache alone after a dry run", async () => {
    const { api, informers, client, clock } = start();
    const cache = informers.cache(Widget);
    await clock.advance(10);
    api.deafen(true);
    await client.create(Widget, { metadata: key }, { isDryRun: true });
    expect(cache.get("ns/a")).toBeUndefined();
    informers.stop();
  });
});
