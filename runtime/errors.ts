import { StatusError, type StatusReason } from "../api-types/meta/status-error.js";

/** What a loop does with a key after a failure. */
export type NextStep =
  /** The view was old: at once, then with back-off. */
  | { readonly type: "again" }
  /** Nothing is left to do. */
  | { readonly type: "done" }
  /** The same input fails the same way: wait for a change of the object or the resync. */
  | { readonly type: "stalled" }
  /** Later, with growing distance; a hint of the server is a lower bound. */
  | { readonly type: "backOff"; readonly afterMs: number }
  /** The writer's term is over: every loop of this process stops. */
  | { readonly type: "stop" };

/** The one table from reason to next step. */
export const NEXT_STEPS: Readonly<Record<StatusReason, NextStep["type"]>> = {
  Conflict: "again",
  AlreadyExists: "again",
  Expired: "again",
  NotFound: "done",
  BadRequest: "stalled",
  Invalid: "stalled",
  MethodNotAllowed: "stalled",
  NotAcceptable: "stalled",
  RequestEntityTooLarge: "stalled",
  UnsupportedMediaType: "stalled",
  Unauthorized: "backOff",
  Forbidden: "backOff",
  TooManyRequests: "backOff",
  InternalError: "backOff",
  ServiceUnavailable: "backOff",
  Timeout: "backOff",
  Fenced: "stop",
};

/** What to do after `error`; whatever is not a StatusError is backed off. */
export function nextStepOf(error: unknown): NextStep {
  if (!(error instanceof StatusError)) return { type: "backOff", afterMs: 0 };
  const type = NEXT_STEPS[error.reason];
  return type === "backOff" ? { type, afterMs: (error.details?.retryAfterSeconds ?? 0) * 1000 } : { type };
}
