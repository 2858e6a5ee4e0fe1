import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api-types/meta/object.js";
import { LAST_APPLIED_ANNOTATION } from "./fields/last-applied.js";
import { entryOf, SAMPLE_SCHEMA, sample, setOf } from "./fields/sample.js";
import { recordUpdate } from "./record-update.js";
import { serverSideApply } from "./server-side-apply.js";

interface Applier {
  readonly manager: string;
  readonly time?: string;
  readonly isForced?: boolean;
  readonly subresource?: string;
}

/** `by`: the manager's name, where nothing else matters. */
function apply(live: KubeObject | undefined, by: string | Applier, config: KubeObject): KubeObject {
  const applier = typeof by === "string" ? { manager: by } : by;
  const { manager, time = "2026-01-01T00:00:00Z", isForced = false, subresource } = applier;
  const writer = { manager, apiVersion: "test/v1", time, ...(subresource === undefined ? {} : { subresource }) };
  return serverSideApply({ live, config, schema: SAMPLE_SCHEMA, writer, isForced, resource: 'samples.test "x"' });
}

function update(before: KubeObject | undefined, manager: string, after: KubeObject): KubeObject {
  const writer = { manager, apiVersion: "test/v1", time: "2026-01-01T00:00:00Z" };
  return recordUpdate({ before, after, schema: SAMPLE_SCHEMA, writer });
}

/** The spec after `manager` applied `config` over what `first` applied. */
function specAfter(first: unknown, second: unknown, manager = "b"): unknown {
  return apply(apply(undefined, "a", sample(first)), manager, sample(second)).spec;
}

describe("what an apply owns", () => {
  it.each([
    [{ replicas: 1 }, { "f:replicas": {} }],
    [{ nested: { a: 1 } }, { "f:nested": { "f:a": {} } }],
    [{ nested: {} }, { "f:nested": {} }],
    [{ env: { A: "1" } }, { "f:env": { "f:A": {} } }],
    [{ env: {} }, { "f:env": {} }],
    [{ whole: { A: "1" } }, { "f:whole": {} }],
    [{ list: ["a"] }, { "f:list": {} }],
    [{ tags: ["a"] }, { "f:tags": { 'v:"a"': {} } }],
    [
      { services: [{ name: "s", size: 1 }] },
      { "f:services": { 'k:{"name":"s"}': { ".": {}, "f:name": {}, "f:size": {} } } },
    ],
    [{ ports: [{ number: 80 }] }, { "f:ports": { 'k:{"number":80,"protocol":"TCP"}': { ".": {}, "f:number": {} } } }],
    [{ free: { x: { y: [1] } } }, { "f:free": { "f:x": { ".": {}, "f:y": {} } } }],
    [{ port: "http" }, { "f:port": {} }],
    [{ note: null }, { "f:note": {} }],
  ])("%j", (spec, expected) => {
    const applied = apply(undefined, "a", sample(spec));
    expect(setOf(applied, "a")).toEqual({ "f:spec": expected });
    expect(applied.metadata.managedFields).toHaveLength(1);
  });

  it.each([
    [{}, { "f:spec": {} }],
    [{ ports: [] }, undefined],
    [{ replicas: null }, { "f:spec": {} }],
  ])("of %j is %j", (spec, expected) => {
    expect(setOf(apply(undefined, "a", sample(spec)), "a")).toEqual(expected);
  });

  it("covers labels, annotations, finalizers and owner references, never names and versions", () => {
    const metadata = {
      namespace: "n",
      uid: "u",
      labels: { l: "1" },
      annotations: { a: "1" },
      finalizers: ["x/y"],
      ownerReferences: [{ apiVersion: "v1", kind: "K", name: "o", uid: "1" }],
    };
    expect(setOf(apply(undefined, "a", sample(undefined, metadata)), "a")).toEqual({
      "f:metadata": {
        "f:labels": { "f:l": {} },
        "f:annotations": { "f:a": {} },
        "f:finalizers": { 'v:"x/y"': {} },
        "f:ownerReferences": { 'k:{"uid":"1"}': {} },
      },
    });
  });

  it("leaves status to its own door, and everything else out of it", () => {
    const live = apply(undefined, "a", { ...sample({ replicas: 1 }), status: { phase: "no" } });
    expect(live.status).toBeUndefined();
    const config = { ...sample({ replicas: 9 }, { labels: { x: "y" } }), status: { phase: "up" } };
    const applied = apply(live, { manager: "a", subresource: "status" }, config);
    expect(applied).toMatchObject({ spec: { replicas: 1 }, status: { phase: "up" } });
    expect(applied.metadata.labels).toBeUndefined();
    expect(applied.metadata.managedFields?.map((entry) => [entry.subresource, entry.fieldsV1])).toEqual([
      [undefined, { "f:spec": { "f:replicas": {} } }],
      ["status", { "f:status": { "f:phase": {} } }],
    ]);
  });
});

