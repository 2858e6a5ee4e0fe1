import type { KubeObject } from "../../api-types/meta/object.js";
import { forbidden, notFound } from "../http/failure.js";
import { decodeStored } from "../read/cache/decode.js";
import type { ApiContext, ResourceRequest } from "../read/context.js";
import { storageKey } from "../read/resource.js";

/** Where Namespaces are stored. */
export const NAMESPACE_PREFIX = "core/namespaces/";
/** Namespaces that exist from the first start and cannot be deleted. */
export const PERMANENT_NAMESPACES: readonly string[] = ["default", "kube-system", "rackwright-system"];
/** The entry in `spec.finalizers` that stands for the content of a Namespace. */
export const CONTENT_FINALIZER = "kubernetes";

/** Refuses to create anything in a namespace that is absent (NotFound) or leaving (Forbidden). */
export async function checkNamespace(context: ApiContext, request: ResourceRequest): Promise<void> {
  const { namespace, resource } = request;
  if (namespace === undefined) return;
  const found = await findNamespace(context, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  throw forbidden(resource.kind, request.name, {
    why: `unable to create new content in namespace ${namespace} because it is being terminated`,
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  });
}

/** A Namespace as it is born: active, holding its content. */
export function asBornNamespace(object: KubeObject): KubeObject {
  const labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
  return {
    ...object,
    metadata: { ...object.metadata, labels },
    spec: { finalizers: [CONTENT_FINALIZER] },
    status: { phase: "Active" },
  };
}

/** The finalizers that stand for the content of a Namespace. */
export function contentFinalizers(object: KubeObject): readonly string[] {
  const { spec } = object;
  if (typeof spec !== "object" || spec === null || !("finalizers" in spec)) return [];
  return Array.isArray(spec.finalizers) ? spec.finalizers : [];
}

/** A Namespace whose deletion has begun. */
export function asLeavingNamespace(object: KubeObject): KubeObject {
  return { ...object, status: { phase: "Terminating" } };
}

async function findNamespace({ feed, store, resourceOf }: ApiContext, name: string): Promise<KubeObject> {
  const resource = resourceOf("Namespace", "");
  const key = storageKey(NAMESPACE_PREFIX, undefined, name);
  const cached = feed.cacheOf(NAMESPACE_PREFIX).get(key);
  if (cached !== undefined) return cached;
  const entry = await store.get(key);
  const found = entry && resource && decodeStored(resource, entry);
  if (found !== undefined) return found;
  if (resource === undefined) throw new Error("the kind Namespace is not served");
  throw notFound(resource.kind, name);
}
