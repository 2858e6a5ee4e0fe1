import type { KubeObject } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { CONTENT_FINALIZER, contentFinalizers, NAMESPACE_PREFIX } from "../built-in/namespace.js";
import { SYSTEM_IDENTITY } from "../http/contract.js";
import { notFound } from "../http/failure.js";
import type { ApiContext, ResourceRequest } from "../read/context.js";
import type { Resource } from "../read/resource.js";
import { commit } from "./commit.js";
import { deleteObject } from "./delete.js";
import { isReleased } from "./replace.js";

/** Writes of the server itself, outside any request. */
export interface SystemWriter {
  /** Deletes as a client would, in the background. */
  readonly remove: (resource: Resource, object: KubeObject) => Promise<unknown>;
  /** Deletes an object only if it is still as it was seen. */
  readonly removeUnchanged: (resource: Resource, object: KubeObject) => Promise<unknown>;
  /** Lets go of an emptied namespace. */
  readonly finalizeNamespace: (name: string) => Promise<unknown>;
}

export function systemWriter(context: ApiContext): SystemWriter {
  return {
    remove: (resource, object) => deleteObject(context, requestFor(resource, object.metadata)),
    removeUnchanged(resource, object) {
      const { resourceVersion } = object.metadata;
      const body = Buffer.from(JSON.stringify({ preconditions: { resourceVersion } }));
      return deleteObject(context, { ...requestFor(resource, object.metadata), body });
    },
    finalizeNamespace(name) {
      const resource = context.resources.find(({ prefix }) => prefix === NAMESPACE_PREFIX);
      if (resource === undefined) throw new StatusError("InternalError", "the kind Namespace is not served");
      const request = requestFor(resource, { name });
      return commit(context, request, {
        isDryRun: false,
        decide(live) {
          if (live?.metadata.deletionTimestamp === undefined) throw notFound(resource.kind, name);
          const finalizers = contentFinalizers(live).filter((finalizer) => finalizer !== CONTENT_FINALIZER);
          const object = { ...live, spec: { ...(finalizers.length > 0 && { finalizers }) } };
          return isReleased(request, object) ? { type: "remove", object } : { type: "put", object };
        },
      });
    },
  };
}

function requestFor(
  resource: Resource,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): ResourceRequest {
  return {
    verb: "delete",
    resource,
    namespace,
    name,
    subresource: "",
    query: new URLSearchParams(),
    headers: { "content-type": "application/json" },
    body: new Uint8Array(),
    identity: SYSTEM_IDENTITY,
    signal: undefined,
  };
}