describe("merging", () => {
  it.each([
    [{ replicas: 1 }, { image: "i" }, { replicas: 1, image: "i" }],
    [{ env: { A: "1" } }, { env: { B: "2" } }, { env: { A: "1", B: "2" } }],
    [{ tags: ["a", "c"] }, { tags: ["b", "c"] }, { tags: ["a", "b", "c"] }],
    [
      { services: [{ name: "s", size: 1 }, { name: "t" }] },
      { services: [{ name: "t", image: "i" }, { name: "u" }] },
      { services: [{ name: "s", size: 1 }, { name: "t", image: "i" }, { name: "u" }] },
    ],
    [
      { services: [{ name: "s" }, { name: "t" }] },
      { services: [{ name: "t" }, { name: "s" }] },
      { services: [{ name: "s" }, { name: "t" }] },
    ],
    [
      { ports: [{ number: 80, protocol: "TCP", host: 1 }] },
      {
        ports: [
          { number: 80, name: "http" },
          { number: 80, protocol: "UDP" },
        ],
      },
      {
        ports: [
          { number: 80, protocol: "TCP", host: 1, name: "http" },
          { number: 80, protocol: "UDP" },
        ],
      },
    ],
    [{ free: { x: { a: 1 } } }, { free: { x: { b: [1] } } }, { free: { x: { a: 1, b: [1] } } }],
  ])("%j with %j gives %j", (first, second, expected) => {
    const merged = specAfter(first, second) as Record<string, unknown[]>;
    const isReordered = JSON.stringify(second) === '{"services":[{"name":"t"},{"name":"s"}]}';
    if (isReordered) expect({ services: [...(merged.services ?? [])].reverse() }).toEqual(expected);
    else expect(merged).toEqual(expected);
  });
});

describe("conflicts", () => {
  it("names the one field and its applier", () => {
    const live = apply(undefined, "a", sample({ replicas: 1 }));
    expect(() => apply(live, "b", sample({ replicas: 2 }))).toThrow(
      expect.objectContaining({
        reason: "Conflict",
        message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
        details: {
          causes: [{ reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".spec.replicas" }],
        },
      }),
    );
  });

  it("names the version of an updater, and lists several fields", () => {
    const first = { services: [{ name: "http", size: 1 }], ports: [{ number: 80, protocol: "TCP", host: 1 }] };
    const live = update(undefined, "up", sample(first));
    const second = { services: [{ name: "http", size: 2 }], ports: [{ number: 80, host: 2 }] };
    expect(() => apply(live, "b", sample(second))).toThrow(
      expect.objectContaining({
        message:
          'Apply failed with 2 conflicts: conflicts with "up" using test/v1:\n' +
          '- .spec.services[name="http"].size\n- .spec.ports[number=80,protocol="TCP"].host',
      }),
    );
  });

  it("shares equal values", () => {
    const live = apply(apply(undefined, "a", sample({ replicas: 1 })), "b", sample({ replicas: 1 }));
    expect(setOf(live, "a")).toEqual(setOf(live, "b"));
    expect(() => apply(live, "a", sample({ replicas: 2 }))).toThrow('conflict with "b"');
  });

  it("takes the field when forced", () => {
    const live = apply(undefined, "a", sample({ replicas: 1, image: "i" }));
    const forced = apply(live, { manager: "b", isForced: true }, sample({ replicas: 2 }));
    expect(forced.spec).toEqual({ replicas: 2, image: "i" });
    expect(setOf(forced, "a")).toEqual({ "f:spec": { "f:image": {} } });
    const all = apply(forced, { manager: "b", isForced: true }, sample({ replicas: 2, image: "j" }));
    expect(setOf(all, "a")).toBeUndefined();
  });

  it("does not arise over what only stands next to owned fields", () => {
    const live = apply(undefined, "a", sample({ services: [{ name: "s", size: 1 }] }));
    const both = apply(live, "b", sample({ services: [{ name: "s", image: "i" }] }));
    expect(both.spec).toEqual({ services: [{ name: "s", size: 1, image: "i" }] });
  });

  it("arises over an atomic list as a whole", () => {
    const live = apply(undefined, "a", sample({ list: ["x"] }));
    expect(() => apply(live, "b", sample({ list: ["x", "y"] }))).toThrow(".spec.list");
  });
});

