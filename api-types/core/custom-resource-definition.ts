import { defineKind } from "../meta/define-kind.js";
import type { Column, Kind, ObjectOf } from "../meta/kind.js";
import type { KubeObject } from "../meta/object.js";
import { freeObject } from "../schema/fields.js";
import type { StructuralSchema } from "../schema/structural.js";

/** One of our own kinds, described the way Kubernetes describes kinds. Served read-only. */
export const CustomResourceDefinition = defineKind({
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  group: "apiextensions.k8s.io",
  version: "v1",
  family: "core",
  isCreatable: false,
  scope: "Cluster",
  description: "A kind of objects, described. Read-only here: the kinds are built in.",
  spec: freeObject("The description."),
  status: freeObject("Whether the kind is served."),
  columns: [
    {
      name: "Created At",
      type: "string",
      description: "When it was created.",
      jsonPath: ".metadata.creationTimestamp",
    },
  ],
});
export type CustomResourceDefinition = ObjectOf<typeof CustomResourceDefinition>;

/** A custom kind as a CustomResourceDefinition that a real Kubernetes loads; without server-set metadata and status. */
export function asCustomResourceDefinition(
  kind: Kind,
): KubeObject & { readonly spec: Readonly<Record<string, unknown>> } {
  const { group, plural, singular, shortNames, categories, scope } = kind;
  return {
    apiVersion: CustomResourceDefinition.apiVersion,
    kind: CustomResourceDefinition.kind,
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular, shortNames, categories },
      scope,
      versions: [versionOf(kind)],
    },
  };
}

function versionOf(kind: Kind): Readonly<Record<string, unknown>> {
  const subresources = {
    ...(kind.hasStatus && { status: {} }),
    ...(kind.scale !== undefined && { scale: kind.scale }),
  };
  return {
    name: kind.version,
    served: true,
    storage: true,
    additionalPrinterColumns: kind.columns.map(printerColumn),
    ...(Object.keys(subresources).length > 0 && { subresources }),
    schema: { openAPIV3Schema: publishedSchema(kind.schema) },
  };
}

/** Kubernetes knows metadata itself, and takes no more than its type. */
function publishedSchema(schema: StructuralSchema): StructuralSchema {
  return { ...schema, properties: { ...schema.properties, metadata: { type: "object" } } };
}

function printerColumn({
  name,
  type,
  description,
  jsonPath,
  priority,
  format,
}: Column): Readonly<Record<string, unknown>> {
  return {
    name,
    type,
    description,
    jsonPath,
    ...(priority !== undefined && { priority }),
    ...(format !== undefined && { format }),
  };
}
