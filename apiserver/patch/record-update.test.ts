import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api-types/meta/object.js";
import { entryOf, SAMPLE_SCHEMA, sample, setOf } from "./fields/sample.js";
import { recordUpdate } from "./record-update.js";

function record(before: KubeObject | undefined, after: KubeObject, writer: object = {}): KubeObject {
  const defaults = { manager: "m", apiVersion: "test/v1", time: "2026-01-01T00:00:00Z" };
  return recordUpdate({ before, after, schema: SAMPLE_SCHEMA, writer: { ...defaults, ...writer } });
}

describe("recordUpdate", () => {
  it("owns everything of a new object but status and what names it", () => {
    const metadata = { uid: "u", labels: { l: "1" }, finalizers: ["a/b"] };
    const after = { ...sample({ services: [{ name: "s" }], tags: ["t"], list: [] }, metadata), status: { phase: "x" } };
    expect(setOf(record(undefined, after), "m")).toEqual({
      "f:metadata": { "f:labels": { ".": {}, "f:l": {} }, "f:finalizers": { ".": {}, 'v:"a/b"': {} } },
      "f:spec": {
        ".": {},
        "f:services": { ".": {}, 'k:{"name":"s"}': { ".": {}, "f:name": {} } },
        "f:tags": { ".": {}, 'v:"t"': {} },
        "f:list": {},
      },
    });
  });

  it("moves a changed field from the others to the writer", () => {
    const live = record(undefined, sample({ replicas: 1, image: "i" }));
    const after = record(live, { ...live, spec: { replicas: 2, image: "i" } }, { manager: "n" });
    expect(setOf(after, "m")).toEqual({ "f:spec": { ".": {}, "f:image": {} } });
    expect(setOf(after, "n")).toEqual({ "f:spec": { "f:replicas": {} } });
  });

  it("joins later changes to the entry of the same writer and door", () => {
    const live = record(undefined, sample({ replicas: 1 }));
    const after = record(live, { ...live, spec: { replicas: 1, image: "i" } }, { time: "2026-01-02T00:00:00Z" });
    expect(after.metadata.managedFields).toHaveLength(1);
    expect(entryOf(after, "m")).toMatchObject({
      time: "2026-01-02T00:00:00Z",
      fieldsV1: { "f:spec": { ".": {}, "f:replicas": {}, "f:image": {} } },
    });
    const status = record(after, { ...after, status: { phase: "up" } }, { subresource: "status" });
    expect(status.metadata.managedFields?.map((entry) => [entry.subresource, entry.fieldsV1])).toEqual([
      ["status", { "f:status": { ".": {}, "f:phase": {} } }],
      [undefined, { "f:spec": { ".": {}, "f:replicas": {}, "f:image": {} } }],
    ]);
    const scaled = record(live, { ...live, spec: { replicas: 3 } }, { subresource: "scale" });
    expect(scaled.metadata.managedFields).toMatchObject([
      { fieldsV1: { "f:spec": { ".": {} } } },
      { subresource: "scale", fieldsV1: { "f:spec": { "f:replicas": {} } } },
    ]);
  });

  it.each([[[]], [[{}]]])("clears all tracking for managedFields %j, and stays silent after", (managedFields) => {
    const live = record(undefined, sample({ replicas: 1 }));
    const cleared = record(live, { ...live, metadata: { name: "x", managedFields: managedFields as never } });
    expect(cleared.metadata).toEqual({ name: "x" });
    const later = record(cleared, { ...cleared, spec: { replicas: 2 } });
    expect(later.metadata.managedFields).toBeUndefined();
  });

  it("keeps the live managedFields when a request has none or unusable ones, or comes by a subresource", () => {
    const live = record(undefined, sample({ replicas: 1 }));
    for (const managedFields of [undefined, "x", [1], [{ manager: "z", operation: "Spam" }]]) {
      const after = { ...live, metadata: { name: "x", managedFields: managedFields as never } };
      expect(record(live, after).metadata.managedFields).toEqual(live.metadata.managedFields);
    }
    const cleared = { ...live, metadata: { name: "x", managedFields: [] } };
    expect(record(live, cleared, { subresource: "status" }).metadata.managedFields).toEqual(
      live.metadata.managedFields,
    );
  });

  it("honours the managedFields of a request", () => {
    const live = record(undefined, sample({ replicas: 1, image: "i" }));
    const moved = live.metadata.managedFields?.map((entry) => ({
      ...entry,
      manager: "n",
      operation: "Apply" as const,
    }));
    const after = record(live, { ...live, metadata: { name: "x", managedFields: moved ?? [] } });
    expect(after.metadata.managedFields).toEqual(moved);
    const changed = { ...live, metadata: { name: "x", managedFields: moved ?? [] }, spec: { replicas: 2, image: "i" } };
    expect(setOf(record(live, changed), "n")).toEqual({ "f:spec": { ".": {}, "f:image": {} } });
  });

  it("folds the oldest updaters when there are more than ten", () => {
    let live = record(undefined, sample({ env: {} }), { manager: "m00" });
    for (let index = 1; index <= 14; index++) {
      const name = `m${String(index).padStart(2, "0")}`;
      const spec = { env: { ...(live.spec as { env: object }).env, [name]: "1" } };
      live = record(live, { ...live, spec }, { manager: name, time: `2026-01-01T00:00:${name.slice(1)}Z` });
    }
    const managers = live.metadata.managedFields?.map((entry) => entry.manager);
    expect(managers).toHaveLength(10);
    expect(managers?.[0]).toBe("ancient-changes");
    expect(managers?.slice(1)).toEqual(["m06", "m07", "m08", "m09", "m10", "m11", "m12", "m13", "m14"]);
    expect(setOf(live, "ancient-changes")).toEqual({
      "f:spec": {
        ".": {},
        "f:env": { ".": {}, ...Object.fromEntries([1, 2, 3, 4, 5].map((index) => [`f:m0${index}`, {}])) },
      },
    });
  });

  it("drops removed fields from every set, and empty entries with them", () => {
    const live = record(undefined, sample({ replicas: 1 }));
    const more = record(live, { ...live, spec: { replicas: 1, env: { A: "1" } } }, { manager: "n" });
    const less = record(more, { ...more, spec: { replicas: 1 } }, { manager: "o" });
    expect(less.metadata.managedFields).toEqual(live.metadata.managedFields);
  });

  it("does not see a list map in another order", () => {
    const live = record(undefined, sample({ services: [{ name: "s" }, { name: "t" }] }));
    const after = record(live, { ...live, spec: { services: [{ name: "t" }, { name: "s" }] } }, { manager: "n" });
    expect(after.metadata.managedFields).toEqual(live.metadata.managedFields);
  });

  it("changes nothing of an unchanged object", () => {
    const spec = fc.record({
      env: fc.dictionary(fc.string(), fc.string()),
      free: fc.dictionary(fc.string(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(spec, (value) => {
        const live = record(undefined, sample(value));
        expect(record(live, live, { manager: "n" })).toBe(live);
        expect(record(live, structuredClone(live), { manager: "n" })).toEqual(live);
      }),
    );
  });
});
