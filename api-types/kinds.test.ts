import { describe, expect, it } from "vitest";
import { asCustomResourceDefinition } from "./core/custom-resource-definition.js";
import { KINDS, RACKWRIGHT_KINDS } from "./kinds.js";
import type { Kind } from "./meta/kind.js";
import { withDefaults } from "./schema/defaults.js";
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
    expect(kind.categories).toEqual(["rackwright"]);
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
