import { describe, expect, it } from "vitest";
import { checkServices, groupFaults } from "./testing.js";

const SHARE = "must be a whole number of at least 0, or a percentage such as 25% or 12.5%";
const EACH = "may not be set with mode EachNode, which runs one on every matching node";

describe("how many instances there are", () => {
  checkServices({
    good: [
      ["none", { instances: 0 }],
      ["one on each node", { mode: "EachNode" }],
      ["a job", { mode: "Job" }],
      ["a job in parallel", { mode: "Job", instances: 3, job: { completions: 10, backoffLimit: 0 } }],
      ["a job with as many numbers as ends", { mode: "Job", job: { completions: 3 }, ordinals: { slots: 3 } }],
      ["a job that is never run again", { mode: "Job", restart: { policy: "Never" } }],
      ...[0, 3, "0%", "12.5%", "100%", "$(SHARE)"].map(
        (maxUnavailable) => [`maxUnavailable ${maxUnavailable}`, { update: { maxUnavailable } }] as const,
      ),
      ...[1, "1", "250%", "0.5%"].map((maxSurge) => [`maxSurge ${maxSurge}`, { update: { maxSurge } }] as const),
      ["stop before start", { update: { maxUnavailable: 1, maxSurge: 0 } }],
      ["a canary, paused", { update: { canary: 2, paused: true } }],
      ["a budget of bad health", { unhealthyKillBudget: 2 }],
    ],
    bad: [
      ["a size with EachNode", { mode: "EachNode", instances: 2 }, `instances: Forbidden: ${EACH}`],
      ["a job with EachNode", { mode: "EachNode", job: {} }, "job: Forbidden: needs mode Job"],
      ["a job without the mode", { job: { completions: 3 } }, "job: Forbidden: needs mode Job"],
      [
        "fewer numbers than ends",
        { mode: "Job", job: { completions: 3 }, ordinals: { slots: 2 } },
        "ordinals.slots: Invalid value: 2: must be at least job.completions (3): each has a number",
      ],
      [
        "no ends",
        { mode: "Job", job: { completions: 0 } },
        "job.completions: Invalid value: 0: spec.services[0].job.completions in body should be greater than or equal to 1",
      ],
      ...["-1%", "a third", "1.5", "101 %", ""].map(
        (share) =>
          [
            `maxSurge "${share}"`,
            { update: { maxSurge: share } },
            `update.maxSurge: Invalid value: "${share}": ${SHARE}`,
          ] as const,
      ),
      ["a negative number", { update: { maxUnavailable: -1 } }, `update.maxUnavailable: Invalid value: -1: ${SHARE}`],
      [
        "more missing than there are",
        { update: { maxUnavailable: "100.5%" } },
        'update.maxUnavailable: Invalid value: "100.5%": must be at most 100%',
      ],
      ...[0, "0%", "0.0%", "0"].map(
        (maxSurge) =>
          [
            `no way to replace anything: ${typeof maxSurge} ${maxSurge}`,
            { update: { maxSurge } },
            `update.maxSurge: Invalid value: ${JSON.stringify(maxSurge)}: may not be 0 while maxUnavailable is 0: nothing could be replaced`,
          ] as const,
      ),
      [
        "a budget that is none",
        { unhealthyKillBudget: "some" },
        `unhealthyKillBudget: Invalid value: "some": ${SHARE}`,
      ],
    ],
  });

  it("is not written in the scale of what runs on each node", () => {
    expect(groupFaults([{ mode: "EachNode" }], { scale: { web: 2 } })).toEqual([`spec.scale.web: Forbidden: ${EACH}`]);
  });
});
