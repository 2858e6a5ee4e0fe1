import { describe, expect, it } from "vitest";
import { FINALIZER } from "../../api-types/well-known.js";
import { at, available, condition, ended, route, service } from "../testing/objects.js";
import { type EndpointsView, planEndpoints } from "./plan.js";
import { ALL_LAYERS, describeStep, namesThere, ROUTED, viewOf } from "./testing.js";

const WORLD = service({ network: { mode: "Routed", advertise: "World" } });

function routeWith(advertise: "Rack" | "World", ...conditions: readonly ReturnType<typeof condition>[]) {
  const ready = condition("Ready", "True", { observedGeneration: 1 });
  return route({ advertise }, {}, { conditions: [ready, ...conditions] });
}

const advertised = (status: "True" | "False" | "Unknown") =>
  condition("Advertised", status, { observedGeneration: 1, message: "BGP is disabled" });

/** Its steps; those of a route with how far it is told. */
function stepsOf(fields: Partial<EndpointsView>): readonly string[] {
  return planEndpoints(viewOf(fields)).steps.map((step) =>
    step.type === "applyRoute" ? `${describeStep(step)} for ${step.advertise}` : describeStep(step),
  );
}

const TELL = "set 192.168.2.3/32 via 10.0.0.1 for World";
const HUSH = "set 192.168.2.3/32 via 10.0.0.1 for Rack";
const dead = ended({ name: "web", finalizers: ALL_LAYERS });
const leaving = available({ name: "web", finalizers: ALL_LAYERS, leave: "ScaledDown" });
const draining = available({
  name: "web",
  finalizers: [FINALIZER.route, FINALIZER.task],
  leave: "ScaledDown",
  status: { drainUntil: at(60) },
});

describe("the Route of an instance is told as far as its service wants", () => {
  it.each<[string, Partial<EndpointsView>, readonly string[]]>([
    ["from the start", { service: WORLD, route: undefined }, [TELL]],
    ["changed in place", { service: WORLD, route: routeWith("Rack") }, [TELL]],
    ["and back", { service: ROUTED, route: routeWith("World") }, [HUSH]],
    ["left alone when it is", { service: WORLD, route: routeWith("World") }, []],
    ["also of one that ended and is kept", { service: ROUTED, instance: dead, route: routeWith("World") }, [HUSH]],
    [
      "also of one that leaves",
      { service: ROUTED, instance: leaving, route: routeWith("World") },
      [HUSH, "delete names"],
    ],
    [
      "also of one that drains",
      { service: ROUTED, instance: draining, dnsRecord: undefined, route: routeWith("World") },
      [HUSH],
    ],
    [
      "but not of one whose route goes anyway",
      { service: ROUTED, instance: dead, dnsRecord: undefined, hasOtherPublished: true, route: routeWith("World") },
      ["delete route"],
    ],
  ])("%s", (_, fields, steps) => {
    expect(stepsOf(fields)).toEqual(steps);
  });
});

describe("an instance that the world shall reach is Published", () => {
  const before = available({ name: "web", finalizers: ALL_LAYERS });
  const fresh = { ...before, status: { ...before.status, conditions: [condition("Ready", "True")] } };

  it.each([
    ["when it is told", before, routeWith("World", advertised("True")), "True Confirmed"],
    ["not before", fresh, routeWith("World"), "False NotAdvertised"],
    ["not while it cannot be told", before, routeWith("World", advertised("False")), "False NotAdvertised"],
    ["still, while nobody says", before, routeWith("World", advertised("Unknown")), "True Confirmed"],
    ["not yet, while nobody says", fresh, routeWith("World", advertised("Unknown")), "False NotAdvertised"],
  ])("%s", (_, instance, seen, expected) => {
    const { conditions } = planEndpoints(viewOf({ service: WORLD, instance, route: seen, dnsRecord: namesThere }));
    const published = conditions.find(({ type }) => type === "Published");
    expect(`${published?.status} ${published?.reason}`).toBe(expected);
  });

  it("by its name alone where its service wants Rack, or there is no switch", () => {
    for (const fields of [{ service: ROUTED }, { service: WORLD, hasSwitch: false }]) {
      const { conditions } = planEndpoints(viewOf({ ...fields, route: routeWith("Rack", advertised("False")) }));
      expect(conditions.find(({ type }) => type === "Published")).toMatchObject({ status: "True" });
    }
  });
});
