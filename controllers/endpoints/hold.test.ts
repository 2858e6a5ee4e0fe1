import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import type { Route } from "../../api-types/route.js";
import { HOLD_MS, holdMs } from "./hold.js";
import type { EndpointsPlan, EndpointsView } from "./plan.js";

const NOW = Date.UTC(2026, 0, 1, 0, 0, 10);

function object<T>(ageMs: number, more: object = {}): T {
  return { metadata: { creationTimestamp: new Date(NOW - ageMs).toISOString() }, ...more } as unknown as T; // only what is read
}

interface Case {
  readonly routeAgeMs?: number;
  readonly instance?: object;
  readonly steps?: EndpointsPlan["steps"];
  readonly routed?: "True" | "False";
}

function check({ routeAgeMs = 0, instance = {}, steps = [], routed = "False" }: Case): number {
  const view = {
    instance: object<Instance>(0, instance),
    route: object<Route>(routeAgeMs),
    dnsRecord: undefined,
    now: NOW,
  };
  const conditions = [{ type: "Routed", status: routed, reason: "AwaitingConfirmation", message: "" }] as const;
  return holdMs(view as unknown as EndpointsView, { steps, conditions }); // as above
}

const routed = { status: { conditions: [{ type: "Routed", status: "True" }] } };
const gone = { status: { lastStatus: { state: "Failed" } } };
const leaving = {
  metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", annotations: { "rackwright.dev/leave": "ScaledDown" } },
};

describe("holding a report of endpoints", () => {
  it.each<[string, Case, number]>([
    ["what was just asked for", {}, HOLD_MS],
    ["what was asked for half a second ago, for the rest of the time", { routeAgeMs: 500 }, HOLD_MS - 500],
    [
      "what is about to be asked for",
      { steps: [{ type: "applyRoute", prefix: "", nextHop: "", advertise: "Rack" }], routeAgeMs: 9000 },
      HOLD_MS,
    ],
  ])("holds %s", (_, given, expected) => expect(check(given)).toBe(expected));

  it.each<[string, Case]>([
    ["what is awaited for long", { routeAgeMs: HOLD_MS }],
    ["what is confirmed", { routed: "True" }],
    ["a condition that is taken back", { instance: routed }],
    ["a withdrawal before it happens", { steps: [{ type: "deleteDnsRecord", uid: "u" }] }],
    ["an instance whose task ended", { instance: gone }],
    ["an instance that leaves", { instance: leaving }],
  ])("does not hold %s", (_, given) => expect(check(given)).toBe(0));
});
