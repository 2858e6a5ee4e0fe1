import type { KubeObject } from "../../../api-types/meta/object.js";
import type { AdmissionInput } from "../../admission/admission.js";
import type { ApiContext, ResourceRequest } from "../../read/context.js";
import { scopePrefix, storageKey } from "../../read/resource.js";

/** A write in its stored shape, and who makes it. */
export interface Written {
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly manager: string;
}

/** What admission looks at. */
export function admissionInput(context: ApiContext, request: ResourceRequest, written: Written): AdmissionInput {
  const { feed, resourceOf, pending } = context;
  return {
    ...written,
    kind: request.resource.stored,
    subresource: request.subresource,
    identity: request.identity,
    now: context.clock.now(),
    get(kind, key) {
      const resource = resourceOf(kind);
      return resource && feed.cacheOf(resource.prefix).get(storageKey(resource.prefix, key.namespace, key.name));
    },
    list(kind, namespace) {
      const resource = resourceOf(kind);
      return resource === undefined ? [] : feed.cacheOf(resource.prefix).range(scopePrefix(resource.prefix, namespace));
    },
    pending: (kind) => pending.of(kind),
  };
}

/** The object as the server completes it. */
export function completed(context: ApiContext, request: ResourceRequest, written: Written): KubeObject {
  return context.mutations.reduce(
    (object, mutation) => mutation(admissionInput(context, request, { ...written, object })),
    written.object,
  );
}
