import { filter, Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { type VirtualClock, virtualClock } from "../../../platform/virtual-clock.js";
import { startHarness } from "../../http/testing/api-harness.js";
import { CONFIG_MAPS, configMap, MERGE } from "../../http/testing/samples.js";
import { memoryStore } from "../../storage/memory.js";
import { CompactedError, type Store, type StoreEvent } from "../../storage/store.js";

/** A store whose watch can be broken on purpose. */
function breakableStore(clock: VirtualClock) {
  const store = memoryStore({ clock });
  const watched: number[] = [];
  const state: { isDown: boolean; oldest: number; fail: (error: unknown) => void } = {
    isDown: false,
    oldest: 0,
    fail: () => {},
  };
  const broken: Store = {
    ...store,
    watch$: (prefix, afterRevision) =>
      new Observable<StoreEvent>((subscriber) => {
        watched.push(afterRevision);
        if (afterRevision < state.oldest) subscriber.error(new CompactedError(state.oldest));
        if (state.isDown) subscriber.error(new Error("connection refused"));
        const subscription = store.watch$(prefix, afterRevision).subscribe((event) => subscriber.next(event));
        state.fail = (error) => {
          subscription.unsubscribe();
          subscriber.error(error);
        };
        return () => subscription.unsubscribe();
      }),
  };
  return { store: broken, watched, state, breakWatch: (error: unknown) => state.fail(error) };
}

describe("the feed of the caches", () => {
  it("goes on where it was after a fault: watchers stay, and miss and repeat nothing", async () => {
    const clock = virtualClock();
    const { store, watched, breakWatch } = breakableStore(clock);
    const api = await startHarness({ clock, store });
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`);
    await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    const at = await store.current();
    breakWatch(new Error("connection reset"));
    expect((await api.call("GET", "/readyz")).status).toBe(500);
    const written = await api.call("POST", CONFIG_MAPS, { body: configMap("two") });
    expect(written.status).toBe(201);
    await clock.advance(1000);
    expect(watched.at(-1)).toBe(at);
    expect((await watch.read()).map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      "ADDED one",
      "ADDED two",
    ]);
    expect((await api.call("GET", "/readyz")).status).toBe(200);
  });

  it("reads everything again when history is gone, and ends its watchers", async () => {
    const clock = virtualClock();
    const { store, state, breakWatch } = breakableStore(clock);
    const api = await startHarness({ clock, store });
    await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true`);
    const { body } = await api.call("GET", CONFIG_MAPS);
    state.oldest = Number(body.metadata.resourceVersion) + 1;
    breakWatch(new CompactedError(state.oldest));
    await api.call("PATCH", `${CONFIG_MAPS}/one`, { body: { data: { b: "2" } }, type: MERGE });
    await clock.advance(1000);
    await watch.read();
    expect(watch.isDone()).toBe(true);
    expect((await api.call("GET", `${CONFIG_MAPS}/one`)).body.data).toEqual({ a: "1", b: "2" });
    const resumed = await api.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    expect((await resumed.read())[0]).toMatchObject({ type: "ERROR", object: { code: 410 } });
  });

  it("lets fresh reads wait while it is behind, and fail in words when it stays so", async () => {
    const clock = virtualClock();
    const { store, state, breakWatch } = breakableStore(clock);
    const api = await startHarness({ clock, store });
    breakWatch(new Error("connection reset"));
    await api.call("POST", CONFIG_MAPS, { body: configMap("one") });
    const waiting = api.call("GET", `${CONFIG_MAPS}/one`);
    await clock.advance(200);
    expect((await waiting).status).toBe(200);
    state.isDown = true;
    breakWatch(new Error("connection reset"));
    await api.call("POST", CONFIG_MAPS, { body: configMap("two") });
    const failing = api.call("GET", `${CONFIG_MAPS}/one`);
    await clock.advance(5000);
    expect(await failing).toMatchObject({ status: 504, headers: { "retry-after": "1" } });
    expect((await api.call("GET", `${CONFIG_MAPS}/one?resourceVersion=0`)).status).toBe(200);
    state.isDown = false;
    await clock.advance(60_000);
    expect((await api.call("GET", `${CONFIG_MAPS}/two`)).status).toBe(200);
  });

  it.each([
    ["a quiet store", false],
    ["a missed change", true],
  ])("on a store that others write to tells %s from the other by a full read", async (_title, isBehind) => {
    const clock = virtualClock();
    const inner = memoryStore({ clock });
    const own = await startHarness({ clock, store: inner });
    await own.call("POST", CONFIG_MAPS, { body: configMap("one") });
    let delivers = true;
    const store: Store = {
      ...inner,
      current: async () => (await inner.current()) + (delivers ? 0 : 7),
      list: async (prefix, options) => {
        const page = await inner.list(prefix, options);
        return delivers ? page : { ...page, revision: page.revision + 7 };
      },
      watch$: (prefix, after) => inner.watch$(prefix, after).pipe(filter(() => delivers)),
    };
    const api = await startHarness({ clock, store });
    delivers = false;
    if (isBehind) await own.call("DELETE", `${CONFIG_MAPS}/one`);
    const asked = api.call("GET", `${CONFIG_MAPS}/one`);
    await clock.advance(200);
    await clock.advance(5000);
    expect((await asked).status).toBe(isBehind ? 504 : 200);
  });

  it("proves the freshness of a quiet resource by the changes of others", async () => {
    const clock = virtualClock();
    const api = await startHarness({ clock, store: memoryStore({ clock }) });
    for (let index = 0; index < 3; index++) await api.call("POST", CONFIG_MAPS, { body: configMap(`m${index}`) });
    const { status, body } = await api.call("GET", "/api/v1/secrets");
    expect(status).toBe(200);
    expect(body.metadata.resourceVersion).toBe(String(await api.store.current()));
  });
});
