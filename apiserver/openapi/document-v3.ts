import { createHash } from "node:crypto";
import type { Kind } from "../../api-types/meta/kind.js";
import { kindSchemas } from "./kind-schemas.js";
import { metaSchemas } from "./meta-schemas.js";
import { groupVersionPath } from "./names.js";
import { type Operation, type Parameter, type PathOperations, pathsOf } from "./operations.js";
import { reference } from "./schema.js";

/** A document, and the hash that names its content in URLs. */
export interface OpenApiDocument {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** The OpenAPI 3.0 document of a group version, such as `apis/rackwright.dev/v1alpha1`; undefined when no kind is of it. */
export function openApiV3Document(groupVersion: string, kinds: readonly Kind[]): OpenApiDocument | undefined {
  const own = kinds.filter((kind) => groupVersionPath(kind) === groupVersion);
  if (own.length === 0) return undefined;
  const document = {
    openapi: "3.0.0",
    info: { title: "Rackwright", version: "v1" },
    paths: Object.fromEntries(own.flatMap(pathsOf).map((path) => [path.path, pathItem(path)])),
    components: { schemas: Object.assign({}, metaSchemas("v3"), ...own.map((kind) => kindSchemas(kind, "v3"))) },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex").toUpperCase() };
}

function pathItem({ parameters, operations }: PathOperations): unknown {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, operationItem(operation)])),
    ...(parameters.length > 0 && { parameters: parameters.map(parameterItem) }),
  };
}

function operationItem(operation: Operation): unknown {
  const { id, description, action, gvk, parameters, body, answer, codes } = operation;
  const answered = { description: "OK", content: contents(["application/json", "application/yaml"], answer) };
  return {
    description,
    operationId: id,
    parameters: parameters.map(parameterItem),
    ...(body && { requestBody: { content: contents(body.types, body.schema) } }),
    responses: Object.fromEntries(codes.map((code) => [String(code), answered])),
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}

function contents(types: readonly string[], schema: string): unknown {
  return Object.fromEntries(types.map((type) => [type, { schema: reference("v3", schema) }]));
}

function parameterItem({ name, in: place, type, description }: Parameter): unknown {
  const schema = { type, uniqueItems: true };
  return { name, in: place, description, ...(place === "path" && { required: true }), schema };
}
