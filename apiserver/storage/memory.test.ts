import { describe, expect, it } from "vitest";
import { virtualClock } from "../../platform/virtual-clock.js";
import { create, follow, told } from "./conformance/harness/suite.js";
import { memoryStore } from "./memory.js";
import { CompactedError, type Store, StoreUnavailableError } from "./store.js";
import { storeSuite } from "./suite.js";

const HISTORY = { ageMs: 1_000, revisions: 5 };

storeSuite(
  "the memory store",
  async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock, history: HISTORY });
    return {
      store: () => store,
      async compact() {
        await clock.advance(HISTORY.ageMs);
        for (let filler = 0; filler < HISTORY.revisions; filler++) await create(store, `filler/${filler}`);
      },
      close: () => store.close(),
    };
  },
  { histories: 300 },
);

describe("the memory store", () => {
  const isKept = (store: Store, atRevision: number) =>
    store.list("", { atRevision }).then(
      () => true,
      (error: unknown) => !(error instanceof CompactedError),
    );

  it("keeps the past as long as age or number of revisions asks", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock, history: HISTORY });
    const first = await create(store, "old");
    for (let index = 0; index < 10; index++) await create(store, `young/${index}`);
    expect(await isKept(store, first - 1)).toBe(true);
    await clock.advance(HISTORY.ageMs);
    const last = await create(store, "one more");
    expect([await isKept(store, last - 6), await isKept(store, last - 5)]).toEqual([false, true]);
  });

  it("delivers in microtasks, after the write returned to its caller", async () => {
    const store = memoryStore({ clock: virtualClock() });
    const watch = follow(() => store, "", await store.current());
    const writing = create(store, "a");
    expect(watch.events).toEqual([]);
    await writing;
    await Promise.resolve();
    expect(told(watch.events)).toEqual(["+a=a"]);
  });

  it("tells a watcher of another prefix that the revision passed", async () => {
    const store = memoryStore({ clock: virtualClock() });
    const watch = follow(() => store, "b/", await store.current());
    const revision = await create(store, "a");
    await watch.until((events) => events.length > 0);
    expect(watch.events).toEqual([{ type: "progress", revision }]);
  });

  it("refuses everything after it was closed", async () => {
    const store = memoryStore({ clock: virtualClock() });
    let failure: unknown;
    store.watch$("", 1).subscribe({ error: (error: unknown) => (failure = error) });
    await store.close();
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    await expect(store.get("a")).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});
