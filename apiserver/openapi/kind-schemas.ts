import type { Kind } from "../../api-types/meta/kind.js";
import { gvkOf, metaName, schemaName } from "./names.js";
import { type Flavor, type PublishedSchema, publishedSchema, reference, referenceField } from "./schema.js";

const API_VERSION: PublishedSchema = { type: "string", description: "Group and version of the schema of this object." };
const KIND: PublishedSchema = { type: "string", description: "The kind of this object." };

/** The schemas of a kind and of its list, by name; metadata is a reference, so that clients know it. */
export function kindSchemas(kind: Kind, flavor: Flavor): Readonly<Record<string, PublishedSchema>> {
  const name = schemaName(kind);
  return { [name]: objectSchema(kind, flavor), [`${name}List`]: listSchema(kind, flavor) };
}

function objectSchema(kind: Kind, flavor: Flavor): PublishedSchema {
  const { metadata: _, ...properties } = kind.schema.properties ?? {};
  const own = publishedSchema({ ...kind.schema, properties }, flavor);
  const metadata = referenceField(flavor, metaName("ObjectMeta"), "Standard object metadata.");
  return {
    ...own,
    description: kind.description,
    properties: { apiVersion: API_VERSION, kind: KIND, metadata, ...membersOf(own) },
    "x-kubernetes-group-version-kind": [gvkOf(kind)],
  };
}

function membersOf(schema: PublishedSchema): PublishedSchema {
  // publishedSchema makes an object of them
  return (schema.properties ?? {}) as PublishedSchema;
}

function listSchema(kind: Kind, flavor: Flavor): PublishedSchema {
  return {
    type: "object",
    description: `${kind.kind}List is a list of ${kind.kind}.`,
    required: ["items"],
    properties: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: referenceField(flavor, metaName("ListMeta"), "Standard list metadata."),
      items: { type: "array", description: `List of ${kind.plural}.`, items: reference(flavor, schemaName(kind)) },
    },
    "x-kubernetes-group-version-kind": [gvkOf({ ...kind, kind: `${kind.kind}List` })],
  };
}
