import { describe, expect, it } from "vitest";
import { KINDS } from "../../api-types/kinds.js";
import type { Kind } from "../../api-types/meta/kind.js";
import { readFields } from "../protobuf/wire.js";
import { groupVersionPath, schemaName } from "./names.js";
import { openApiOf } from "./openapi.js";

const WIDGET: Kind = {
  group: "example.com",
  version: "v1",
  apiVersion: "example.com/v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  shortNames: [],
  categories: [],
  scope: "Namespaced",
  description: "A widget.",
  family: "custom",
  isCreatable: true,
  hasStatus: true,
  scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size", labelSelectorPath: ".status.selector" },
  columns: [],
  selectableFields: {},
  validate: () => [],
  schema: {
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: {
        type: "object",
        required: ["color"],
        properties: {
          color: { type: "string", enum: ["red", "blue"], default: "red", description: "Its colour." },
          size: { "x-kubernetes-int-or-string": true },
          note: { type: "string", nullable: true, maxLength: 300, pattern: "^[a-z]+$" },
          free: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { a: { type: "string" } } },
          weight: { type: "number", minimum: -1.5, maximum: 2, exclusiveMaximum: true },
          parts: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            items: { type: "object", properties: { name: { type: "string" } } },
          },
          map: { type: "object", additionalProperties: { type: "integer" }, "x-kubernetes-map-type": "atomic" },
        },
        "x-kubernetes-validations": [{ rule: "self.color == oldSelf.color", message: "immutable" }],
      },
    },
  },
};

type Json = Readonly<Record<string, never>>;
const parse = (bytes: Uint8Array | undefined): Json => JSON.parse(Buffer.from(bytes ?? []).toString());
const widgets = openApiOf([WIDGET]);
const v3 = parse(widgets.document("apis/example.com/v1")?.bytes) as unknown as {
  readonly paths: Readonly<Record<string, Json>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
};
const v2 = parse(widgets.v2Json()) as unknown as {
  readonly paths: Readonly<Record<string, Json>>;
  readonly definitions: Readonly<Record<string, Json>>;
};

/** Every `$ref` below a value. */
function referencesOf(value: unknown): readonly string[] {
  const found: string[] = [];
  JSON.stringify(value, (key, member) => {
    if (key === "$ref") found.push(member);
    return member;
  });
  return found;
}

