import { Type } from "typebox";
import { describe, expect, expectTypeOf, it } from "vitest";
import { asCustomResourceDefinition } from "./core/custom-resource-definition.js";
import { Event, EventsEvent } from "./core/event.js";
import { KINDS, RACKWRIGHT_KINDS } from "./kinds.js";
import { defineKind } from "./meta/define-kind.js";
import type { Kind, ObjectOf } from "./meta/kind.js";
import { faultsOf } from "./meta/suite.js";
import { withDefaults } from "./schema/defaults.js";
import { emit } from "./schema/emit.js";
import { integer, later, mapOf, object, oneOf, optional, text } from "./schema/fields.js";
import { prune } from "./schema/prune.js";
import type { StructuralSchema } from "./schema/structural.js";
import { validateSchema } from "./schema/validate.js";

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly isRequired: boolean;
}

function fieldsIn(schema: StructuralSchema, path = ""): readonly Field[] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    return [{ path: at, schema: field, isRequired: schema.required?.includes(name) ?? false }, ...fieldsIn(field, at)];
  });
  const below = [schema.items, schema.additionalProperties].flatMap((part) =>
    part === undefined ? [] : [{ path: `${path}[]`, schema: part, isRequired: false }, ...fieldsIn(part, `${path}[]`)],
  );
  return [...inside, ...below];
}

const ownFields = (kind: Kind) => fieldsIn(kind.schema).filter(({ path }) => !path.startsWith(".metadata"));
const named = KINDS.map((kind) => [`${kind.kind}.${kind.group}`, kind] as const);
const ours = RACKWRIGHT_KINDS.map((kind) => [kind.kind, kind] as const);
const paths = (fields: readonly Field[]) => fields.map(({ path }) => path);

describe.each(named)("%s", (_name, kind) => {
  const fields = ownFields(kind);

  it("describes every field", () => {
    expect(paths(fields.filter(({ schema }) => (schema.description ?? "") === ""))).toEqual([]);
  });

  it("types every field", () => {
    const isTyped = ({ type, ...schema }: StructuralSchema) =>
      type !== undefined || schema["x-kubernetes-int-or-string"] === true;
    expect(paths(fields.filter(({ schema }) => !isTyped(schema)))).toEqual([]);
  });

  it("requires no field that has a default", () => {
    expect(paths(fields.filter(({ schema, isRequired }) => isRequired && schema.default !== undefined))).toEqual([]);
  });

  it("has defaults that its own schema accepts whole", () => {
    const isBad = ({ schema }: Field) => {
      const value = withDefaults(schema, schema.default);
      return validateSchema(schema, value).length > 0 || prune(schema, value).unknown.length > 0;
    };
    expect(paths(fields.filter((field) => field.schema.default !== undefined && isBad(field)))).toEqual([]);
  });

  it("has keys in map lists that are always there", () => {
    const isBad = ({ schema }: Field) => {
      const keys = schema["x-kubernetes-list-map-keys"] ?? [];
      return !keys.every((key) => schema.items?.required?.includes(key) || schema.items?.properties?.[key]?.default);
    };
    const lists = fields.filter(({ schema }) => schema["x-kubernetes-list-type"] === "map");
    expect(paths(lists.filter(isBad))).toEqual([]);
  });

  it("publishes no mark of ours", () => expect(JSON.stringify(kind.schema)).not.toContain("rackwright:"));
});

describe.each(ours)("%s", (_name, kind) => {
  it("has a short name, a Ready condition or no status, and ends its table with the age", () => {
    expect(kind.shortNames.length).toBeGreaterThan(0);
    expect(kind.categories).toEqual(kind.scope === "Namespaced" ? ["rackwright", "all"] : ["rackwright"]);
    expect(kind.columns.at(-1)?.name).toBe("Age");
    const status = kind.schema.properties?.status;
    expect(status === undefined || status.properties?.conditions?.["x-kubernetes-list-map-keys"]).toEqual(
      status === undefined ? true : ["type"],
    );
  });

  it("gives a field that is not built no default", () => {
    const later = (kind.fieldNotes ?? []).filter((note) => note.later === true);
    const outermost = later.filter(
      ({ path }) => !later.some((other) => path.startsWith(`${other.path}.`) || path.startsWith(`${other.path}[`)),
    );
    expect(outermost.filter((note) => note.default !== undefined || note.isRequired).map(({ path }) => path)).toEqual(
      [],
    );
  });

  it("becomes a CustomResourceDefinition that Kubernetes takes", () => {
    const definition = asCustomResourceDefinition(kind);
    expect(definition.metadata.name).toBe(`${kind.plural}.rackwright.dev`);
    const text = JSON.stringify(definition.spec);
    for (const word of ["$ref", "anyOf", "oneOf", "const", "patternProperties"])
      expect(text).not.toContain(`"${word}":`);
    expect(text).toContain('"metadata":{"type":"object"}');
  });
});

describe("the kinds", () => {
  it("are told apart by group and plural, and their short names by anybody", () => {
    const resources = KINDS.map(({ group, plural }) => `${plural}.${group}`);
    expect(new Set(resources).size).toBe(resources.length);
    const short = KINDS.filter(({ group }) => group !== "events.k8s.io").flatMap(({ shortNames }) => shortNames);
    expect(new Set(short).size).toBe(short.length);
  });

  it("mark every field of a service as restart, in place or scale only", () => {
    const group = RACKWRIGHT_KINDS.find(({ kind }) => kind === "ServiceGroup");
    const unmarked = (group?.fieldNotes ?? []).filter(
      ({ path, applies }) => path.startsWith("spec.") && applies === undefined,
    );
    expect(unmarked.map(({ path }) => path)).toEqual([]);
  });
});

