import { describe, expect, it } from "vitest";
import { withDefaults } from "./defaults.js";
import { prune } from "./prune.js";
import type { StructuralSchema } from "./structural.js";
import { SAMPLE_SCHEMA, SAMPLE_SERVICE } from "./testing/sample.js";

describe("prune", () => {
  const check = (object: unknown, expected: { object: unknown; unknown: readonly string[] }) =>
    expect(prune(SAMPLE_SCHEMA, object)).toEqual(expected);

  it("drops unknown fields and tells their paths", () => {
    check(
      { spec: { bar: 1, services: [{ name: "a", x: 1, network: { y: 2 } }] }, other: true },
      {
        object: { spec: { services: [{ name: "a", network: {} }] } },
        unknown: ["spec.bar", "spec.services[0].x", "spec.services[0].network.y", "other"],
      },
    );
  });

  it("keeps free keys, preserved subtrees and values of a wrong type", () => {
    const object = {
      spec: { services: [{ labels: { a: "b" }, extra: { deep: { er: 1 } }, name: { un: "checked" } }] },
    };
    check(object, { object, unknown: [] });
  });

  it("shares what it did not change", () => {
    const object = { spec: { services: [{ name: "a" }] } };
    expect(prune(SAMPLE_SCHEMA, object).object).toBe(object);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("treats a field called %s as unknown", (name) => {
    const object: unknown = JSON.parse(`{"spec":{"${name}":{"polluted":true},"services":[{"name":"a","${name}":1}]}}`);
    const result = prune(SAMPLE_SCHEMA, object);
    expect(result.unknown).toEqual([`spec.${name}`, `spec.services[0].${name}`]);
    expect(JSON.stringify(result.object)).toBe('{"spec":{"services":[{"name":"a"}]}}');
  });

  it("keeps a free key called __proto__ as a key", () => {
    const object: unknown = JSON.parse('{"spec":{"services":[{"name":"a","x":1,"labels":{"__proto__":"v"}}]}}');
    expect(JSON.stringify(prune(SAMPLE_SCHEMA, object).object)).toBe(
      '{"spec":{"services":[{"name":"a","labels":{"__proto__":"v"}}]}}',
    );
    expect(({} as Record<string, unknown>).v).toBeUndefined();
  });
});

describe("withDefaults", () => {
  const check = (object: unknown, expected: unknown) => expect(withDefaults(SAMPLE_SCHEMA, object)).toEqual(expected);

  it("fills objects, items of lists, and defaults of defaults", () => {
    check(
      { spec: { services: [{ name: "a" }, { name: "b", mode: "EachNode", network: { mode: "Routed" } }] } },
      {
        spec: {
          replicas: 1,
          services: [
            { name: "a", mode: "Replicated", cpu: "200m", network: { mode: "Host" } },
            { name: "b", mode: "EachNode", cpu: "200m", network: { mode: "Routed" } },
          ],
        },
      },
    );
  });

  it("takes a null for absent unless the field may be null", () => {
    check(
      { spec: { replicas: null, on: null, services: [{ name: "a", at: null, labels: { k: null } }] } },
      {
        spec: {
          replicas: 1,
          services: [{ name: "a", at: null, labels: {}, mode: "Replicated", cpu: "200m", network: { mode: "Host" } }],
        },
      },
    );
  });

  it("makes no object for a parent that is absent", () => check({}, {}));

  it("gives each object a default of its own", () => {
    const fill = () => withDefaults(SAMPLE_SERVICE, { name: "a" }) as { network: object };
    expect(fill().network).not.toBe(fill().network);
  });

  it("takes undefined for absent", () => {
    check({ spec: { replicas: undefined, on: undefined } }, { spec: { replicas: 1 } });
    expect(Object.keys(withDefaults(SAMPLE_SCHEMA, { spec: undefined }) as object)).toEqual([]);
  });

  it("changes nothing the second time, and shares it", () => {
    const once = withDefaults(SAMPLE_SCHEMA, { spec: { services: [{ name: "a" }] } });
    expect(withDefaults(SAMPLE_SCHEMA, once)).toBe(once);
  });

  it("leaves what a hostile object brings alone", () => {
    const object: unknown = JSON.parse('{"spec":{"__proto__":{"polluted":1},"constructor":null}}');
    expect(JSON.stringify(withDefaults(SAMPLE_SCHEMA, object))).toBe(
      '{"spec":{"__proto__":{"polluted":1},"constructor":null,"replicas":1}}',
    );
  });

  it("finds a default that was taken away from what it had looked at before", () => {
    const spec: { replicas?: number } = { replicas: 1 };
    withDefaults(SAMPLE_SCHEMA, { spec });
    delete spec.replicas;
    expect(withDefaults(SAMPLE_SCHEMA, { spec })).toEqual({ spec: { replicas: 1 } });
  });

  it("fills a frozen part by each schema that is asked for", () => {
    const spec = Object.freeze({ replicas: 1 });
    const other: StructuralSchema = {
      type: "object",
      properties: { spec: { type: "object", properties: { size: { type: "integer", default: 2 } } } },
    };
    for (let time = 0; time < 2; time++) {
      expect(withDefaults(SAMPLE_SCHEMA, { spec })).toEqual({ spec: { replicas: 1 } });
      expect(withDefaults(other, { spec })).toEqual({ spec: { replicas: 1, size: 2 } });
    }
  });
});
