import { describe, expect, it } from "vitest";
import type { Service } from "./fields.js";
import { type Job, jobOf } from "./job.js";

const restart = {
  policy: "Always",
  delaySeconds: 1,
  backoff: { initialSeconds: 1, factor: 1, maxSeconds: 1 },
} as const;

describe("jobOf", () => {
  it.each<[what: string, service: Partial<Pick<Service, "mode" | "job" | "restart">>, expected: Job | undefined]>([
    ["no job of other services", { mode: "Replicated" }, undefined],
    ["one success without more words", {}, { completions: 1, backoffLimit: 6, policy: "OnFailure" }],
    [
      "what it says",
      { job: { completions: 5, backoffLimit: 0 }, restart: { ...restart, policy: "Never" } },
      { completions: 5, backoffLimit: 0, policy: "Never" },
    ],
    [
      "a restart after failures only",
      { restart: { ...restart, policy: "OnFailure" } },
      { completions: 1, backoffLimit: 6, policy: "OnFailure" },
    ],
  ])("is %s", (_what, service, expected) => expect(jobOf({ mode: "Job", restart, ...service })).toEqual(expected));
});
