import { filter } from "rxjs";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../../platform/virtual-clock.js";
import { startHarness } from "../http/testing/api-harness.js";
import { CONFIG_MAPS, configMap, MERGE } from "../http/testing/samples.js";
import { memoryStore } from "../storage/memory.js";
import type { Store } from "../storage/store.js";

/** Two servers over one store; the first counts its reads, and its cache can be made to fall behind. */
async function setUp() {
  const clock = virtualClock();
  const store = memoryStore({ clock });
  const state = { reads: 0, isBehind: false };
  const watched: Store = {
    ...store,
    get(key) {
      state.reads += 1;
      return store.get(key);
    },
    watch$: (prefix, revision) => store.watch$(prefix, revision).pipe(filter(() => !state.isBehind)),
  };
  const first = await startHarness({ clock, store: watched });
  const second = await startHarness({ clock, store });
  await first.call("POST", CONFIG_MAPS, { body: configMap("one") });
  await clock.advance(0);
  state.reads = 0;
  const patch = (data: object) => first.call("PATCH", `${CONFIG_MAPS}/one`, { body: { data }, type: MERGE });
  return { state, first, second, patch };
}

describe("a write", () => {
  it("is decided on the cache, without a read of the store", async () => {
    const { state, patch } = await setUp();
    expect((await patch({ b: "2" })).body.data).toEqual({ a: "1", b: "2" });
    expect(state.reads).toBe(0);
  });

  it("that would change nothing is decided on what is stored", async () => {
    const { state, second, patch } = await setUp();
    expect((await patch({ a: "1" })).status).toBe(200);
    expect(state.reads).toBe(1);
    state.isBehind = true;
    await second.call("PATCH", `${CONFIG_MAPS}/one`, { body: { data: { a: "9" } }, type: MERGE });
    expect((await patch({ a: "1" })).body.data).toEqual({ a: "1" });
  });

  it("through a server that is behind loses nothing of another writer's", async () => {
    const { state, second, patch } = await setUp();
    state.isBehind = true;
    await second.call("PATCH", `${CONFIG_MAPS}/one`, { body: { data: { b: "2" } }, type: MERGE });
    expect((await patch({ c: "3" })).body.data).toEqual({ a: "1", b: "2", c: "3" });
  });

  it("is refused only on what is stored, not on what the cache still holds", async () => {
    const { state, first, second } = await setUp();
    state.isBehind = true;
    const newer = await second.call("PATCH", `${CONFIG_MAPS}/one`, { body: { data: { b: "2" } }, type: MERGE });
    const update = (version: string) =>
      first.call("PUT", `${CONFIG_MAPS}/one`, { body: configMap("one", { resourceVersion: version }, { d: "4" }) });
    expect((await update(newer.body.metadata.resourceVersion)).body.data).toEqual({ d: "4" });
    expect((await update(newer.body.metadata.resourceVersion)).status).toBe(409);
  });

  it("creates what another server deleted, and deletes what is there only once", async () => {
    const { state, first, second } = await setUp();
    state.isBehind = true;
    await second.call("DELETE", `${CONFIG_MAPS}/one`);
    expect((await first.call("DELETE", `${CONFIG_MAPS}/one`)).status).toBe(404);
    expect((await first.call("POST", CONFIG_MAPS, { body: configMap("one") })).status).toBe(201);
  });
});
