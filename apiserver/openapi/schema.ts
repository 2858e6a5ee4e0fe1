import type { StructuralSchema } from "../../api-types/schema/structural.js";

/** The two forms in which schemas are published: OpenAPI 3.0, and Swagger 2.0 which knows less. */
export type Flavor = "v2" | "v3";

/** A schema as published. */
export type PublishedSchema = Readonly<Record<string, unknown>>;

/** A reference to a named schema. */
export function reference(flavor: Flavor, name: string): PublishedSchema {
  return { $ref: `#/${flavor === "v3" ? "components/schemas" : "definitions"}/${name}` };
}

/** A field that is a named schema, with its own description: in version 3 wrapped, for a reference hides its neighbours there. */
export function referenceField(flavor: Flavor, name: string, description: string): PublishedSchema {
  const ref = reference(flavor, name);
  return flavor === "v3" ? { description, default: {}, allOf: [ref] } : { description, ...ref };
}

/** A structural schema in the form of `flavor`. */
export function publishedSchema(schema: StructuralSchema, flavor: Flavor): PublishedSchema {
  const { properties, items, additionalProperties, ...rest } = schema;
  return {
    ...(flavor === "v3" ? rest : looseForV2(rest)),
    ...(isHidden(schema, flavor) ? {} : nestedSchemas({ properties, items, additionalProperties }, flavor)),
  };
}

type Nested = Pick<StructuralSchema, "properties" | "items" | "additionalProperties">;

function nestedSchemas({ properties, items, additionalProperties }: Nested, flavor: Flavor): PublishedSchema {
  return {
    ...(properties && { properties: publishedFields(properties, flavor) }),
    ...(items && { items: publishedSchema(items, flavor) }),
    ...(additionalProperties && { additionalProperties: publishedSchema(additionalProperties, flavor) }),
  };
}

/** The fields of an object, each in the form of `flavor`. */
export function publishedFields(
  properties: Readonly<Record<string, StructuralSchema>>,
  flavor: Flavor,
): Readonly<Record<string, PublishedSchema>> {
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, publishedSchema(field, flavor)]));
}

/** Clients of version 2 check what they know: they are told less where they would refuse what the server takes. */
function isHidden(schema: StructuralSchema, flavor: Flavor): boolean {
  return flavor === "v2" && (schema["x-kubernetes-preserve-unknown-fields"] === true || schema.nullable === true);
}

function looseForV2(schema: StructuralSchema): PublishedSchema {
  const { nullable, type, ...rest } = schema;
  return isHidden(schema, "v2") ? rest : { ...(type !== undefined && { type }), ...rest };
}
