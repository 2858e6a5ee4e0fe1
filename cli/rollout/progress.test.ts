import { describe, expect, it } from "vitest";
import type { ServiceStatus } from "../../api-types/service-group.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { condition, group, sample } from "../../controllers/testing/objects.js";
import { progressOf } from "./progress.js";

const service = (fields: object = {}) => ({ name: "web", image: "a", ...fields });
const counts = (fields: Partial<ServiceStatus>): ServiceStatus => ({
  name: "web",
  desired: 4,
  updated: 4,
  running: 4,
  ready: 4,
  available: 4,
  ...fields,
});

function seen({
  spec = {},
  status = counts({}),
  conditions = [] as ReturnType<typeof condition>[],
  observed = 1,
} = {}) {
  const whole = { services: [status], conditions, observedGeneration: observed };
  const wanted = { rackName: "rack", services: [service()], ...spec };
  return progressOf(sample(ServiceGroup, { metadata: { name: "shop" }, spec: wanted, status: whole }), undefined);
}

const update = (fields: object) => ({ services: [service({ update: fields })] });
const job = (status: object) =>
  seen({
    spec: { services: [service({ mode: "Job", job: { completions: 3, backoffLimit: 1 } })] },
    status: counts(status),
  });

describe("how far an update is", () => {
  it.each<readonly [string, ReturnType<typeof seen>, string, number?]>([
    ["unseen", seen({ observed: 0 }), "shop: waiting for the control plane to take up the new spec", undefined],
    [
      "done",
      seen({ status: counts({ revision: "shop-web-2" }) }),
      "web: rolled out, 4 instances are available with shop-web-2",
      0,
    ],
    [
      "on its way",
      seen({ status: counts({ updated: 2, available: 3, running: 5 }) }),
      "web: 2 of 4 updated, 3 available, 3 old running",
      undefined,
    ],
    [
      "old ones are left",
      seen({ status: counts({ running: 5 }) }),
      "web: 4 of 4 updated, 4 available, 1 old running",
      undefined,
    ],
    [
      "paused",
      seen({ spec: update({ paused: true }), status: counts({ updated: 1 }) }),
      "web: 1 of 4 updated, 4 available, paused (rackctl rollout resume sg/shop)",
      undefined,
    ],
    [
      "paused before its revision is stored",
      seen({
        spec: update({ paused: true }),
        conditions: [
          condition("Progressing", "False", { reason: "UpdateHeld", message: "web is paused with 4 old instances" }),
        ],
      }),
      "web is paused with 4 old instances (rackctl rollout resume sg/shop lets it go on)",
      undefined,
    ],
    [
      "at its canary",
      seen({
        spec: update({ canary: 1 }),
        status: counts({ updated: 1 }),
        conditions: [condition("Progressing", "False", { reason: "UpdateHeld", message: "web holds at 1" })],
      }),
      "web: 1 of 4 updated, 4 available; held at its canary; rackctl rollout promote sg/shop lets it go on",
      0,
    ],
    [
      "at its canary, which does not serve yet",
      seen({
        spec: update({ canary: 1 }),
        status: counts({ updated: 1, running: 5 }),
        conditions: [condition("Progressing", "True")],
      }),
      "web: 1 of 4 updated, 4 available, 4 old running",
      undefined,
    ],
    [
      "before its canary",
      seen({ spec: update({ canary: 2 }), status: counts({ updated: 1 }) }),
      "web: 1 of 4 updated, 4 available, 3 old running",
      undefined,
    ],
    [
      "rolled back",
      seen({ status: counts({ failedRevision: "shop-web-3", availableRevision: "shop-web-2" }) }),
      "web: shop-web-3 missed its deadline and was rolled back to shop-web-2",
      1,
    ],
    [
      "too slow",
      seen({
        status: counts({ updated: 1 }),
        conditions: [condition("Progressing", "False", { reason: "DeadlineExceeded" })],
      }),
      "no progress for 600 s",
      1,
    ],
    [
      "restarted: all are of the revision, and some are to be replaced",
      seen({ conditions: [condition("Progressing", "True")] }),
      "shop: all services are updated; instances still come or leave",
      undefined,
    ],
    [
      "restarted, and what comes cannot be placed",
      seen({
        conditions: [
          condition("Progressing", "True"),
          condition("Unschedulable", "True", { message: "Secret x is not there" }),
        ],
      }),
      "shop: all services are updated; instances still come or leave; unschedulable: Secret x is not there",
      undefined,
    ],
    [
      "waiting for what the group tells of an instance",
      seen({
        status: counts({ available: 3 }),
        conditions: [
          condition("Ready", "False", { message: "web: 3 of 4 available; shop-web-1-a: ns/x claims the name" }),
        ],
      }),
      "web: 4 of 4 updated, 3 available; shop-web-1-a: ns/x claims the name",
      undefined,
    ],
    [
      "blocked",
      seen({
        status: counts({ updated: 0, available: 0, running: 0 }),
        conditions: [condition("Blocked", "True", { message: "waits for db" })],
      }),
      "web: 0 of 4 updated, 0 available; blocked: waits for db",
      undefined,
    ],
    [
      "suspended",
      seen({ spec: { suspend: true }, conditions: [condition("Ready", "True")] }),
      "shop is suspended; rackctl resume sg/shop starts it",
      0,
    ],
    [
      "being suspended",
      seen({
        spec: { suspend: true },
        conditions: [condition("Ready", "False", { message: "2 instances are still leaving" })],
      }),
      "shop is being suspended: 2 instances are still leaving",
      undefined,
    ],
    ["a job", job({ succeeded: 1, failed: 1 }), "web: 1 of 3 done, 1 failed", undefined],
    ["a job that is done", job({ succeeded: 3 }), "web: 3 of 3 done, 0 failed", 0],
    ["a job that gave up", job({ succeeded: 1, failed: 2 }), "web: 1 of 3 done, 2 failed; the job gave up", 1],
  ])("%s", (_, look, ...[text, code]) => expect(look).toEqual({ text, code }));

  it("looks at one service only where one is named", () => {
    const two = group({ services: [{ name: "web" }, { name: "db" }] });
    const services = [counts({}), counts({ name: "db", updated: 0 })];
    const both = { ...two, status: { services, observedGeneration: 1, conditions: [] } };
    expect(progressOf(both, "web").code).toBe(0);
    expect(progressOf(both, undefined).code).toBeUndefined();
  });
});
