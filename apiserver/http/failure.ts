import type { Kind } from "../../api-types/meta/kind.js";
import { type StatusCause, type StatusDetails, StatusError } from "../../api-types/meta/status-error.js";
import type { FieldError } from "../../api-types/schema/structural.js";

/** The name of a kind's resource in messages: `routes.rackwright.dev`, `configmaps`. */
export function resourceName(kind: Kind): string {
  return kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** The object is absent. */
export function notFound(kind: Kind, name: string): StatusError {
  return new StatusError("NotFound", `${resourceName(kind)} "${name}" not found`, { details: detailsOf(kind, name) });
}

/** An object of this name stands there already. */
export function alreadyExists(kind: Kind, name: string): StatusError {
  return new StatusError("AlreadyExists", `${resourceName(kind)} "${name}" already exists`, {
    details: detailsOf(kind, name),
  });
}

/** The write rests on an outdated or other object. */
export function conflict(kind: Kind, name: string, why: string = STALE): StatusError {
  return new StatusError("Conflict", `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`, {
    details: detailsOf(kind, name),
  });
}

const STALE = "the object has been modified; please apply your changes to the latest version and try again";

/** What the caller may not do, in the words of Kubernetes. */
export function forbidden(
  kind: Kind,
  name: string,
  { why, causes }: { readonly why: string; readonly causes?: readonly StatusCause[] },
): StatusError {
  const quoted = name === "" ? "" : `"${name}" `;
  return new StatusError("Forbidden", `${resourceName(kind)} ${quoted}is forbidden: ${why}`, {
    details: { ...detailsOf(kind, name), ...(causes && { causes }) },
  });
}

/** All faults of an object at once. */
export function invalid(kind: Kind, name: string, errors: readonly FieldError[]): StatusError {
  const qualified = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  return invalidOf(qualified, { name, group: kind.group, kind: kind.kind }, errors);
}

/** Faults of a request's options, e.g. of `DeleteOptions`. */
export function invalidOptions(options: string, errors: readonly FieldError[]): StatusError {
  return invalidOf(`${options}.meta.k8s.io`, { name: "", group: "meta.k8s.io", kind: options }, errors);
}

/** The request cannot be understood. */
export function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError("BadRequest", message, { cause });
}

/** The asked version is gone; the client lists again. */
export function expired(): StatusError {
  return new StatusError("Expired", "The resourceVersion for the provided list is too old.");
}

/** The asked version does not exist yet. */
export function tooLargeVersion(asked: number, current: number): StatusError {
  return new StatusError("Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

/** The body of an error answer. */
export function statusOf(error: StatusError): Record<string, unknown> {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason: error.reason,
    ...(error.details && { details: error.details }),
    code: error.code,
  };
}

function detailsOf(kind: Kind, name: string): StatusDetails {
  return {
    ...(name !== "" && { name }),
    ...(kind.group !== "" && { group: kind.group }),
    kind: kind.plural,
  };
}

function invalidOf(
  qualified: string,
  details: { readonly name: string; readonly group: string; readonly kind: string },
  errors: readonly FieldError[],
): StatusError {
  const texts = errors.map((error) => (error.path === "" ? error.message : `${error.path}: ${error.message}`));
  const text = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return new StatusError("Invalid", `${qualified} "${details.name}" is invalid: ${text}`, {
    details: { ...details, causes: errors.map(causeOf) },
  });
}

function causeOf(error: FieldError): StatusCause {
  return { reason: CAUSE_REASONS[error.type], message: error.message, field: error.path };
}

const CAUSE_REASONS: Readonly<Record<FieldError["type"], string>> = {
  Required: "FieldValueRequired",
  Invalid: "FieldValueInvalid",
  NotSupported: "FieldValueNotSupported",
  TypeInvalid: "FieldValueTypeInvalid",
  Duplicate: "FieldValueDuplicate",
  Forbidden: "FieldValueForbidden",
  TooLong: "FieldValueTooLong",
  TooMany: "FieldValueTooMany",
};
