import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../api-types/meta/object.js";
import { type Change, resourceCache } from "./resource-cache.js";

const object = (name: string, revision: number): KubeObject => ({
  apiVersion: "v1",
  kind: "X",
  metadata: { name, resourceVersion: String(revision) },
});

type Step = { readonly type: "put" | "remove"; readonly name: string };

const steps = fc.array(
  fc.record({
    type: fc.constantFrom<Step["type"]>("put", "put", "remove"),
    name: fc.constantFrom("a", "b", "c", "ab", "n/x", "n/y"),
  }),
);

function run(script: readonly Step[]) {
  const cache = resourceCache();
  const model = new Map<string, number>();
  const heard: Change[] = [];
  cache.listen({ change: (change) => heard.push(change), reset: () => {} });
  let revision = 10;
  cache.reset(new Map(), revision);
  for (const { type, name } of script) {
    revision++;
    if (type === "put") {
      cache.put(name, object(name, revision), revision);
      model.set(name, revision);
    } else {
      cache.remove(name, revision);
      model.delete(name);
    }
  }
  return { cache, model, heard, revision };
}

describe("the cache of a resource", () => {
  it("holds what was put and not removed, in key order, whole or by prefix", () => {
    fc.assert(
      fc.property(steps, fc.constantFrom("", "a", "n/"), (script, prefix) => {
        const { cache, model } = run(script);
        const expected = [...model.keys()].filter((key) => key.startsWith(prefix)).sort();
        expect(cache.range(prefix).map(({ metadata }) => metadata.name)).toEqual(expected);
        expect(cache.size).toBe(model.size);
      }),
    );
  });

  it("replays to a late watcher what an early one heard after the same revision", () => {
    fc.assert(
      fc.property(steps, fc.nat(20), (script, offset) => {
        const { cache, heard } = run(script);
        const since = cache.since(10 + offset);
        expect(since).toEqual(heard.filter((change) => change.revision > 10 + offset));
      }),
    );
  });

  it("knows nothing from before its last full read, nor from below its ring", () => {
    const { cache } = run([{ type: "put", name: "a" }]);
    expect(cache.since(9)).toBeUndefined();
    expect(cache.since(10)).toHaveLength(1);
    for (let revision = 100; revision < 100 + 20_000; revision++) cache.put("a", object("a", revision), revision);
    expect(cache.since(10)).toBeUndefined();
    expect(cache.since(100 + 19_990)).toHaveLength(9);
  });
});
