import type { KubeObject } from "../../api-types/meta/object.js";
import { contentFinalizers, NAMESPACE_PREFIX } from "../built-in/namespace.js";
import { conflict, invalid } from "../http/failure.js";
import { recordUpdate } from "../patch/record-update.js";
import type { ApiContext, ResourceRequest } from "../read/context.js";
import type { Decision } from "./commit.js";
import { completed } from "./prepare/admission-input.js";
import { isNoChange } from "./prepare/equality.js";
import { judge } from "./prepare/judge.js";
import { asUpdated, defaulted, fieldWriter, withGeneration } from "./prepare/system-fields.js";

/** A wished-for state of an existing object, in the stored shape. */
export interface Replacement {
  readonly object: KubeObject;
  readonly live: KubeObject;
  readonly manager: string;
  /** Collects what to tell the client; replaced on every attempt. */
  readonly warnings: string[];
  /** Set when the managed fields are final already (server-side apply). */
  readonly isRecorded?: boolean;
}

/** Compares a client's uid and resourceVersion with what stands there. Throws Conflict; a patch's other uid is Invalid. */
export function checkPreconditions(request: ResourceRequest, wished: KubeObject, live: KubeObject): void {
  const { kind } = request.resource;
  const { uid, resourceVersion } = wished.metadata;
  if (uid !== undefined && uid !== "" && uid !== live.metadata.uid) {
    if (request.verb === "patch") {
      const message = `Invalid value: "${uid}": field is immutable`;
      throw invalid(kind, request.name, [{ type: "Invalid", path: "metadata.uid", message }]);
    }
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ""}`;
    throw conflict(kind, request.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== "" && resourceVersion !== live.metadata.resourceVersion) {
    throw conflict(kind, request.name);
  }
}

/** What becomes of `live` when a client wants `object`, through the main resource, `/status` or `/finalize`. */
export function replace(context: ApiContext, request: ResourceRequest, replacement: Replacement): Decision {
  const { live, manager, warnings } = replacement;
  const whole = defaulted(request, wishedState(request, replacement));
  const wished = completed(context, request, { object: whole, previous: live, manager });
  const recorded = replacement.isRecorded ? wished : record(context, request, { wished, live, manager });
  const next = withGeneration(request, recorded, live);
  if (isNoChange(live, next)) return { type: "put", object: live };
  warnings.splice(0, warnings.length, ...judge(context, request, { object: next, previous: live, manager }));
  return isReleased(request, next) ? { type: "remove", object: next } : { type: "put", object: next };
}

function wishedState(request: ResourceRequest, { object, live, isRecorded }: Replacement): KubeObject {
  const { subresource, resource } = request;
  const managedFields = isRecorded ? object.metadata.managedFields : live.metadata.managedFields;
  const metadata = { ...live.metadata, ...(managedFields && { managedFields }) };
  if (subresource === "status") {
    const { status: _status, ...others } = live;
    return { ...others, metadata, ...(object.status !== undefined && { status: object.status }) } as KubeObject; // apiVersion and kind are among the others
  }
  if (subresource === "finalize") return { ...live, spec: object.spec };
  const updated = asUpdated(request, object, live);
  // the content of a Namespace is let go through /finalize only
  if (resource.prefix === NAMESPACE_PREFIX) return { ...updated, spec: live.spec };
  return updated;
}

function record(
  context: ApiContext,
  request: ResourceRequest,
  { wished, live, manager }: { readonly wished: KubeObject; readonly live: KubeObject; readonly manager: string },
): KubeObject {
  const { managedFields } = wished.metadata;
  const { managedFields: _managedFields, ...metadata } = live.metadata;
  // the client's own managed fields are the base, so that a migration of them is honoured
  const before = { ...live, metadata: { ...metadata, ...(managedFields && { managedFields }) } };
  const writer = fieldWriter(context, request, manager);
  return recordUpdate({ before, after: wished, schema: request.resource.stored.schema, writer });
}

/** Whether a leaving object has nobody left who holds it. */
export function isReleased(request: ResourceRequest, object: KubeObject): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers !== undefined && finalizers.length > 0)) return false;
  return request.resource.prefix !== NAMESPACE_PREFIX || contentFinalizers(object).length === 0;
}
