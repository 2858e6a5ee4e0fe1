import { mergeMap, type Subscription } from "rxjs";
import { afterEach, describe, expect, it } from "vitest";
import { StatusError } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import { createClient } from "../client/create-client.js";
import { fakeApi } from "../client/testing/fake-api.js";
import { Widget } from "../client/testing/fake-kind.js";
import { silentLogger } from "../platform/log.js";
import { seededRandom } from "../platform/random.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { createCache } from "./cache.js";
import { reflect } from "./reflect.js";

let subscription: Subscription | undefined;
afterEach(() => subscription?.unsubscribe());

function start(change: (client: Client) => Client = (client) => client) {
  const api = fakeApi(Widget);
  const clock = virtualClock();
  const client = change(createClient({ handler: api.handler, baseUrl: "http://api", userAgent: "test" }));
  const cache = createCache(Widget);
  const changes: string[] = [];
  cache.changes$.subscribe(({ previous, current }) =>
    changes.push(`${previous ? previous.metadata.name : ""}>${current ? current.metadata.name : ""}`),
  );
  const events: string[] = [];
  const run = () => {
    const options = { client, kind: Widget, clock, random: seededRandom(3), log: silentLogger };
    subscription = reflect(options).subscribe((event) => {
      events.push(event.type);
      cache.apply(event);
    });
  };
  const count = (part: string) => api.requests.filter((request) => request.includes(part)).length;
  const isEqual = () =>
    JSON.stringify(cache.list()) ===
    JSON.stringify([...api.objects()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)));
  return { api, clock, cache, events, changes, run, count, isEqual };
}

const isWatch = "watch=true";
const isList = "limit=500";

describe("reflect", () => {
  it("lists, then follows changes", async () => {
    const { api, clock, events, run, isEqual } = start();
    api.put("ns/a", { spec: { size: 1 } });
    run();
    await clock.advance(10);
    api.put("ns/b", { spec: { size: 1 } });
    api.put("ns/a", undefined);
    await clock.advance(10);
    expect(events).toEqual(["Synced", "Applied", "Deleted"]);
    expect(isEqual()).toBe(true);
  });

  it("reads lists in pages", async () => {
    const { api, clock, run, count, isEqual } = start();
    for (let index = 0; index < 1201; index++) api.put(`ns/w${index}`, {});
    run();
    await clock.advance(10);
    expect(count(isList)).toBe(3);
    expect(isEqual()).toBe(true);
  });

  it("resumes from the last version when the stream ends, without a list", async () => {
    const { api, clock, run, count, isEqual } = start();
    run();
    await clock.advance(10);
    api.put("ns/a", {});
    await clock.advance(10);
    api.endWatches();
    api.put("ns/b", {});
    await clock.advance(2000);
    expect(count(isList)).toBe(1);
    expect(api.requests.at(-1)).toContain("resourceVersion=101");
    expect(isEqual()).toBe(true);
  });

  it("lists again after 410 and tells differences only, not a deletion of everything", async () => {
    const { api, clock, run, changes, count, isEqual } = start();
    api.put("ns/a", {});
    api.put("ns/b", {});
    run();
    await clock.advance(10);
    changes.length = 0;
    api.failWith(new StatusError("ServiceUnavailable", "restarting"));
    api.endWatches();
    api.put("ns/c", {});
    api.put("ns/a", undefined);
    api.compact();
    await clock.advance(5000);
    api.failWith(undefined);
    await clock.advance(60_000);
    expect(changes).toEqual(["a>", ">c"]);
    expect(count(isList)).toBe(2);
    expect(isEqual()).toBe(true);
  });

  it.each<StatusError["reason"]>(["ServiceUnavailable", "InternalError", "TooManyRequests", "Forbidden", "NotFound"])(
    "survives %s for an hour, with few requests, and converges",
    async (reason) => {
      const { api, clock, run, isEqual } = start();
      api.failWith(new StatusError(reason, "m"));
      run();
      await clock.advance(3_600_000);
      expect(api.requests.length).toBeLessThan(500);
      expect(api.requests.length).toBeGreaterThan(60);
      api.failWith(undefined);
      api.put("ns/a", {});
      await clock.advance(31_000);
      expect(isEqual()).toBe(true);
    },
  );

  it("does not spin on a server that ends each watch at once", async () => {
    const { api, clock, run, count } = start();
    run();
    await clock.advance(10);
    for (let second = 0; second < 600; second++) {
      api.endWatches();
      await clock.advance(100);
    }
    expect(count(isWatch)).toBeLessThan(60);
  });

  it("opens a silent watch again", async () => {
    const { clock, run, count } = start();
    run();
    await clock.advance(10);
    expect(count(isWatch)).toBe(1);
    await clock.advance(125_000);
    expect(count(isWatch)).toBe(2);
    expect(count(isList)).toBe(1);
  });

  it("R19 converges within one floor though every event is lost", async () => {
    const { api, clock, run, isEqual } = start();
    run();
    await clock.advance(10);
    api.deafen(true);
    api.put("ns/a", {});
    await clock.advance(1000);
    expect(isEqual()).toBe(false);
    await clock.advance(300_000);
    expect(isEqual()).toBe(true);
  });

  it("R7 refuses a view that went back until it repeats itself", async () => {
    let isOld = false;
    const { api, clock, run, cache, events, count } = start((client) => ({
      ...client,
      list: async (kind, query) => {
        const page = await client.list(kind, query);
        return isOld ? { ...page, items: [], resourceVersion: "50" } : page;
      },
    }));
    api.put("ns/a", {});
    run();
    await clock.advance(10);
    isOld = true;
    api.deafen(true);
    api.put("ns/b", {});
    api.compact();
    api.endWatches();
    await clock.advanceUntil(() => cache.list().length === 0, 60_000);
    expect(events.filter((type) => type === "Synced")).toHaveLength(2);
    // the first list, three that are refused, and the one that is believed
    expect(count(isList)).toBe(5);
  });

  it("R7 lists again when an old watch frame is replayed", async () => {
    const { api, clock, run, count, isEqual } = start((client) => ({
      ...client,
      watch$: (kind, query) =>
        client.watch$(kind, query).pipe(mergeMap((event) => (isReplaying ? [event, first as typeof event] : [event]))),
    }));
    let isReplaying = false;
    const metadata = { name: "a", namespace: "ns", uid: "uid-1", resourceVersion: "101" };
    const first = { type: "ADDED", object: { apiVersion: "example.dev/v1", kind: "Widget", metadata } };
    api.put("ns/a", {});
    run();
    await clock.advance(10);
    isReplaying = true;
    api.put("ns/a", undefined);
    await clock.advance(1000);
    expect(count(isList)).toBe(2);
    expect(isEqual()).toBe(true);
  });

  it("ends its request when unsubscribed", async () => {
    const { api, clock, run } = start();
    run();
    await clock.advance(10);
    subscription?.unsubscribe();
    const before = api.requests.length;
    await clock.advance(3_600_000);
    expect(api.requests.length).toBe(before);
  });
});
