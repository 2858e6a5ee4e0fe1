import type { Kind } from "../../api-types/meta/kind.js";
import { kindSchemas } from "./kind-schemas.js";
import { metaSchemas } from "./meta-schemas.js";
import { type Operation, type Parameter, type PathOperations, pathsOf } from "./operations.js";
import { type PublishedSchema, reference } from "./schema.js";

/** A Swagger 2.0 document, as far as ours go. */
interface SwaggerDocument {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, SwaggerPath>>;
  readonly definitions: Readonly<Record<string, PublishedSchema>>;
}

export interface SwaggerPath {
  readonly operations: Readonly<Partial<Record<Operation["method"], SwaggerOperation>>>;
  readonly parameters: readonly SwaggerParameter[];
}

export interface SwaggerOperation {
  readonly description: string;
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly SwaggerParameter[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema: PublishedSchema }>>;
  readonly "x-kubernetes-action": string;
  readonly "x-kubernetes-group-version-kind": unknown;
}

export type SwaggerParameter =
  | { readonly in: "body"; readonly name: string; readonly required: boolean; readonly schema: PublishedSchema }
  | (Parameter & { readonly required: boolean; readonly uniqueItems: true });

/** The document of all kinds. */
export function swaggerDocument(kinds: readonly Kind[]): SwaggerDocument {
  return {
    swagger: "2.0",
    info: { title: "Rackwright", version: "v1" },
    paths: Object.fromEntries(kinds.flatMap(pathsOf).map((path) => [path.path, swaggerPath(path)])),
    definitions: Object.assign({}, metaSchemas("v2"), ...kinds.map((kind) => kindSchemas(kind, "v2"))),
  };
}

/** The document as JSON. */
export function openApiV2Json(kinds: readonly Kind[]): Uint8Array {
  const { paths, ...document } = swaggerDocument(kinds);
  const items = Object.entries(paths).map(([path, { operations, parameters }]) => [
    path,
    { ...operations, parameters },
  ]);
  return Buffer.from(JSON.stringify({ ...document, paths: Object.fromEntries(items) }));
}

function swaggerPath({ parameters, operations }: PathOperations): SwaggerPath {
  return {
    operations: Object.fromEntries(operations.map((operation) => [operation.method, swaggerOperation(operation)])),
    parameters: parameters.map(swaggerParameter),
  };
}

function swaggerOperation(operation: Operation): SwaggerOperation {
  const { id, description, action, gvk, parameters, body, answer, codes } = operation;
  const answered = { description: "OK", schema: reference("v2", answer) };
  return {
    description,
    operationId: id,
    consumes: body?.types ?? ["*/*"],
    produces: ["application/json", "application/yaml"],
    parameters: [...parameters.map(swaggerParameter), ...(body ? [bodyParameter(body.schema)] : [])],
    responses: Object.fromEntries(codes.map((code) => [String(code), answered])),
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}

function bodyParameter(schema: string): SwaggerParameter {
  return { name: "body", in: "body", required: true, schema: reference("v2", schema) };
}

function swaggerParameter(parameter: Parameter): SwaggerParameter {
  return { ...parameter, required: parameter.in === "path", uniqueItems: true };
}
