import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytes, commit, create, type StoreHarness, text } from "./conformance/harness/suite.js";
import { modelSuite } from "./conformance/model/suite.js";
import { watchSuite } from "./conformance/watch/suite.js";
import { CompactedError, FutureRevisionError, type Write, type WriteResult } from "./store.js";

export interface StoreSuiteOptions {
  /** How many random histories the model is compared with. */
  readonly histories?: number;
}

/** The promises of `Store`, checked for one implementation; each test opens its own, empty one. */
export function storeSuite(name: string, open: () => Promise<StoreHarness>, options: StoreSuiteOptions = {}): void {
  // a busy disk takes milliseconds for each of thousands of writes
  describe(`${name} keeps the promises of a store`, { timeout: 60_000 }, () => {
    let harness: StoreHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.close();
    });
    const current = () => harness;
    describe("writing", () => writeSuite(current));
    describe("transactions", () => transactionSuite(current));
    describe("listing", () => listSuite(current));
    describe("the past", () => historySuite(current));
    describe("watching", () => watchSuite(current));
    describe("any history", () => modelSuite(current, options.histories ?? 30));
  });
}

function writeSuite(harness: () => StoreHarness): void {
  it("creates what is absent, and reads it back with its revision", async () => {
    const store = harness().store();
    const revision = await create(store, "a", "1");
    expect(await store.get("a")).toEqual({ key: "a", value: new Uint8Array(bytes("1")), revision });
    expect(await store.get("b")).toBeUndefined();
  });

  const refusals: { name: string; write: (revision: number) => Write; stands: string | undefined }[] = [
    { name: "a creation of what exists", write: () => ({ type: "create", key: "a", value: bytes("2") }), stands: "1" },
    {
      name: "an update from an older revision",
      write: (revision) => ({ type: "update", key: "a", value: bytes("2"), revision: revision - 1 }),
      stands: "1",
    },
    {
      name: "an update from a later revision",
      write: (revision) => ({ type: "update", key: "a", value: bytes("2"), revision: revision + 1 }),
      stands: "1",
    },
    {
      name: "a deletion at another revision",
      write: (r) => ({ type: "delete", key: "a", revision: r - 1 }),
      stands: "1",
    },
    {
      name: "an update of what is absent",
      write: (r) => ({ type: "update", key: "b", value: bytes("2"), revision: r }),
      stands: undefined,
    },
    {
      name: "a deletion of what is absent",
      write: (revision) => ({ type: "delete", key: "b", revision }),
      stands: undefined,
    },
    {
      name: "an update of nothing at revision 0",
      write: () => ({ type: "update", key: "b", value: bytes("2"), revision: 0 }),
      stands: undefined,
    },
    {
      name: "a deletion of nothing at revision 0",
      write: () => ({ type: "delete", key: "b", revision: 0 }),
      stands: undefined,
    },
  ];
  it.each(refusals)("refuses $name and says what stands there", async ({ write, stands }) => {
    const store = harness().store();
    const revision = await create(store, "a", "1");
    const result = await store.write(write(revision));
    expect(result.type === "conflict" ? text(result.entry?.value) : result).toBe(stands);
    expect(await store.current()).toBe(revision);
  });

  it("gives every change of any key a larger revision, and a deleted key can be created again", async () => {
    const store = harness().store();
    const first = await create(store, "a");
    const second = await create(store, "b");
    const third = await commit(store, { type: "update", key: "a", value: bytes("2"), revision: first });
    const fourth = await commit(store, { type: "delete", key: "a", revision: third });
    const fifth = await create(store, "a");
    expect([second, third, fourth, fifth]).toEqual([first + 1, first + 2, first + 3, first + 4]);
    expect(await store.current()).toBe(fifth);
  });

  it("lets exactly one of many concurrent writers win", async () => {
    const store = harness().store();
    const revision = await create(store, "a");
    const values = Array.from({ length: 40 }, (_, index) => bytes(String(index)));
    const results = await Promise.all(
      values.map((value) => store.write({ type: "update", key: "a", value, revision })),
    );
    expect(results.filter((result) => result.type === "committed")).toHaveLength(1);
  });

  it("keeps any bytes, nothing at all, and a mebibyte", async () => {
    const store = harness().store();
    const values = [
      Uint8Array.from({ length: 256 }, (_, index) => index),
      new Uint8Array(0),
      new Uint8Array(1 << 20).fill(0xff),
    ];
    for (const [index, value] of values.entries()) {
      await commit(store, { type: "create", key: `bytes/${index}`, value });
      expect(Buffer.compare((await store.get(`bytes/${index}`))?.value ?? bytes("absent"), value)).toBe(0);
    }
  });
}

function transactionSuite(harness: () => StoreHarness): void {
  const put = (key: string): Write => ({ type: "create", key, value: bytes(key) });

  it("writes internal keys at the revision of the change", async () => {
    const store = harness().store();
    const result = await store.write(put("a"), { internal: [{ key: "_term/x", value: bytes("1") }] });
    const again = await store.write(put("b"), { internal: [{ key: "_term/x", value: bytes("2") }] });
    expect(again.type === "committed" && result.type === "committed" && again.revision - result.revision).toBe(1);
    expect(await store.get("_term/x")).toMatchObject({ revision: again.type === "committed" && again.revision });
    expect(text((await store.get("_term/x"))?.value)).toBe("2");
  });

  it("refuses a write whose guard moved, names the guard, and writes nothing", async () => {
    const store = harness().store();
    const term = await store.write(put("lease"), { internal: [{ key: "_term/x", value: bytes("1") }] });
    const revision = term.type === "committed" ? term.revision : 0;
    const guards = [{ key: "_term/x", revision }];
    expect((await store.write(put("a"), { guards })).type).toBe("committed");
    await store.write(put("lease2"), { internal: [{ key: "_term/x", value: bytes("2") }] });
    const refused: WriteResult = { type: "guardFailed", key: "_term/x" };
    expect(await store.write(put("b"), { guards, internal: [{ key: "_other", value: bytes("1") }] })).toEqual(refused);
    expect([await store.get("b"), await store.get("_other")]).toEqual([undefined, undefined]);
  });

  it("looks at guards before it looks for a conflict, and a guard at revision 0 asks for absence", async () => {
    const store = harness().store();
    await create(store, "a");
    expect((await store.write(put("b"), { guards: [{ key: "_none", revision: 0 }] })).type).toBe("committed");
    const result = await store.write(put("a"), { guards: [{ key: "a", revision: 0 }] });
    expect(result).toEqual({ type: "guardFailed", key: "a" });
  });
}

