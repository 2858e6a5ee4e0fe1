import { StoreUnavailableError } from "../store.js";

/** What went wrong, as gRPC and etcd said it. */
export interface EtcdFault {
  /** gRPC's name of the code, or the empty string. */
  readonly code: string;
  readonly message: string;
}

/** The client drops the code but keeps gRPC's message: `14 UNAVAILABLE: No connection established`. */
export function faultOf(error: unknown): EtcdFault {
  const message = error instanceof Error ? error.message : String(error);
  const parts = /(?:^|\s)\d{1,2} ([A-Z_]+): ([\s\S]*)$/.exec(message);
  // what gRPC adds of a name that needed no resolution
  const text = (parts?.[2] ?? message).replace(/ Resolution note: $/, "");
  return { code: parts?.[1] ?? "", message: text.replace(/\.$/, "") };
}

/** Whether the server cannot have seen the request. */
export function isNeverSent({ code, message }: EtcdFault): boolean {
  return code === "UNAVAILABLE" && /No connection established|ECONNREFUSED|Name resolution failed/.test(message);
}

/** StoreUnavailableError for what is no answer of the store; undefined for a refusal that the caller understands. */
export function unavailable(
  error: unknown,
  { operation, endpoints }: { readonly operation: string; readonly endpoints: readonly string[] },
): StoreUnavailableError | undefined {
  if (error instanceof StoreUnavailableError) return error;
  const fault = faultOf(error);
  if (UNDERSTOOD.some((text) => fault.message.includes(text))) return undefined;
  const step = STEPS.find(([text]) => `${fault.code} ${fault.message}`.includes(text))?.[1] ?? "see the log of etcd";
  const isSent = !isNeverSent(fault) && !SEEN_AND_REFUSED.has(fault.code);
  const message = `${operation} etcd at ${endpoints.join(", ")}: ${fault.message}; ${step}`;
  return new StoreUnavailableError(message, { isSent, cause: error });
}

/** Refusals by the revision or the size of a request. */
export const COMPACTED = "required revision has been compacted";
export const FUTURE = "required revision is a future revision";
export const TOO_LARGE = ["request is too large", "larger than max"] as const;
const UNDERSTOOD = [COMPACTED, FUTURE, ...TOO_LARGE];

/** Codes with which the server says that it did nothing. */
const SEEN_AND_REFUSED: ReadonlySet<string> = new Set([
  "INVALID_ARGUMENT",
  "RESOURCE_EXHAUSTED",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "FAILED_PRECONDITION",
  "UNIMPLEMENTED",
]);

const STEPS: readonly (readonly [string, string])[] = [
  ["ECONNREFUSED", "start etcd there, or correct the endpoint"],
  ["Name resolution failed", "correct the name in the endpoint"],
  ["No connection established", "check that etcd runs there and that TLS is set as it expects"],
  ["database space exceeded", "compact and defragment etcd, then disarm its NOSPACE alarm"],
  ["authentication failed", "correct user and password"],
  ["PERMISSION_DENIED", "give the user read and write on the prefix"],
  ["permission denied", "give the user read and write on the prefix"],
  ["DEADLINE_EXCEEDED", "check the network and whether etcd has a leader"],
  ["UNAVAILABLE", "check that etcd runs and has a leader"],
];
