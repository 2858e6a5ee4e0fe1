import type { KubeObject } from "../../api-types/meta/object.js";
import { checkNamespace } from "../built-in/namespace.js";
import { badRequest, conflict, notFound, resourceName } from "../http/failure.js";
import { decodeYaml } from "../http/format/body.js";
import { serverSideApply } from "../patch/server-side-apply.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { storageKey } from "../read/resource.js";
import { commit, type Decision } from "./commit.js";
import { newObject, refuseUncreatable } from "./create.js";
import { acceptObject } from "./prepare/incoming.js";
import { judge } from "./prepare/judge.js";
import { fieldWriter } from "./prepare/system-fields.js";
import { checkPreconditions, replace } from "./replace.js";
import { parseWriteOptions, type WriteOptions } from "./write-options.js";

/** Answers server-side apply to an object or to its status; creates what is absent. */
export async function applyObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseWriteOptions(request, "PatchOptions", true);
  const body = decodeYaml(request.body);
  const incoming = acceptObject(request, body.value, { ...options, duplicates: body.duplicates });
  if ((incoming.object.metadata.managedFields ?? []).length > 0) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const config = appliedPart(request, incoming.object);
  const { prefix } = request.resource;
  // the rules of creation are checked before the commit, which only decides
  const isKnown = context.feed.cacheOf(prefix).get(storageKey(prefix, request.namespace, request.name)) !== undefined;
  if (!isKnown && request.subresource === "") await checkNamespace(context, request);
  const warnings: string[] = [];
  const committed = await commit(context, request, {
    isDryRun: options.isDryRun,
    decide(live) {
      const applying: Applying = { config, wished: incoming.object, options, warnings };
      return live === undefined
        ? applyNew(context, request, applying)
        : applyOver(context, request, { ...applying, live });
    },
  });
  const status = committed.type === "created" ? 201 : 200;
  return { type: "object", status, object: committed.object, warnings: [...incoming.warnings, ...warnings] };
}

interface Applying {
  readonly config: KubeObject;
  readonly wished: KubeObject;
  readonly options: WriteOptions;
  readonly warnings: string[];
}

function applyNew(context: ApiContext, request: ResourceRequest, applying: Applying): Decision {
  const { kind } = request.resource;
  if (request.subresource !== "") throw notFound(kind, request.name);
  refuseUncreatable(request);
  const { uid, resourceVersion } = applying.wished.metadata;
  if (uid !== undefined && uid !== "") {
    throw conflict(
      kind,
      request.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== "") throw notFound(kind, request.name);
  const merged = merge(context, request, { ...applying, live: undefined });
  const { managedFields } = merged.metadata;
  const born = newObject(context, request, { object: merged, manager: applying.options.manager });
  const object = { ...born, metadata: { ...born.metadata, ...(managedFields && { managedFields }) } };
  const judged = judge(context, request, { object, previous: undefined, manager: applying.options.manager });
  applying.warnings.splice(0, applying.warnings.length, ...judged);
  return { type: "put", object };
}

function applyOver(
  context: ApiContext,
  request: ResourceRequest,
  applying: Applying & { readonly live: KubeObject },
): Decision {
  const { live, wished, options, warnings } = applying;
  checkPreconditions(request, wished, live);
  const object = merge(context, request, applying);
  return replace(context, request, { object, live, manager: options.manager, warnings, isRecorded: true });
}

function merge(
  context: ApiContext,
  request: ResourceRequest,
  { config, options, live }: Applying & { readonly live: KubeObject | undefined },
): KubeObject {
  return serverSideApply({
    live,
    config,
    schema: request.resource.stored.schema,
    writer: fieldWriter(context, request, options.manager),
    isForced: options.isForced,
    resource: `${resourceName(request.resource.kind)} "${request.name}"`,
  });
}

/** What of the sent object this door lets through. */
function appliedPart(request: ResourceRequest, object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, status, ...others } = object;
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = metadata;
  const identity = { name, ...(namespace !== undefined && { namespace }) };
  if (request.subresource === "status") {
    return { apiVersion, kind, metadata: identity, ...(status !== undefined && { status }) };
  }
  const isStatusOwn = !request.resource.stored.hasStatus && status !== undefined;
  return {
    apiVersion,
    kind,
    metadata: {
      ...identity,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ...(ownerReferences && { ownerReferences }),
    },
    ...others,
    ...(isStatusOwn && { status }),
  };
}