function listSuite(harness: () => StoreHarness): void {
  const keysOf = (page: { entries: readonly { key: string }[] }) => page.entries.map((entry) => entry.key);

  it("lists a prefix in the order of bytes, without its neighbours and without internal keys", async () => {
    const store = harness().store();
    const keys = [
      "a/b",
      "a/B",
      "a",
      "a/",
      "a0",
      "a.",
      "b/a",
      "a/\u{1F600}",
      "a/\uFFFD",
      "a/é",
      "A/x",
      "z",
      "a/b/c",
      "a/\u0001",
    ];
    for (const key of keys) await create(store, key);
    await store.write(
      { type: "create", key: "last", value: bytes("") },
      { internal: [{ key: "_a/x", value: bytes("") }] },
    );
    const sorted = (prefix: string) =>
      [...keys, "last"].filter((key) => key.startsWith(prefix)).sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    for (const prefix of ["a/", "a", "", "b/a", "nothing"])
      expect(keysOf(await store.list(prefix))).toEqual(sorted(prefix));
    expect(keysOf(await store.list("_a/"))).toEqual(["_a/x"]);
  });

  it("says the current revision, also of an empty prefix", async () => {
    const store = harness().store();
    const revision = await create(store, "a");
    expect(await store.list("b/")).toEqual({ entries: [], revision, hasMore: false });
  });

  it("pages through one snapshot while others write", async () => {
    const store = harness().store();
    for (let index = 0; index < 25; index++) await create(store, `p/${String(index).padStart(2, "0")}`);
    const first = await store.list("p/", { limit: 10 });
    const inFirst = first.entries[3]!; // there are ten
    await commit(store, { type: "delete", key: inFirst.key, revision: inFirst.revision });
    await create(store, "p/05a");
    await create(store, "p/99");
    const later = await store.get("p/20");
    await commit(store, { type: "delete", key: "p/20", revision: later?.revision ?? 0 });
    const pages = [first];
    for (let page = first; page.hasMore; pages.push(page)) {
      page = await store.list("p/", {
        limit: 10,
        atRevision: first.revision,
        startAfter: page.entries.at(-1)?.key ?? "",
      });
    }
    expect(pages.map((page) => [page.entries.length, page.hasMore])).toEqual([
      [10, true],
      [10, true],
      [5, false],
    ]);
    const expected = Array.from({ length: 25 }, (_, index) => `p/${String(index).padStart(2, "0")}`);
    expect(pages.flatMap(keysOf)).toEqual(expected);
  });

  it("lists more than a thousand entries, whole or limited", async () => {
    const store = harness().store();
    await Promise.all(Array.from({ length: 1203 }, (_, index) => create(store, `many/${index}`)));
    expect((await store.list("many/")).entries).toHaveLength(1203);
    const page = await store.list("many/", { limit: 1100 });
    expect([page.entries.length, page.hasMore]).toEqual([1100, true]);
    const exact = await store.list("many/", { limit: 1203 });
    expect([exact.entries.length, exact.hasMore]).toEqual([1203, false]);
  });
}

function historySuite(harness: () => StoreHarness): void {
  it("lists the state at each kept revision", async () => {
    const store = harness().store();
    const first = await create(store, "a", "1");
    const second = await commit(store, { type: "update", key: "a", value: bytes("2"), revision: first });
    const third = await commit(store, { type: "delete", key: "a", revision: second });
    const seen = [];
    for (const atRevision of [first - 1, first, second, third]) {
      const page = await store.list("a", { atRevision });
      seen.push([page.revision, ...page.entries.map((entry) => [text(entry.value), entry.revision])]);
    }
    expect(seen).toEqual([[first - 1], [first, ["1", first]], [second, ["2", second]], [third]]);
  });

  it("refuses the future, and names the present", async () => {
    const store = harness().store();
    const revision = await create(store, "a");
    const error = await store.list("a", { atRevision: revision + 1 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FutureRevisionError);
    expect(error).toMatchObject({ currentRevision: revision });
  });

  it("says when a past is compacted, and still lists what came after", async () => {
    const store = harness().store();
    const first = await create(store, "a", "1");
    const second = await commit(store, { type: "update", key: "a", value: bytes("2"), revision: first });
    await harness().compact();
    const error = await store.list("a", { atRevision: first }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CompactedError);
    expect(error instanceof CompactedError && error.compactedRevision).toBeGreaterThanOrEqual(second);
    expect(text((await store.list("a")).entries[0]?.value)).toBe("2");
    const third = await commit(store, { type: "update", key: "a", value: bytes("3"), revision: second });
    expect(text((await store.list("a", { atRevision: third })).entries[0]?.value)).toBe("3");
  });
}
