import { StatusError } from "../../../api-types/meta/status-error.js";

/** The error for a store that cannot be opened: names the directory, the fault and the next step. */
export function unusable(directory: string, cause: unknown): StatusError {
  const step = NEXT_STEPS[codeOf(cause)] ?? "check the directory, or choose another one";
  const fault = cause instanceof Error ? cause.message : String(cause);
  return new StatusError("ServiceUnavailable", `opening the store in ${directory}: ${fault}; ${step}`, { cause });
}

/** The error for a data file that is not, or no longer, a store of ours; it was left as it is. */
export function damaged(directory: string, fault: string, cause?: unknown): StatusError {
  return new StatusError(
    "ServiceUnavailable",
    `opening the store in ${directory}: ${fault}; nothing was changed: ` +
      "move the directory aside and restore a backup, or start with an empty one",
    { cause },
  );
}

/** The code of a system error, or the empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  EACCES: "make it readable and writable for this user, or choose another directory",
  EPERM: "make it readable and writable for this user, or choose another directory",
  EROFS: "mount it writable, or choose another directory",
  ENOSPC: "free space on its disk",
  EDQUOT: "free space within the quota of this user",
  ENOTDIR: "choose a path whose parents are directories",
  EEXIST: "choose a path that is a directory",
};
