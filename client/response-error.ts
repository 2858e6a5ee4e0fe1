import { STATUS_CODES, type StatusDetails, StatusError, type StatusReason } from "../api-types/meta/status-error.js";
import { TransportError } from "../platform/transport.js";

/** What a `Status` object carries on the wire; every field may be missing. */
export interface WireStatus {
  readonly kind?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

/** The StatusError for a failed response; its body may be a Status, or anything a proxy wrote. */
export function errorOfResponse(
  operation: string,
  response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
): StatusError {
  const status = parseStatus(response.body);
  const retryAfterSeconds = Number(response.headers["retry-after"] ?? Number.NaN);
  const hint = Number.isFinite(retryAfterSeconds) ? { retryAfterSeconds } : {};
  if (status === undefined) {
    const text = response.body.slice(0, EXCERPT_CHARACTERS).trim();
    const message = `${operation}: HTTP ${response.status}${text === "" ? "" : `: ${text}`}`;
    return new StatusError(reasonOfCode(response.status), message, { details: hint });
  }
  return errorOfStatus(operation, { code: response.status, ...status, details: { ...hint, ...status.details } });
}

/** The StatusError for a Status object, as in a response's body or a watch's ERROR event. */
export function errorOfStatus(operation: string, status: WireStatus): StatusError {
  const reason = isReason(status.reason) ? status.reason : reasonOfCode(status.code ?? 500);
  const message = status.message || `${operation}: ${reason}`;
  return new StatusError(reason, message, status.details === undefined ? {} : { details: status.details });
}

/** The StatusError for an exchange that did not complete; `Timeout` means that the outcome is unknown. */
export function errorOfTransport(operation: string, error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const isSent = !(error instanceof TransportError) || error.isSent;
  const text = error instanceof Error ? error.message : String(error);
  return new StatusError(isSent ? "Timeout" : "ServiceUnavailable", `${operation}: ${text}`, { cause: error });
}

/** How much of a foreign error page is repeated in a message. */
const EXCERPT_CHARACTERS = 200;

function parseStatus(body: string): WireStatus | undefined {
  try {
    const value: unknown = JSON.parse(body);
    // every field of WireStatus is optional and the kind is checked
    return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status"
      ? (value as WireStatus)
      : undefined;
  } catch {
    return undefined;
  }
}

function isReason(reason: string | undefined): reason is StatusReason {
  return reason !== undefined && Object.hasOwn(STATUS_CODES, reason);
}

/** The first reason of a code in the table; 409 is Conflict unless the server says otherwise. */
function reasonOfCode(code: number): StatusReason {
  if (code === 409) return "Conflict";
  const names = Object.keys(STATUS_CODES).filter(isReason);
  return names.find((name) => STATUS_CODES[name] === code) ?? reasonOfClass(code);
}

function reasonOfClass(code: number): StatusReason {
  if (code === 502) return "ServiceUnavailable";
  return code >= 400 && code < 500 ? "BadRequest" : "InternalError";
}