describe("removal", () => {
  it.each([
    [{ replicas: 1, image: "i" }, { image: "i" }, { image: "i" }],
    [{ env: { A: "1", B: "2" } }, { env: { A: "1" } }, { env: { A: "1" } }],
    [{ env: { A: "1" }, image: "i" }, { image: "i" }, { image: "i" }],
    [{ tags: ["a", "b"] }, { tags: ["b"] }, { tags: ["b"] }],
    [{ services: [{ name: "s" }, { name: "t" }] }, { services: [{ name: "t" }] }, { services: [{ name: "t" }] }],
    [{ services: [{ name: "s", size: 1 }] }, { services: [{ name: "s" }] }, { services: [{ name: "s" }] }],
    [{ nested: { a: 1, b: 2 } }, { nested: { b: 2 } }, { nested: { b: 2 } }],
    [{ free: { x: 1, y: { z: 1 } } }, { free: { x: 1 } }, { free: { x: 1 } }],
    [{ replicas: 1, image: "i" }, { replicas: null, image: "i" }, { image: "i" }],
  ])("of %j by applying %j leaves %j", (first, second, expected) => {
    expect(specAfter(first, second, "a")).toEqual(expected);
  });

  it("spares what another manager owns", () => {
    const first = sample({ services: [{ name: "s", size: 1 }, { name: "t" }], tags: ["a", "b"], replicas: 1 });
    const both = apply(
      apply(undefined, "a", first),
      "b",
      sample({ services: [{ name: "s", image: "i" }], tags: ["a"], replicas: 1 }),
    );
    const left = apply(both, "a", sample({ image: "x" }));
    expect(left.spec).toEqual({ services: [{ name: "s", image: "i" }], tags: ["a"], replicas: 1, image: "x" });
  });

  it("takes an item's unowned defaults along", () => {
    const live = apply(undefined, "a", sample({ services: [{ name: "s" }, { name: "t" }] }));
    const defaulted = {
      ...live,
      spec: {
        services: [
          { name: "s", size: 7 },
          { name: "t", size: 7 },
        ],
      },
    };
    expect(apply(defaulted, "a", sample({ services: [{ name: "t" }] })).spec).toEqual({
      services: [{ name: "t", size: 7 }],
    });
  });

  it("keeps the metadata that nobody owns", () => {
    const created = apply(undefined, "a", sample({ replicas: 1 }, { labels: { l: "1" } }));
    const live = { ...created, metadata: { ...created.metadata, uid: "u", resourceVersion: "5" } };
    const left = apply(live, "a", sample({ replicas: 1 }));
    expect(left.metadata).toMatchObject({ name: "x", uid: "u", resourceVersion: "5" });
    expect(left.metadata.labels).toBeUndefined();
  });

  it("of a field that an updater removed leaves every set", () => {
    const live = apply(undefined, "a", sample({ replicas: 1, image: "i" }));
    const removed = update(live, "up", { ...live, spec: { image: "i" } });
    expect(setOf(removed, "a")).toEqual({ "f:spec": { "f:image": {} } });
  });
});

