import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf } from "../api-types/life.js";
import { Widget } from "../client/testing/fake-kind.js";
import { type CacheChange, createCache, splitKey } from "./cache.js";

interface Thing {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly spec: { readonly size: number; readonly group?: string };
}

function thing(name: string, version: number, options: { uid?: string; size?: number; group?: string } = {}): Thing {
  const { uid = `uid-${name}`, size = version, group } = options;
  return {
    apiVersion: "example.dev/v1",
    kind: "Widget",
    metadata: { name, namespace: "ns", uid, resourceVersion: String(version) },
    spec: { size, ...(group === undefined ? {} : { group }) },
  };
}

function subject() {
  const cache = createCache(Widget, { group: (widget) => (widget.spec.group ? [widget.spec.group] : []) });
  const changes: string[] = [];
  cache.changes$.subscribe((change: CacheChange<{ metadata: { resourceVersion?: string } }>) =>
    changes.push(
      `${change.previous?.metadata.resourceVersion ?? ""}>${change.current?.metadata.resourceVersion ?? ""}`,
    ),
  );
  const names = () => cache.list().map((widget) => `${widget.metadata.name}@${widget.metadata.resourceVersion}`);
  return { cache, changes, names };
}

describe("cache", () => {
  it("says that it has synced after the first list only", () => {
    const { cache } = subject();
    cache.apply({ type: "Applied", object: thing("a", 5) });
    expect(cache.hasSynced()).toBe(false);
    cache.apply({ type: "Synced", objects: [], resourceVersion: "5" });
    expect(cache.hasSynced()).toBe(true);
  });

  it("turns a second list into differences", () => {
    const { cache, changes, names } = subject();
    cache.apply({ type: "Synced", objects: [thing("a", 1), thing("b", 2), thing("c", 3)], resourceVersion: "3" });
    changes.length = 0;
    cache.apply({ type: "Synced", objects: [thing("a", 1), thing("b", 5), thing("d", 6)], resourceVersion: "6" });
    expect(changes).toEqual(["3>", "2>5", ">6"]);
    expect(names()).toEqual(["a@1", "b@5", "d@6"]);
  });

  it("keeps what was written after a list was taken", () => {
    const { cache, names } = subject();
    cache.apply({ type: "Synced", objects: [], resourceVersion: "3" });
    cache.confirm(thing("a", 9));
    cache.apply({ type: "Synced", objects: [], resourceVersion: "8" });
    expect(names()).toEqual(["a@9"]);
    cache.apply({ type: "Synced", objects: [], resourceVersion: "10" });
    expect(names()).toEqual([]);
  });

  it("believes a list from before the horizon: the store went back", () => {
    const { cache, names } = subject();
    cache.apply({ type: "Synced", objects: [thing("a", 90), thing("b", 95)], resourceVersion: "100" });
    cache.apply({ type: "Synced", objects: [thing("a", 40)], resourceVersion: "50" });
    expect(names()).toEqual(["a@40"]);
  });

  it("shows an own write before the stream tells it, and ignores the older event that follows", () => {
    const { cache, changes, names } = subject();
    cache.apply({ type: "Synced", objects: [thing("a", 1)], resourceVersion: "1" });
    cache.confirm(thing("a", 7));
    cache.apply({ type: "Applied", object: thing("a", 4) });
    cache.apply({ type: "Applied", object: thing("a", 7) });
    expect(names()).toEqual(["a@7"]);
    expect(changes).toEqual([">1", "1>7"]);
  });

  it("does not let the late answer to an own write revive what was deleted since", () => {
    const { cache, names } = subject();
    cache.apply({ type: "Synced", objects: [], resourceVersion: "1" });
    cache.apply({ type: "Applied", object: thing("a", 5) });
    cache.apply({ type: "Deleted", object: thing("a", 6) });
    cache.confirm(thing("a", 5));
    expect(names()).toEqual([]);
  });

  it("hides what an own deletion removed from older events, and shows its successor", () => {
    const { cache, names } = subject();
    cache.apply({ type: "Synced", objects: [thing("a", 1)], resourceVersion: "1" });
    cache.confirmDeleted("ns/a", "uid-a");
    cache.apply({ type: "Applied", object: thing("a", 3) });
    expect(names()).toEqual([]);
    cache.apply({ type: "Deleted", object: thing("a", 4) });
    cache.apply({ type: "Applied", object: thing("a", 5, { uid: "second" }) });
    expect(names()).toEqual(["a@5"]);
  });

  it("leaves a successor alone when the deletion of its predecessor is confirmed", () => {
    const { cache, names } = subject();
    cache.apply({ type: "Synced", objects: [thing("a", 5, { uid: "second" })], resourceVersion: "5" });
    cache.confirmDeleted("ns/a", "first");
    expect(names()).toEqual(["a@5"]);
  });

  it("drops a deletion that is older than the known object", () => {
    const { cache, names } = subject();
    cache.confirm(thing("a", 9, { uid: "second" }));
    cache.apply({ type: "Deleted", object: thing("a", 8) });
    expect(names()).toEqual(["a@9"]);
  });

  it("finds by index, in order of keys, and follows changes of the indexed value", () => {
    const { cache } = subject();
    const found = (group: string) => cache.by("group", group).map((widget) => widget.metadata.name);
    cache.apply({
      type: "Synced",
      objects: [thing("b", 2, { group: "x" }), thing("a", 1, { group: "x" })],
      resourceVersion: "2",
    });
    expect(found("x")).toEqual(["a", "b"]);
    cache.apply({ type: "Applied", object: thing("a", 3, { group: "y" }) });
    expect([found("x"), found("y"), found("z")]).toEqual([["b"], ["a"], []]);
    cache.addIndexers({ size: (widget) => [String(widget.spec.size)] });
    expect(cache.by("size", "3").map(keyOf)).toEqual(["ns/a"]);
    expect(() => cache.by("other", "x")).toThrow("no index other");
  });

  it("freezes its objects deeply", () => {
    const { cache } = subject();
    cache.apply({ type: "Applied", object: thing("a", 1) });
    const known = cache.get("ns/a");
    expect(Object.isFrozen(known) && Object.isFrozen(known?.spec) && Object.isFrozen(known?.metadata)).toBe(true);
  });

  it("splits what keyOf joined", () => {
    expect(splitKey("ns/a")).toEqual({ namespace: "ns", name: "a" });
    expect(splitKey("a")).toEqual({ name: "a" });
  });
});

