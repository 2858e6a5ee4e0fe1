import type { Kind } from "../../api-types/meta/kind.js";
import { type SwaggerOperation, type SwaggerParameter, type SwaggerPath, swaggerDocument } from "./document-v2.js";
import type { PublishedSchema } from "./schema.js";
import {
  bytesField,
  countField,
  doubleField,
  type Encoded,
  flagField,
  message,
  textField,
  textFields,
} from "./wire-writer.js";

/** The Swagger document as gnostic's `openapi.v2.Document`, which older kubectl and Argo CD ask for. */
export function openApiV2Protobuf(kinds: readonly Kind[]): Uint8Array {
  const { swagger, info, paths, definitions } = swaggerDocument(kinds);
  const pathItems = Object.entries(paths).map(([name, item]) => named(2, name, path(item)));
  const schemas = Object.entries(definitions).map(([name, definition]) => named(1, name, schema(definition)));
  return message(
    textField(1, swagger),
    bytesField(2, message(textField(1, info.title), textField(2, info.version))),
    bytesField(8, message(pathItems)),
    bytesField(9, message(schemas)),
  );
}

/** A member of a map: name and value. */
function named(number: number, name: string, value: Encoded): Encoded {
  return bytesField(number, message(textField(1, name), bytesField(2, value)));
}

/** Extensions travel as YAML, of which JSON is a part. */
function extensions(number: number, object: Readonly<Record<string, unknown>>): readonly Encoded[] {
  return Object.entries(object)
    .filter(([name, value]) => name.startsWith("x-") && value !== undefined)
    .map(([name, value]) => named(number, name, any(value)));
}

function any(value: unknown): Encoded {
  return message(textField(2, `${JSON.stringify(value)}\n`));
}

function path({ operations, parameters }: SwaggerPath): Encoded {
  const { get, put, post, delete: remove, patch } = operations;
  return message(
    operationField(2, get),
    operationField(3, put),
    operationField(4, post),
    operationField(5, remove),
    operationField(8, patch),
    parameters.map((each) => bytesField(9, parameter(each))),
  );
}

function operationField(number: number, operation: SwaggerOperation | undefined): readonly Encoded[] {
  if (operation === undefined) return [];
  const { description, operationId, consumes, produces, parameters, responses } = operation;
  const answers = Object.entries(responses).map(([code, { description: text, schema: answer }]) => {
    const response = message(textField(1, text), bytesField(2, bytesField(1, schema(answer))));
    return named(1, code, bytesField(1, response));
  });
  const encoded = message(
    textField(3, description),
    textField(5, operationId),
    textFields(6, produces),
    textFields(7, consumes),
    parameters.map((each) => bytesField(8, parameter(each))),
    bytesField(9, message(answers)),
    extensions(13, { ...operation }),
  );
  return [bytesField(number, encoded)];
}

/** A ParametersItem that holds a Parameter: of the body, of the query or of the path. */
function parameter(item: SwaggerParameter): Encoded {
  if (item.in === "body") {
    const body = message(
      textField(2, item.name),
      textField(3, item.in),
      flagField(4, item.required),
      bytesField(5, schema(item.schema)),
    );
    return bytesField(1, bytesField(1, body));
  }
  const head = message(
    flagField(1, item.required),
    textField(2, item.in),
    textField(3, item.description),
    textField(4, item.name),
  );
  const isPath = item.in === "path";
  const tail = isPath
    ? message(textField(5, item.type), flagField(19, item.uniqueItems))
    : message(textField(6, item.type), flagField(20, item.uniqueItems));
  return bytesField(1, bytesField(2, bytesField(isPath ? 4 : 3, message(head, tail))));
}

function schema(definition: PublishedSchema): Encoded {
  const { properties, items, additionalProperties, type, enum: values } = definition;
  return message(
    textField(1, definition.$ref),
    textField(2, definition.format),
    textField(4, definition.description),
    definition.default === undefined ? [] : bytesField(5, any(definition.default)),
    limits(definition),
    textFields(19, definition.required),
    Array.isArray(values) ? values.map((value) => bytesField(20, any(value))) : [],
    isSchema(additionalProperties) ? bytesField(21, bytesField(1, schema(additionalProperties))) : [],
    typeof type === "string" ? bytesField(22, message(textField(1, type))) : [],
    isSchema(items) ? bytesField(23, bytesField(1, schema(items))) : [],
    isSchema(properties) ? bytesField(25, message(members(properties))) : [],
    extensions(31, definition),
  );
}

function limits(definition: PublishedSchema): Encoded {
  return message(
    doubleField(7, definition.maximum),
    flagField(8, definition.exclusiveMaximum),
    doubleField(9, definition.minimum),
    flagField(10, definition.exclusiveMinimum),
    countField(11, definition.maxLength),
    countField(12, definition.minLength),
    textField(13, definition.pattern),
    countField(14, definition.maxItems),
    countField(15, definition.minItems),
    flagField(16, definition.uniqueItems),
    countField(17, definition.maxProperties),
    countField(18, definition.minProperties),
  );
}

function members(properties: PublishedSchema): readonly Encoded[] {
  return Object.entries(properties).flatMap(([name, field]) =>
    isSchema(field) ? [named(1, name, schema(field))] : [],
  );
}

function isSchema(value: unknown): value is PublishedSchema {
  return typeof value === "object" && value !== null;
}
