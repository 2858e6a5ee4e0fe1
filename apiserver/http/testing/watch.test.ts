import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { memoryStore } from "../../storage/memory.js";
import { startHarness } from "./api-harness.js";
import { CONFIG_MAPS, configMap, MERGE } from "./samples.js";

// biome-ignore lint/suspicious/noExplicitAny: events of every shape
const brief = (events: any[]) => events.map(({ type, object }) => `${type} ${object.metadata?.name ?? ""}`.trim());
const label = (value: string | null) => ({ body: { metadata: { labels: { app: value } } }, type: MERGE });

describe("watches", () => {
  it("begin with the state when no version or 0 is given, and after it for a version", async () => {
    const api = await startHarness();
    const one = await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    await api.call("POST", CONFIG_MAPS, { body: configMap("two") });
    const unset = await api.watch(`${CONFIG_MAPS}?watch=true`);
    const zero = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=0`);
    const after = await api.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${one.body.metadata.resourceVersion}`);
    const legacy = await api.watch("/api/v1/watch/namespaces/default/configmaps");
    await api.call("DELETE", `${CONFIG_MAPS}/two`);
    expect(brief(await unset.read())).toEqual(["ADDED one", "ADDED two", "DELETED two"]);
    expect(brief(await zero.read())).toEqual(["ADDED one", "ADDED two", "DELETED two"]);
    expect(brief(await after.read())).toEqual(["ADDED two", "DELETED two"]);
    expect(brief(await legacy.read())).toEqual(["ADDED one", "ADDED two", "DELETED two"]);
  });

  it("give every event its own version, kind and apiVersion; a deletion a newer one than the last state", async () => {
    const api = await startHarness();
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`);
    await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    await api.call("PATCH", `${CONFIG_MAPS}/x`, label("a"));
    await api.call("DELETE", `${CONFIG_MAPS}/x`);
    const events = await watch.read();
    expect(brief(events)).toEqual(["ADDED x", "MODIFIED x", "DELETED x"]);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
    expect(new Set(versions).size).toBe(3);
    for (const { object } of events) expect(object).toMatchObject({ kind: "ConfigMap", apiVersion: "v1" });
  });

  it("turn what enters or leaves a selection into ADDED and DELETED", async () => {
    const api = await startHarness();
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true&labelSelector=app%3Da`);
    await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    await api.call("PATCH", `${CONFIG_MAPS}/x`, label("a"));
    await api.call("PATCH", `${CONFIG_MAPS}/x`, { body: { data: { b: "2" } }, type: MERGE });
    const left = await api.call("PATCH", `${CONFIG_MAPS}/x`, label(null));
    await api.call("DELETE", `${CONFIG_MAPS}/x`);
    const events = await watch.read();
    expect(brief(events)).toEqual(["ADDED x", "MODIFIED x", "DELETED x"]);
    expect(events[2].object.metadata).toMatchObject({
      labels: { app: "a" },
      resourceVersion: left.body.metadata.resourceVersion,
    });
  });

  it("of one name and of one namespace see nothing else", async () => {
    const api = await startHarness();
    const named = await api.watch(`${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dtwo`);
    const other = await api.watch("/api/v1/namespaces/kube-system/configmaps?watch=true");
    const single = await api.watch(`${CONFIG_MAPS}/two?watch=true`);
    for (const name of ["one", "two"]) await api.call("POST", CONFIG_MAPS, { body: configMap(name) });
    expect(brief(await named.read())).toEqual(["ADDED two"]);
    expect(brief(await single.read())).toEqual(["ADDED two"]);
    expect(await other.read()).toEqual([]);
  });

  it("send the state and an annotated bookmark to clients that stream their lists", async () => {
    const api = await startHarness();
    await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    const list = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const watch = await api.watch(`${CONFIG_MAPS}?${list}`);
    const events = await watch.read();
    expect(brief(events)).toEqual(["ADDED one", "BOOKMARK"]);
    expect(events[1].object).toMatchObject({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: {
        resourceVersion: String(await api.store.current()),
        annotations: { "k8s.io/initial-events-end": "true" },
      },
    });
    await api.call("POST", CONFIG_MAPS, { body: configMap("two") });
    expect(brief(await watch.read())).toEqual(["ADDED two"]);
    const without = await api.watch(`${CONFIG_MAPS}?${list.replace("Events=true", "Events=false")}&resourceVersion=0`);
    expect(await without.read()).toEqual([]);
  });

  it("send bookmarks each minute and before their timeout, and then end", async () => {
    const api = await startHarness();
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=90`);
    const silent = await api.watch(`${CONFIG_MAPS}?watch=true&timeoutSeconds=90`);
    await api.clock.advance(61_000);
    await api.call("POST", "/api/v1/namespaces/default/secrets", {
      body: { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } },
    });
    expect(watch.isDone()).toBe(false);
    await api.clock.advance(30_000);
    const events = await watch.read();
    expect(brief(events)).toEqual(["BOOKMARK", "BOOKMARK"]);
    expect(Number(events[1].object.metadata.resourceVersion)).toBe(await api.store.current());
    expect(watch.isDone()).toBe(true);
    expect(await silent.read()).toEqual([]);
    expect(silent.isDone()).toBe(true);
  });

  it("go on from the store's history after a restart", async () => {
    const first = await startHarness();
    const old = await first.call("POST", CONFIG_MAPS, { body: configMap("one", { labels: { app: "a" } }) });
    await first.call("PATCH", `${CONFIG_MAPS}/one`, label("b"));
    await first.call("POST", CONFIG_MAPS, { body: configMap("two", { labels: { app: "a" } }) });
    await first.call("DELETE", `${CONFIG_MAPS}/two`);
    await first.server.close();
    const second = await startHarness({ clock: first.clock, store: first.store });
    const from = `resourceVersion=${old.body.metadata.resourceVersion}`;
    const all = await second.watch(`${CONFIG_MAPS}?watch=true&${from}`);
    const some = await second.watch(`${CONFIG_MAPS}?watch=true&labelSelector=app%3Da&${from}`);
    await second.call("POST", CONFIG_MAPS, { body: configMap("three") });
    expect(brief(await all.read())).toEqual(["MODIFIED one", "ADDED two", "DELETED two", "ADDED three"]);
    expect(brief(await some.read())).toEqual(["DELETED one", "ADDED two", "DELETED two"]);
  });

  it("from a version whose history is gone say 410 in an ERROR event, then close", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock, history: { ageMs: 0, revisions: 1 } });
    const first = await startHarness({ clock, store });
    const old = await first.call("POST", CONFIG_MAPS, { body: configMap("one") });
    for (const name of ["two", "three", "four"]) {
      await clock.advance(60_000);
      await first.call("POST", CONFIG_MAPS, { body: configMap(name) });
    }
    await first.server.close();
    const second = await startHarness({ clock, store });
    const watch = await second.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${old.body.metadata.resourceVersion}`);
    expect(watch.status).toBe(200);
    const [event] = await watch.read();
    expect(event).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    expect(watch.isDone()).toBe(true);
  });

  it("from a future version end with an ERROR event", async () => {
    const api = await startHarness();
    const opening = api.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=999`);
    await api.clock.advance(10_000);
    const watch = await opening;
    expect((await watch.read())[0]).toMatchObject({ type: "ERROR", object: { reason: "Timeout" } });
    expect(watch.isDone()).toBe(true);
  });

  it("answer in Tables: columns once, one row per event", async () => {
    const api = await startHarness();
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`, { headers: { accept } });
    for (const name of ["one", "two"]) await api.call("POST", CONFIG_MAPS, { body: configMap(name) });
    const tables = (await watch.read()).map(({ object }) => object);
    expect(tables.map(({ rows }) => rows.map(({ cells }: { cells: unknown[] }) => cells[0]))).toEqual([
      ["one"],
      ["two"],
    ]);
    expect(tables[0].columnDefinitions[0].name).toBe("Name");
    expect(tables[1].columnDefinitions ?? []).toEqual([]);
    expect(tables[1].rows[0].object.metadata.resourceVersion).toBe(tables[1].metadata.resourceVersion);
  });

  it("that nobody reads are ended, not buffered without limit", async () => {
    const api = await startHarness();
    const request = { method: "GET", url: `${CONFIG_MAPS}?watch=true`, headers: {} };
    const response = await api.server.handle(request, { user: "slow", groups: ["system:masters"] });
    const body = response.body as AsyncIterable<Uint8Array>;
    const big = { a: "x".repeat(900_000) };
    await api.call("POST", CONFIG_MAPS, { body: configMap("big", {}, big) });
    for (let round = 0; round < 15; round++) {
      await api.call("PATCH", `${CONFIG_MAPS}/big`, { body: { data: { round: String(round) } }, type: MERGE });
    }
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    expect(bytes).toBeLessThan(10_000_000);
    const metrics = await api.call("GET", "/metrics");
    expect(metrics.body).toMatch(/apiserver_longrunning_requests\{[^}]*resource="configmaps"[^}]*\} 0/);
  });

  it("are limited per user, and a closed one gives its place back", async () => {
    const api = await startHarness();
    const open = () => api.watch(`${CONFIG_MAPS}?watch=true`);
    const watches = await Promise.all(Array.from({ length: 1000 }, open));
    const refused = await api.call("GET", `${CONFIG_MAPS}?watch=true`);
    expect(refused).toMatchObject({
      status: 429,
      headers: { "retry-after": "5" },
      body: { reason: "TooManyRequests" },
    });
    await watches[0]?.close();
    expect((await open()).status).toBe(200);
  });

  it("end when the server closes", async () => {
    const api = await startHarness();
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`);
    await api.server.close();
    await watch.read();
    expect(watch.isDone()).toBe(true);
    expect((await api.call("GET", CONFIG_MAPS)).status).toBe(503);
    expect((await api.call("GET", "/readyz")).status).toBe(500);
    expect((await api.call("GET", "/livez")).status).toBe(200);
  });

  it("share the bytes of an event between all watchers", async () => {
    const api = await startHarness();
    const open = async () => {
      const response = await api.server.handle(
        { method: "GET", url: `${CONFIG_MAPS}?watch=true`, headers: {} },
        { user: "a", groups: ["system:masters"] },
      );
      return (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    };
    const [left, right] = [await open(), await open()];
    await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    expect((await left.next()).value).toBe((await right.next()).value);
  });
});