/** One write on the server; `own` ones answer us, and the stream tells every one of them later. */
interface Step {
  readonly type: "put" | "delete";
  readonly name: string;
  readonly isOwn: boolean;
  /** After it so many stream events arrive. */
  readonly delivered: number;
  readonly isRelisted: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    type: fc.constantFrom("put", "put", "delete"),
    name: fc.constantFrom("a", "b", "c"),
    isOwn: fc.boolean(),
    delivered: fc.nat(4),
    isRelisted: fc.boolean(),
  }),
  { maxLength: 40 },
);

interface Sides {
  readonly cache: ReturnType<typeof subject>["cache"];
  readonly server: Map<string, Thing>;
  /** What the watch has still to tell. */
  readonly stream: (() => void)[];
}

/** Changes the server; the writer's own cache shows its own write at once. */
function write({ cache, server, stream }: Sides, { name, type, isOwn }: Step, version: number): void {
  const known = server.get(name);
  if (type === "put") {
    const object = thing(name, version, { uid: known?.metadata.uid ?? `uid-${version}` });
    server.set(name, object);
    stream.push(() => cache.apply({ type: "Applied", object }));
    if (isOwn) cache.confirm(object);
  } else {
    if (known === undefined) return;
    server.delete(name);
    const object = thing(name, version, { uid: known.metadata.uid });
    stream.push(() => cache.apply({ type: "Deleted", object }));
    if (isOwn) cache.confirmDeleted(`ns/${name}`, known.metadata.uid);
  }
  if (isOwn) expect(cache.get(`ns/${name}`)?.metadata).toEqual(server.get(name)?.metadata);
}

describe("cache and server", () => {
  it("agree after any order of own writes, foreign writes, late events and lists", () => {
    void fc.assert(
      fc.property(steps, (script) => {
        const { cache } = subject();
        const server = new Map<string, Thing>();
        const stream: (() => void)[] = [];
        cache.apply({ type: "Synced", objects: [], resourceVersion: "0" });
        for (const [index, step] of script.entries()) {
          const version = index + 1;
          write({ cache, server, stream }, step, version);
          for (const deliver of stream.splice(0, step.delivered)) deliver();
          if (!step.isRelisted) continue;
          stream.length = 0; // a list replaces what the old watch had still to tell
          cache.apply({ type: "Synced", objects: [...server.values()], resourceVersion: String(version) });
        }
        for (const deliver of stream) deliver();
        expect(cache.list().map((object) => object.metadata)).toEqual(
          [...server.values()].map((object) => object.metadata).sort((a, b) => (a.name < b.name ? -1 : 1)),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("the order of what a cache holds", () => {
  const turn = fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e"),
    group: fc.constantFrom("x", "y", undefined),
    isGone: fc.boolean(),
  });

  it("is that of the keys after every change, in the whole and in each index", () => {
    void fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (script) => {
        const { cache } = subject();
        let expected: readonly Thing[] = [];
        for (const [version, { name, group, isGone }] of script.entries()) {
          const object = thing(name, version, group === undefined ? {} : { group });
          cache.apply({ type: isGone ? "Deleted" : "Applied", object });
          const others = expected.filter(({ metadata }) => metadata.name !== name);
          expected = isGone ? others : [...others, object].sort(byName);
          expect(cache.list()).toEqual(expected);
          expect(cache.by("group", "x")).toEqual(expected.filter(({ spec }) => spec.group === "x"));
          expect(cache.by("group", "y")).toEqual(expected.filter(({ spec }) => spec.group === "y"));
        }
      }),
    );
  });

  function byName(a: Thing, b: Thing): number {
    return a.metadata.name < b.metadata.name ? -1 : 1;
  }
});
