import type { Kind } from "../../../api-types/meta/kind.js";
import type { KubeObject } from "../../../api-types/meta/object.js";
import { hintOf } from "../../../api-types/schema/known-fields.js";
import { oversized } from "../../../api-types/schema/oversized.js";
import { prune } from "../../../api-types/schema/prune.js";
import { isRecord } from "../../../platform/is-record.js";
import { checkMetadataTypes } from "../../admission/metadata.js";
import { LEASE_PREFIX, withoutTerm } from "../../built-in/lease-term.js";
import { foldSecret } from "../../built-in/secret.js";
import { badRequest, invalid } from "../../http/failure.js";
import type { ResourceRequest } from "../../read/context.js";
import type { WriteOptions } from "../write-options.js";

/** An object as it came in, in the stored shape, and what to tell its sender. */
export interface Incoming {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/**
 * Decides that a decoded body is an object of the requested kind, name and namespace, and drops its unknown fields:
 * refused (Strict), told (Warn) or dropped silently (Ignore). Throws BadRequest.
 */
export function acceptObject(
  request: ResourceRequest,
  raw: unknown,
  options: { readonly fieldValidation: WriteOptions["fieldValidation"]; readonly duplicates: readonly string[] },
): Incoming {
  const { kind, view, prefix } = request.resource;
  const identified = withIdentity(request, raw);
  refuseOversized(request, identified);
  const { object, unknown } = prune(kind.schema, identified);
  const faults = [
    ...options.duplicates.map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
  if (faults.length > 0 && options.fieldValidation === "Strict") {
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${faults.join(", ")}${hintOf(kind.schema, unknown)}`,
    );
  }
  const warnings = options.fieldValidation === "Warn" ? faults : [];
  // prune keeps apiVersion, kind and metadata, which were checked
  const served = object as KubeObject;
  const stored = view === undefined ? served : view.toStored(served);
  return { object: prefix === LEASE_PREFIX ? withoutTerm(stored) : foldSecret(stored), warnings };
}

/** Bodies that are looked at for lists without end, before anything costs more time than reading them did. */
const LARGE_BODY_BYTES = 65_536;

function refuseOversized({ resource, name, body }: ResourceRequest, object: unknown): void {
  if (body.length < LARGE_BODY_BYTES) return;
  const faults = oversized(resource.kind.schema, object);
  if (faults.length > 0) throw invalid(resource.kind, name, faults);
}

function withIdentity(request: ResourceRequest, raw: unknown): Readonly<Record<string, unknown>> {
  const { kind } = request.resource;
  if (!isRecord(raw)) throw badRequest(`the body must be an object of kind ${kind.kind}`);
  checkType(kind, raw);
  const metadata = raw.metadata ?? {};
  checkMetadataTypes(metadata);
  const namespace = checkedNamespace(request, metadata.namespace);
  const name = typeof metadata.name === "string" ? metadata.name : "";
  if (request.name !== "" && name !== "" && name !== request.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${request.name})`);
  }
  if (request.name !== "" && name === "" && request.verb === "update") {
    throw badRequest(`name must be provided: the name on the URL is ${request.name}`);
  }
  const { namespace: _namespace, ...others } = metadata;
  const identity = { name: request.name === "" ? name : request.name, ...(namespace !== undefined && { namespace }) };
  const { apiVersion } = kind;
  return { ...raw, apiVersion, kind: kind.kind, metadata: { ...others, ...identity } };
}

/** Core kinds may leave out what the URL says; typed clients do. */
function checkType(kind: Kind, raw: Readonly<Record<string, unknown>>): void {
  const fallback = kind.family === "core" ? kind : undefined;
  const name = raw.kind || fallback?.kind;
  const apiVersion = raw.apiVersion || fallback?.apiVersion;
  if (!name) throw badRequest(`Object 'Kind' is missing in the body of ${kind.plural}`);
  if (!apiVersion) throw badRequest(`Object 'apiVersion' is missing in the body of ${kind.plural}`);
  if (name === kind.kind && apiVersion === kind.apiVersion) return;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind.kind}): ${String(apiVersion)}, Kind=${String(name)} does not match ${kind.apiVersion}, Kind=${kind.kind}`,
  );
}

function checkedNamespace({ namespace }: ResourceRequest, given: unknown): string | undefined {
  if (given === undefined || given === null || given === "" || given === namespace) return namespace;
  if (namespace === undefined) return undefined;
  throw badRequest(
    `the namespace of the provided object does not match the namespace sent on the request (${String(given)} is not ${namespace})`,
  );
}