describe("the OpenAPI documents", () => {
  it("are listed by group version under their hash", () => {
    const document = widgets.document("apis/example.com/v1");
    expect(widgets.index().paths).toEqual({
      "apis/example.com/v1": { serverRelativeURL: `/openapi/v3/apis/example.com/v1?hash=${document?.hash}` },
    });
    expect(document?.hash).toMatch(/^[0-9A-F]{64}$/);
    expect(openApiOf([WIDGET]).document("apis/example.com/v1")?.hash).toBe(document?.hash);
    expect(openApiOf([{ ...WIDGET, description: "New." }]).document("apis/example.com/v1")?.hash).not.toBe(
      document?.hash,
    );
    expect(widgets.document("apis/example.com/v2")).toBeUndefined();
  });

  it("keep what the schema says in version 3", () => {
    const widget = v3.components.schemas["com.example.v1.Widget"];
    expect(widget).toMatchObject({
      description: "A widget.",
      properties: { spec: WIDGET.schema.properties?.spec },
      "x-kubernetes-group-version-kind": [{ group: "example.com", version: "v1", kind: "Widget" }],
    });
    expect(widget).toHaveProperty("properties.metadata.allOf", [
      { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
    ]);
  });

  it("say less in version 2 where clients would refuse what the server takes", () => {
    const spec = (v2.definitions["com.example.v1.Widget"] as unknown as { properties: { spec: Json } }).properties.spec;
    expect(spec).toMatchObject({
      properties: {
        color: { type: "string", enum: ["red", "blue"], default: "red" },
        size: { "x-kubernetes-int-or-string": true },
        free: { "x-kubernetes-preserve-unknown-fields": true },
        parts: { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
      },
    });
    expect(spec).not.toHaveProperty("properties.free.properties");
    expect(spec).not.toHaveProperty("properties.note.nullable");
    expect(spec).not.toHaveProperty("properties.note.type");
  });

  it.each(["", "/status", "/scale"])("list what a PATCH of an object%s takes", (subresource) => {
    const path = `/apis/example.com/v1/namespaces/{namespace}/widgets/{name}${subresource}`;
    const isScale = subresource === "/scale";
    for (const document of [v3, v2]) {
      const patch = document.paths[path]?.patch as unknown as {
        readonly parameters: readonly { name: string; in: string }[];
      };
      const names = patch.parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
      expect(names).toEqual(["dryRun", "fieldManager", "fieldValidation", "force"]);
      expect(patch).toMatchObject({
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": isScale
          ? { group: "autoscaling", version: "v1", kind: "Scale" }
          : { group: "example.com", version: "v1", kind: "Widget" },
      });
    }
  });

  it("offer strategic merge patches of built-in kinds only", () => {
    const core = openApiOf([{ ...WIDGET, group: "", apiVersion: "v1", family: "core" }]);
    const strategic = "application/strategic-merge-patch+json";
    expect(Buffer.from(core.document("api/v1")?.bytes ?? []).toString()).toContain(strategic);
    expect(JSON.stringify(v3)).not.toContain(strategic);
  });
});

describe("the documents of the real kinds", () => {
  const all = openApiOf(KINDS);
  const groupVersions = [...new Set(KINDS.map(groupVersionPath))];

  it.each(groupVersions)("refer only to schemas that %s has", (groupVersion) => {
    const document = parse(all.document(groupVersion)?.bytes) as unknown as typeof v3;
    for (const ref of referencesOf(document)) {
      expect(document.components.schemas).toHaveProperty([ref.replace("#/components/schemas/", "")]);
    }
  });

  it("refer only to definitions that version 2 has", () => {
    const document = parse(all.v2Json()) as unknown as typeof v2;
    for (const ref of referencesOf(document)) {
      expect(document.definitions).toHaveProperty([ref.replace("#/definitions/", "")]);
    }
  });

  it("name every kind once", () => {
    expect(new Set(KINDS.map(schemaName)).size).toBe(KINDS.length);
  });
});

describe("the protobuf form", () => {
  it("holds the same paths and definitions as the JSON form", () => {
    const document = parse(openApiOf(KINDS).v2Json()) as unknown as typeof v2;
    const encoded = openApiOf(KINDS).v2Protobuf();
    expect(textAt(encoded, 1)).toBe("2.0");
    expect(namesAt(only(encoded, 8), 2)).toEqual(Object.keys(document.paths));
    expect(namesAt(only(encoded, 9), 1)).toEqual(Object.keys(document.definitions));
  });

  it("encodes types, limits, references and extensions of a schema", () => {
    const widget = memberAt(only(widgets.v2Protobuf(), 9), 1, "com.example.v1.Widget");
    const gvk = memberAt(widget, 31, "x-kubernetes-group-version-kind");
    expect(JSON.parse(textAt(gvk, 2))).toEqual([{ group: "example.com", version: "v1", kind: "Widget" }]);
    const properties = only(widget, 25);
    expect(textAt(memberAt(properties, 1, "metadata"), 1)).toMatch(/^#\/definitions\/.*ObjectMeta$/);
    const spec = memberAt(properties, 1, "spec");
    expect(textAt(spec, 19)).toBe("color");
    const color = memberAt(only(spec, 25), 1, "color");
    expect(textAt(only(color, 22), 1)).toBe("string");
    expect(all(color, 20).map((each) => JSON.parse(textAt(each, 2)))).toEqual(["red", "blue"]);
    const note = [...readFields(memberAt(only(spec, 25), 1, "note"))].find(({ number }) => number === 11);
    expect(note).toMatchObject({ type: "integer", value: 300n });
    expect(textAt(only(only(memberAt(only(spec, 25), 1, "map"), 21), 1), 22)).toContain("integer");
  });
});

function all(bytes: Uint8Array, number: number): readonly Uint8Array[] {
  return [...readFields(bytes)].flatMap((field) =>
    field.number === number && field.type === "bytes" ? [field.value] : [],
  );
}

function only(bytes: Uint8Array, number: number): Uint8Array {
  const [first] = all(bytes, number);
  if (first === undefined) throw new Error(`no field ${number}`);
  return first;
}

function textAt(bytes: Uint8Array, number: number): string {
  return Buffer.from(only(bytes, number)).toString();
}

function namesAt(bytes: Uint8Array, number: number): readonly string[] {
  return all(bytes, number).map((member) => textAt(member, 1));
}

function memberAt(bytes: Uint8Array, number: number, name: string): Uint8Array {
  const member = all(bytes, number).find((each) => textAt(each, 1) === name);
  if (member === undefined) throw new Error(`no member ${name}`);
  return only(member, 2);
}
