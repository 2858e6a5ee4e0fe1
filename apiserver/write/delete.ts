import type { KubeObject } from "../../api-types/meta/object.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import { asLeavingNamespace, NAMESPACE_PREFIX, PERMANENT_NAMESPACES } from "../built-in/namespace.js";
import { forbidden, notFound } from "../http/failure.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { selectNow } from "../read/list.js";
import { servedObject } from "../read/resource.js";
import { type Committed, commit, type Decision } from "./commit.js";
import { type DeleteOptions, parseDeleteOptions } from "./delete-options.js";
import { timestamp } from "./prepare/system-fields.js";
import { isReleased } from "./replace.js";

/** Answers DELETE of one object: gone at once, or marked as leaving while finalizers hold it. */
export async function deleteObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseDeleteOptions(request);
  const committed = await remove(context, request, options);
  if (committed.type !== "removed") return { type: "object", status: 200, object: committed.object };
  const { kind } = request.resource;
  const details = {
    name: request.name,
    ...(kind.group !== "" && { group: kind.group }),
    kind: kind.plural,
    ...(committed.object.metadata.uid !== undefined && { uid: committed.object.metadata.uid }),
  };
  return {
    type: "object",
    status: 200,
    object: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details },
  };
}

/** Answers DELETE of a collection with the list of what it deleted. */
export async function deleteCollection(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const options = parseDeleteOptions(request);
  const selected = await selectNow(context, request);
  const items: KubeObject[] = [];
  for (const object of selected) {
    const { name, namespace } = object.metadata;
    const target: ResourceRequest = { ...request, verb: "delete", name, namespace };
    try {
      await remove(context, target, options);
      items.push(servedObject(request.resource, object));
    } catch (error) {
      // somebody else deleted it first: what was asked for holds
      if (!isStatus(error, "NotFound")) throw error;
    }
  }
  return { type: "list", items, metadata: { resourceVersion: String(context.feed.revision()) } };
}

function remove(context: ApiContext, request: ResourceRequest, options: DeleteOptions): Promise<Committed> {
  const { kind, prefix, isReadOnly } = request.resource;
  if (isReadOnly)
    throw new StatusError("MethodNotAllowed", `deleting ${kind.plural} "${request.name}" is not supported`);
  if (prefix === NAMESPACE_PREFIX && PERMANENT_NAMESPACES.includes(request.name)) {
    throw forbidden(kind, request.name, { why: "this namespace may not be deleted" });
  }
  return commit(context, request, {
    isDryRun: options.isDryRun,
    decide(live) {
      if (live === undefined) throw notFound(kind, request.name);
      checkDeletePreconditions(request, options, live);
      return leaving(context, request, { options, live });
    },
  });
}

function leaving(
  context: ApiContext,
  request: ResourceRequest,
  { options, live }: { readonly options: DeleteOptions; readonly live: KubeObject },
): Decision {
  const { metadata } = live;
  const finalizers = finalizersFor(options, metadata.finalizers ?? []);
  const { finalizers: _finalizers, ...others } = metadata;
  const isFirst = metadata.deletionTimestamp === undefined;
  const marked = {
    ...live,
    metadata: {
      ...others,
      ...(finalizers.length > 0 && { finalizers }),
      ...(isFirst && { deletionTimestamp: timestamp(context), deletionGracePeriodSeconds: 0 }),
      ...(isFirst && metadata.generation !== undefined && { generation: metadata.generation + 1 }),
    },
  };
  const object = request.resource.prefix === NAMESPACE_PREFIX ? asLeavingNamespace(marked) : marked;
  return isReleased(request, object) ? { type: "remove", object: live } : { type: "put", object };
}

/** Deletion waits for dependents (Foreground) or for their references to be cut (Orphan) by a finalizer. */
function finalizersFor(options: DeleteOptions, finalizers: readonly string[]): readonly string[] {
  const others = finalizers.filter((name) => name !== "orphan" && name !== "foregroundDeletion");
  switch (options.propagation) {
    case "Foreground":
      return [...others, "foregroundDeletion"];
    case "Orphan":
      return [...others, "orphan"];
    case "Background":
      return others;
    case undefined:
      return finalizers;
    default:
      return options.propagation satisfies never;
  }
}

function checkDeletePreconditions(request: ResourceRequest, options: DeleteOptions, live: KubeObject): void {
  const { kind } = request.resource;
  const { uid, resourceVersion } = options;
  const failed = (what: string, asked: string, actual: string | undefined) =>
    new StatusError(
      "Conflict",
      `Operation cannot be fulfilled on ${kind.kind}${kind.group === "" ? "" : `.${kind.group}`} "${request.name}": the ${what} in the precondition (${asked}) does not match the ${what} in record (${actual ?? ""}). The object might have been deleted and then recreated`,
      { details: { name: request.name, group: kind.group, kind: kind.kind } },
    );
  if (uid !== undefined && uid !== live.metadata.uid) throw failed("UID", uid, live.metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
    throw failed("ResourceVersion", resourceVersion, live.metadata.resourceVersion);
  }
}
