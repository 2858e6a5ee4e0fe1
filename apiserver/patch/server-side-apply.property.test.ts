import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api-types/meta/object.js";
import { SAMPLE_SCHEMA, sample, setOf } from "./fields/sample.js";
import { isEqualJson, isJsonObject } from "./json.js";
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

const spec = fc.record(
  {
    replicas: fc.nat(3),
    image: fc.constantFrom("a", "b"),
    env: fc.dictionary(fc.constantFrom("A", "B", "__proto__"), fc.constantFrom("1", "2"), { noNullPrototype: true }),
    tags: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
    list: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
    nested: fc.record({ a: fc.nat(1), b: fc.nat(1) }, { requiredKeys: [], noNullPrototype: true }),
    services: fc.uniqueArray(
      fc.record(
        { name: fc.constantFrom("s", "t", "u"), size: fc.nat(2), image: fc.constantFrom("a", "b") },
        { requiredKeys: ["name"], noNullPrototype: true },
      ),
      { selector: (service) => service.name },
    ),
    free: fc.dictionary(fc.constantFrom("x", "y"), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe("properties of apply", () => {
  it("has nothing to do the second time", () => {
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        const live = apply(undefined, "a", sample(first));
        const once = apply(live, { manager: "b", isForced: true }, sample(second));
        expect(apply(once, { manager: "b", time: "2027-01-01T00:00:00Z" }, sample(second))).toBe(once);
      }),
    );
  });

  it("contains what was applied", () => {
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        const once = apply(apply(undefined, "a", sample(first)), { manager: "b", isForced: true }, sample(second));
        const { services: _, tags: __, ...plain } = second;
        const { services = [], tags = [], ...merged } = once.spec as typeof second;
        expect(holds(merged, plain)).toBe(true);
        expect(tags).toEqual(expect.arrayContaining(second.tags ?? []));
        for (const service of second.services ?? []) {
          const found = services.find((candidate) => candidate.name === service.name);
          expect(found).toMatchObject({ ...service });
        }
      }),
    );
  });

  it("commutes for appliers who do not conflict", () => {
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        const a = sample(first);
        const b = sample(second);
        let ab: KubeObject;
        try {
          ab = apply(apply(undefined, "a", a), "b", b);
        } catch {
          return; // they do conflict
        }
        const ba = apply(apply(undefined, "b", b), "a", a);
        expect(normal(ab)).toEqual(normal(ba));
      }),
    );
  });

  it("removes again what only one owned", () => {
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        const live = apply(undefined, "a", sample(first, { labels: { base: "1" } }));
        const both = apply(live, { manager: "b", isForced: true }, sample(second));
        const gone = apply(both, "b", sample(undefined));
        expect(setOf(gone, "b")).toBeUndefined();
        expect(setOf(gone, "a")).toEqual(setOf(both, "a"));
        const again = apply(gone, { manager: "a", isForced: true }, sample(first, { labels: { base: "1" } }));
        expect(normal(again).spec).toEqual(normal(live).spec);
      }),
    );
  });
});

describe("any configuration at all", () => {
  const anything = fc.jsonValue({ maxDepth: 3 });
  const member = fc.constantFrom(
    "replicas",
    "nested",
    "env",
    "whole",
    "list",
    "tags",
    "free",
    "ports",
    "services",
    "port",
  );
  const wild = fc.dictionary(member, anything, { noNullPrototype: true });

  it("is applied or refused with a StatusError, whatever is live", () => {
    fc.assert(
      fc.property(wild, wild, wild, (lived, first, second) => {
        let live: KubeObject = recordUpdate({
          before: undefined,
          after: sample(lived),
          schema: SAMPLE_SCHEMA,
          writer: { manager: "u", apiVersion: "test/v1", time: "2026-01-01T00:00:00Z" },
        });
        for (const spec of [first, second]) {
          try {
            live = apply(live, { manager: "a", isForced: true }, sample(spec));
            expect(apply(live, { manager: "a", isForced: true }, sample(spec))).toBe(live);
          } catch (error) {
            expect(error).toMatchObject({ name: "StatusError", reason: "BadRequest" });
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Whether `value` has every member of `part`. */
function holds(value: unknown, part: unknown): boolean {
  if (!isJsonObject(value) || !isJsonObject(part)) return isEqualJson(value, part);
  return Object.keys(part).every((key) => Object.hasOwn(value, key) && holds(value[key], part[key]));
}

/** Lists of sets and maps in one order, empty containers gone: they are owned by nobody. */
function normal(object: KubeObject): { readonly spec: unknown; readonly sets: unknown } {
  const text = JSON.stringify(object.spec ?? {}, (_, value) =>
    Array.isArray(value) ? [...value].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1)) : value,
  );
  const ordered = JSON.parse(text, (key, value) => {
    const isEmptyList = Array.isArray(value) && value.length === 0 && ["services", "tags"].includes(key);
    return isEmptyList ? undefined : value;
  });
  const sets = (object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]);
  return { spec: ordered, sets: Object.fromEntries(sets) };
}
