import { expect, it } from "vitest";
import { CompactedError, type StoreEvent } from "../../store.js";
import { bytes, commit, create, follow, type StoreHarness, told } from "../harness/suite.js";

const changes = (count: number) => (events: readonly StoreEvent[]) =>
  events.filter((event) => event.type !== "progress").length >= count;

/** What a watch promises. */
export function watchSuite(harness: () => StoreHarness): void {
  const store = () => harness().store();

  it("tells creations, updates and deletions in order, with what stood there before", async () => {
    const before = await store().current();
    const live = follow(store, "a/", before);
    const first = await create(store(), "a/x", "1");
    const second = await commit(store(), { type: "update", key: "a/x", value: bytes("2"), revision: first });
    await create(store(), "a", "neighbour");
    await create(store(), "a0", "neighbour");
    const third = await commit(store(), { type: "delete", key: "a/x", revision: second });
    const fourth = await create(store(), "a/x", "3");
    await live.until(changes(4));
    const replayed = follow(store, "a/", before);
    await replayed.until(changes(4));
    const expected = ["+a/x=1", "~1>a/x=2", "-a/x=2", "+a/x=3"];
    for (const watch of [live, replayed]) {
      expect(told(watch.events)).toEqual(expected);
      const revisions = watch.events.flatMap((event) => (event.type === "progress" ? [] : [event.revision]));
      expect(revisions).toEqual([first, second, third, fourth]);
      watch.stop();
    }
    const rest = follow(store, "a/", second);
    await rest.until(changes(2));
    expect(told(rest.events)).toEqual(expected.slice(2));
    rest.stop();
  });

  it("never tells internal keys, but that their revision passed", async () => {
    const all = follow(store, "", await store().current());
    const internal = follow(store, "_", await store().current());
    const options = { internal: [{ key: "_term", value: bytes("1") }] };
    await store().write({ type: "create", key: "a", value: bytes("a") }, options);
    await store().write({ type: "create", key: "_own", value: bytes("b") });
    await create(store(), "z");
    await all.until(changes(2));
    expect(told(all.events)).toEqual(["+a=a", "+z=z"]);
    expect(told(internal.events)).toEqual([]);
    all.stop();
    internal.stop();
  });

  it("never goes back: revisions of changes and progress only grow", async () => {
    const watch = follow(store, "a/", await store().current());
    for (let index = 0; index < 20; index++) await create(store(), index % 2 === 0 ? `a/${index}` : `b/${index}`);
    await watch.until(changes(10));
    const revisions = watch.events.map((event) => event.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    watch.stop();
  });

  it("tells many watchers the same, and one that left nothing more", async () => {
    const before = await store().current();
    const watches = Array.from({ length: 50 }, (_, index) => follow(store, index % 2 === 0 ? "a/" : "", before));
    const gone = follow(store, "a/", before);
    gone.stop();
    for (let index = 0; index < 20; index++) await create(store(), `a/${index}`);
    const expected = Array.from({ length: 20 }, (_, index) => `+a/${index}=a/${index}`);
    for (const watch of watches) {
      await watch.until(changes(20));
      expect(told(watch.events)).toEqual(expected);
      watch.stop();
    }
    expect(gone.events).toEqual([]);
  });

  it("errors with what is compacted, and a watch from there on misses nothing", async () => {
    const before = await store().current();
    const first = await create(store(), "a", "1");
    const open = follow(store, "a", before);
    await open.until(changes(1));
    await commit(store(), { type: "update", key: "a", value: bytes("2"), revision: first });
    await harness().compact();
    await expect(follow(store, "a", before).until(changes(1))).rejects.toBeInstanceOf(CompactedError);
    const revision = (await store().get("a"))?.revision ?? 0;
    const later = follow(store, "a", await store().current());
    await commit(store(), { type: "delete", key: "a", revision });
    await later.until(changes(1));
    expect(told(later.events)).toEqual(["-a=2"]);
    await open.until(changes(3));
    expect(told(open.events)).toEqual(["+a=1", "~1>a=2", "-a=2"]);
    open.stop();
    later.stop();
  });

  it("replays twelve megabytes", async () => {
    const before = await store().current();
    const value = new Uint8Array(60_000).fill(7);
    const keys = Array.from({ length: 200 }, (_, index) => `big/${index}`);
    for (const key of keys) await commit(store(), { type: "create", key, value });
    const watch = follow(store, "big/", before);
    await watch.until(changes(200));
    expect(watch.events.flatMap((event) => (event.type === "put" ? [event.key] : []))).toEqual(keys);
    expect(watch.events.every((event) => event.type !== "put" || event.value.length === value.length)).toBe(true);
    watch.stop();
  });

  it("misses nothing and repeats nothing over a restart", async () => {
    const { restart } = harness();
    if (restart === undefined) return;
    const watch = follow(store, "a/", await store().current());
    const expected = [];
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 10; index++) {
        await create(store(), `a/${round}-${index}`, "x");
        expected.push(`+a/${round}-${index}=x`);
      }
      if (round === 2) break;
      await restart();
    }
    await watch.until(changes(30));
    expect(told(watch.events)).toEqual(expected);
    watch.stop();
  });
}
