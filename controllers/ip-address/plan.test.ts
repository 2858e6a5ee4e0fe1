import { describe, expect, it } from "vitest";
import { IPAddress } from "../../api-types/ip-address.js";
import { at, sample } from "../testing/objects.js";
import { type ClaimView, planClaim } from "./plan.js";

const claimant = { namespace: "default", name: "web", uid: "uid-web" };
const claimWith = (status?: { readonly releasedAt: string }) =>
  sample(IPAddress, {
    metadata: { name: "rack-web-10.0.0.1" },
    spec: { rackName: "rack", pool: "web", address: "10.0.0.1", claimant },
    ...(status === undefined ? {} : { status }),
  });

const viewOf = (fields: Partial<ClaimView>): ClaimView => ({
  claim: claimWith(),
  hasClaimant: false,
  route: "absent",
  task: "absent",
  quarantineMs: 300_000,
  releasedForMs: undefined,
  ...fields,
});

/** What is planned in two words. */
function described(fields: Partial<ClaimView>): string {
  const plan = planClaim(viewOf(fields));
  switch (plan.type) {
    case "wait":
    case "release":
      return `${plan.type} ${plan.condition.reason}`;
    case "quarantine":
      return `${plan.type} ${plan.remainingMs}`;
    case "keep":
    case "free":
      return plan.type;
    default:
      return plan satisfies never;
  }
}

describe("a claim on an address", () => {
  const released = { claim: claimWith({ releasedAt: at(-900) }) };
  const rows: readonly (readonly [string, Partial<ClaimView>, string])[] = [
    ["is held while its claimant is there", { hasClaimant: true, route: "unknown", task: "unknown" }, "keep"],
    ["is held though nothing is outside yet", { hasClaimant: true }, "keep"],
    ["is released when everything is gone", {}, "release AddressQuarantined"],
    ["waits for its route", { route: "present" }, "wait AddressStillRouted"],
    ["R1 waits while the switch does not answer", { route: "unknown" }, "wait TableUnknown"],
    ["waits for a task out of reach", { task: "present" }, "wait TaskMayHaveAddress"],
    ["R1 waits while Mesos does not answer", { task: "unknown" }, "wait TasksUnknown"],
    ["stays in quarantine", { ...released, releasedForMs: 299_999 }, "quarantine 1"],
    [
      "R30 counts the quarantine by its own clock, whatever the wall says",
      { ...released, releasedForMs: 0 },
      "quarantine 300000",
    ],
    ["is free after the quarantine", { ...released, releasedForMs: 300_000 }, "free"],
    [
      "is taken back by a task that was found running",
      { ...released, releasedForMs: 300_000, hasClaimant: true },
      "keep",
    ],
    ["is free at once without a quarantine", { ...released, quarantineMs: 0 }, "free"],
  ];
  it.each(rows)("%s", (_, fields, expected) => expect(described(fields)).toBe(expected));
});