describe("account keeping", () => {
  it("returns the live object when nothing is new, times included", () => {
    const config = sample({ replicas: 1, services: [{ name: "s" }], tags: ["t"] }, { labels: { a: "b" } });
    const live = apply(undefined, "a", config);
    expect(apply(live, { manager: "a", time: "2026-02-02T00:00:00Z" }, config)).toBe(live);
  });

  it("sees through the defaults inside an atomic list", () => {
    const config = sample({ rules: [{ name: "x" }] });
    const created = apply(undefined, "a", config);
    const live = { ...created, spec: { rules: [{ name: "x", weight: 1 }] } };
    expect(apply(live, "a", config)).toBe(live);
    expect(apply(live, "b", config).spec).toEqual(live.spec);
    expect(() => apply(live, "b", sample({ rules: [{ name: "x", weight: 2 }] }))).toThrow(".spec.rules");
  });

  it("changes the time with ownership", () => {
    const live = apply(undefined, "a", sample({ replicas: 1 }));
    const owned = apply(live, { manager: "b", time: "2026-02-02T00:00:00Z" }, sample({ replicas: 1 }));
    expect(entryOf(owned, "a")?.time).toBe("2026-01-01T00:00:00Z");
    expect(entryOf(owned, "b")?.time).toBe("2026-02-02T00:00:00Z");
  });

  it("attributes everything to before-first-apply when nobody was tracked", () => {
    const live = { ...sample({ replicas: 1, image: "i" }, { labels: { l: "1" } }), status: { phase: "up" } };
    expect(() => apply(live, "a", sample({ replicas: 2 }))).toThrow(
      'conflict with "before-first-apply" using test/v1: .spec.replicas',
    );
    const applied = apply(live, { manager: "a", isForced: true }, sample({ replicas: 2 }));
    expect(applied.metadata.managedFields?.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
      ["a", { "f:spec": { "f:replicas": {} } }],
      [
        "before-first-apply",
        { "f:metadata": { "f:labels": { ".": {}, "f:l": {} } }, "f:spec": { ".": {}, "f:image": {} } },
      ],
      ["before-first-apply", { "f:status": { ".": {}, "f:phase": {} } }],
    ]);
  });

  it("lists appliers before updaters, then by time and name", () => {
    let live = update(undefined, "u", sample({ image: "i" }));
    live = apply(live, { manager: "z", time: "2026-01-02T00:00:00Z" }, sample({ replicas: 1 }));
    live = apply(live, { manager: "y", time: "2026-01-02T00:00:00Z" }, sample({ env: { A: "1" } }));
    live = apply(live, { manager: "x", time: "2026-01-01T00:00:00Z" }, sample({ env: { B: "1" } }));
    expect(live.metadata.managedFields?.map((entry) => entry.manager)).toEqual(["x", "y", "z", "u"]);
  });
});

describe("the manager kubectl", () => {
  const annotated = (spec: unknown) =>
    sample(spec, { annotations: { [LAST_APPLIED_ANNOTATION]: JSON.stringify(sample(spec)) } });

  it("takes over what its client-side apply set and still stands so", () => {
    const live = update(undefined, "kubectl-client-side-apply", annotated({ replicas: 1 }));
    const applied = apply(live, "kubectl", sample({ replicas: 2 }));
    expect(applied.spec).toEqual({ replicas: 2 });
    const annotation = applied.metadata.annotations?.[LAST_APPLIED_ANNOTATION] ?? "";
    expect(annotation.endsWith("}\n")).toBe(true);
    expect(JSON.parse(annotation)).toEqual(sample({ replicas: 2 }));
  });

  it("does not take what somebody changed since, and other names take nothing", () => {
    const created = update(undefined, "kubectl-client-side-apply", annotated({ replicas: 1 }));
    expect(() => apply(created, "other", sample({ replicas: 2 }))).toThrow("conflict");
    const live = update(created, "hpa", { ...created, spec: { replicas: 5 } });
    expect(() => apply(live, "kubectl", sample({ replicas: 2 }))).toThrow('conflict with "hpa" using test/v1');
  });
});

describe("unusable configurations", () => {
  it.each([
    [sample({ nope: 1 }), ".spec.nope: field not declared in schema"],
    [{ ...sample({}), nope: 1 }, ".nope: field not declared"],
    [sample({}, { nope: 1 }), ".metadata.nope: field not declared"],
    [sample({ services: [{ name: "s", nope: 1 }] }), '.spec.services[name="s"].nope: field not declared'],
    [
      sample({ services: [{ size: 1 }] }),
      ".spec.services[0]: associative list with keys has an element that omits key",
    ],
    [sample({ services: [{ name: "s" }, { name: "s" }] }), '.spec.services: duplicate entries for key [name="s"]'],
    [sample({ tags: ["a", "a"] }), '.spec.tags: duplicate entries for key [="a"]'],
    [sample({ services: {} }), ".spec.services: expected list"],
    [sample({ env: [] }), ".spec.env: expected map"],
    [sample({ a: 1, b: 2 }), "errors:\n  .spec.a: field not declared in schema\n  .spec.b: field not declared"],
    [sample({}, { managedFields: [] }), "metadata.managedFields must be nil"],
  ])("%j is refused", (config, text) => {
    expect(() => apply(undefined, "a", config as KubeObject)).toThrow(
      expect.objectContaining({ reason: "BadRequest", message: expect.stringContaining(text) }),
    );
  });
});