describe("defineKind", () => {
  const Toy = defineKind({
    kind: "Toy",
    plural: "toys",
    scope: "Namespaced",
    description: "A toy.",
    spec: object("What it is.", {
      colour: text("Colour.", { default: "red" }),
      wheels: optional(integer("Wheels.", { exclusiveMinimum: 0 })),
      shape: Type.Union([Type.Literal("Round"), Type.Literal("Square")], { description: "Shape." }),
      parts: mapOf("Parts by name.", text("A part."), { default: {} }),
      motor: later(object("A motor.", { power: integer("Watt.") })),
      sound: oneOf("Sound.", ["Beep", "Boop"], { default: "Beep", later: ["Boop"] }),
    }),
    columns: [],
    validate: ({ spec }) =>
      spec.colour === "none" ? [{ type: "Invalid", path: "spec.colour", message: "is none" }] : [],
  });
  type Toy = ObjectOf<typeof Toy>;

  it("emits a structural schema", () => {
    const spec = Toy.schema.properties?.spec;
    expect(spec?.required).toEqual(["shape"]);
    expect(spec?.properties?.shape).toEqual({ type: "string", enum: ["Round", "Square"], description: "Shape." });
    expect(spec?.properties?.parts).toEqual({
      type: "object",
      additionalProperties: { type: "string", description: "A part." },
      description: "Parts by name.",
      default: {},
    });
    expect(spec?.properties?.wheels).toEqual({
      type: "integer",
      description: "Wheels.",
      minimum: 0,
      exclusiveMinimum: true,
    });
    expect(Toy.schema.required).toEqual(["spec"]);
  });

  it("types what has a default as always there", () => {
    expectTypeOf<Toy["spec"]["colour"]>().toEqualTypeOf<string>();
    expectTypeOf<Toy["spec"]["wheels"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Toy["spec"]["shape"]>().toEqualTypeOf<"Round" | "Square">();
    expectTypeOf<Toy["spec"]["parts"]>().toEqualTypeOf<Readonly<Record<string, string>>>();
  });

  it("refuses what is not built, beside its own rules", () => {
    const toy = (spec: object) => ({
      apiVersion: Toy.apiVersion,
      kind: "Toy",
      metadata: { name: "a" },
      spec: { shape: "Round", ...spec },
    });
    expect(faultsOf(Toy, toy({}))).toEqual([]);
    expect(faultsOf(Toy, toy({ colour: "none", motor: { power: 1 }, sound: "Boop" }))).toEqual([
      "spec.motor: not supported yet",
      'spec.sound: Unsupported value: "Boop": not supported yet, supported values: "Beep"',
      "spec.colour: is none",
    ]);
  });

  it("lets an old fault stand, and no new one in", () => {
    const toy = (spec: object) => ({
      apiVersion: Toy.apiVersion,
      kind: "Toy",
      metadata: { name: "a" },
      spec: { shape: "Round", ...spec },
    });
    const old = toy({ colour: "none" });
    expect(faultsOf(Toy, old, old)).toEqual([]);
    expect(faultsOf(Toy, toy({ colour: "none", motor: { power: 1 } }), old)).toEqual(["spec.motor: not supported yet"]);
    expect(faultsOf(Toy, old, toy({}))).toEqual(["spec.colour: is none"]);
    expect(faultsOf(Toy, old, toy({ colour: "none", shape: 1 }))).toEqual(["spec.colour: is none"]);
  });

  it("cannot emit what Kubernetes has no word for", () => {
    expect(() => emit(Type.Union([Type.String(), Type.Integer()]))).toThrow(TypeError);
    expect(() => emit(Type.Literal(1))).toThrow(TypeError);
    expect(() => emit(Type.Null())).toThrow(TypeError);
  });
});

describe("the columns of events", () => {
  const cells = (kind: Kind, event: object) => {
    const whole = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "e", creationTimestamp: "2026-01-01T00:00:00Z" },
      ...event,
    };
    return Object.fromEntries(kind.columns.map(({ name, value }) => [name, value?.(whole)]));
  };

  it("are the same for both shapes", () => {
    const involvedObject = { kind: "Route", name: "a" };
    expect(cells(Event, { involvedObject, lastTimestamp: "2026-01-01T00:00:09Z", count: 3 })).toMatchObject({
      "Last Seen": "2026-01-01T00:00:09Z",
      Object: "route/a",
      Count: 3,
      "First Seen": "2026-01-01T00:00:00Z",
    });
    const series = { count: 4, lastObservedTime: "2026-01-01T00:00:08.000000Z" };
    expect(cells(EventsEvent, { regarding: involvedObject, series, reportingController: "c" })).toMatchObject({
      "Last Seen": "2026-01-01T00:00:08.000000Z",
      Object: "route/a",
      Count: 4,
      Source: "c",
    });
  });

  it("can be selected by what they are about", () => {
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "e" },
      involvedObject: { kind: "Route", name: "a" },
      source: { component: "c" },
    };
    const fields = Object.entries(Event.selectableFields).map(([name, select]) => [name, select(event)]);
    expect(Object.fromEntries(fields)).toMatchObject({
      "involvedObject.kind": "Route",
      "involvedObject.name": "a",
      "involvedObject.uid": "",
      source: "c",
    });
  });
});
