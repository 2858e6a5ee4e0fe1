import type { Service } from "./fields.js";

/** When a job is done, and what follows an end that is no success. */
export interface Job {
  readonly completions: number;
  readonly backoffLimit: number;
  /** A job is not run again after a success, so `Always` means `OnFailure` here. */
  readonly policy: "OnFailure" | "Never";
}

/** The job of a service of mode Job, defaulted: one success is wanted, six failures are too many. Undefined: no job. */
export function jobOf({ mode, job, restart }: Pick<Service, "mode" | "job" | "restart">): Job | undefined {
  if (mode !== "Job") return undefined;
  const { completions = 1, backoffLimit = 6 } = job ?? {};
  return { completions, backoffLimit, policy: restart.policy === "Never" ? "Never" : "OnFailure" };
}
