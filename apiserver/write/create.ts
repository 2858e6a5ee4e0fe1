import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { asBornNamespace, checkNamespace, NAMESPACE_PREFIX } from "../built-in/namespace.js";
import { alreadyExists, badRequest, forbidden, invalid } from "../http/failure.js";
import { decodeObject } from "../http/format/body.js";
import { recordUpdate } from "../patch/record-update.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { commit } from "./commit.js";
import { completed } from "./prepare/admission-input.js";
import { acceptObject } from "./prepare/incoming.js";
import { judge } from "./prepare/judge.js";
import { asCreated, defaulted, fieldWriter } from "./prepare/system-fields.js";
import { parseWriteOptions } from "./write-options.js";

/** Answers POST on a collection. */
export async function createObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseWriteOptions(request, "CreateOptions");
  const { kind } = request.resource;
  refuseUncreatable(request);
  const body = decodeObject(kind, request.headers, request.body);
  const incoming = acceptObject(request, body.value, { ...options, duplicates: body.duplicates });
  if ((incoming.object.metadata.resourceVersion ?? "") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const object = named(context, kind, incoming.object);
  const target = { ...request, name: object.metadata.name };
  await checkNamespace(context, target);
  const { manager } = options;
  const writer = fieldWriter(context, target, manager);
  const warnings: string[] = [];
  const committed = await commit(context, target, {
    isDryRun: options.isDryRun,
    isNew: true,
    decide(live) {
      // nothing may come between the judgement and the write: others claim the same at the same time
      const after = newObject(context, target, { object, manager });
      const born = recordUpdate({ before: undefined, after, schema: request.resource.stored.schema, writer });
      warnings.splice(0, warnings.length, ...judge(context, target, { object: born, previous: undefined, manager }));
      if (live !== undefined) throw alreadyExists(kind, target.name);
      return { type: "put", object: born };
    },
  });
  return { type: "object", status: 201, object: committed.object, warnings: [...incoming.warnings, ...warnings] };
}

/** The object as it is first stored, without managed fields. */
export function newObject(
  context: ApiContext,
  request: ResourceRequest,
  { object, manager }: { readonly object: KubeObject; readonly manager: string },
): KubeObject {
  const born = asCreated(context, request, object);
  const whole = defaulted(request, request.resource.prefix === NAMESPACE_PREFIX ? asBornNamespace(born) : born);
  return completed(context, request, { object: whole, previous: undefined, manager });
}

/** Kinds that are only listed so far, or made by the server itself, refuse creation in clear words. */
export function refuseUncreatable(request: ResourceRequest): void {
  const { kind, isReadOnly } = request.resource;
  if (kind.isCreatable && !isReadOnly) return;
  throw forbidden(kind, request.name, { why: `${kind.plural} are not supported yet` });
}

function named(context: ApiContext, kind: Kind, object: KubeObject): KubeObject {
  const { name, generateName } = object.metadata;
  if (name !== undefined && name !== "") return object;
  if (generateName === undefined || generateName === "") {
    throw invalid(kind, "", [
      { type: "Required", path: "metadata.name", message: "Required value: name or generateName is required" },
    ]);
  }
  const base = generateName.slice(0, NAME_LENGTH_MAX - SUFFIX_LENGTH);
  return { ...object, metadata: { ...object.metadata, name: `${base}${context.random.suffix(SUFFIX_LENGTH)}` } };
}

const NAME_LENGTH_MAX = 63;
const SUFFIX_LENGTH = 5;
