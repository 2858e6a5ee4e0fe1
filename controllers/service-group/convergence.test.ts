import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instance } from "../../api-types/instance.js";
import { isAvailable, isLeaving } from "../../api-types/life.js";
import type { ServiceGroup } from "../../api-types/service-group.js";
import { ANNOTATION } from "../../api-types/well-known.js";
import {
  available,
  ended,
  group,
  type InstanceFields,
  instance,
  NOW,
  unhealthy,
  unreachable,
} from "../testing/objects.js";
import type { GroupStep } from "./life/model.js";
import { planGroup } from "./plan.js";
import { viewOf } from "./testing.js";

type State = "waiting" | "available" | "ended" | "unhealthy" | "unreachable";

/** One instance of the model; times in seconds after NOW. */
interface Member extends InstanceFields {
  readonly name: string;
  readonly number: number;
  readonly born: number;
  readonly state: State;
  readonly since: number;
}

/** A rack in which every instance that is created becomes what `fates` say, and at last available. */
interface Model {
  readonly group: ServiceGroup;
  members: Member[];
  readonly fates: State[];
  seconds: number;
  created: number;
}

const SECONDS_A_ROUND = 60;
const ROUNDS_MAX = 40;

/** Members never change: each is made into an object once. */
const objects = new WeakMap<Member, Instance>();

function objectOf(member: Member): Instance {
  const known = objects.get(member) ?? newObject(member);
  objects.set(member, known);
  return known;
}

function newObject(member: Member): Instance {
  const { state, since, born, ...fields } = member;
  const common = { ...fields, age: -born };
  switch (state) {
    case "waiting":
      return instance(common);
    case "available":
      return available(common);
    case "ended":
      return ended({ ...common, endedAgo: -since, ranFor: 5 });
    case "unhealthy":
      return unhealthy({ ...common, isPublished: member.born < 0 });
    case "unreachable":
      return unreachable({ ...common, seconds: -since, isPublished: member.born < 0 });
    default:
      return state satisfies never;
  }
}

const BASE = viewOf(group(), []);

function planOf(model: Model) {
  const now = NOW + model.seconds * 1000;
  // with an override: many of the model's instances turn bad at once, which is told apart elsewhere
  const rest = { isSameTemplate: () => true, matchingNodes: () => 100, hasOverride: true };
  return planGroup({ ...BASE, ...rest, group: model.group, instances: model.members.map(objectOf), now });
}

/** One round: what is let go ends, what waits meets its fate, then the plan is carried out. */
function round(model: Model): readonly GroupStep[] {
  model.seconds += SECONDS_A_ROUND;
  model.members = model.members
    .filter((member) => member.leave === undefined)
    .map((member) =>
      member.state === "waiting"
        ? { ...member, state: model.fates.shift() ?? "available", since: model.seconds }
        : member,
    );
  const { steps } = planOf(model);
  for (const step of steps) carryOut(model, step);
  return steps;
}

function carryOut(model: Model, step: GroupStep): void {
  if (step.type === "release") {
    const name = step.instance.metadata.name;
    model.members = model.members.map((member) => (member.name === name ? { ...member, leave: step.reason } : member));
  }
  if (step.type !== "createInstance") return;
  model.created += 1;
  model.members.push({
    name: `new-${model.created}`,
    number: step.number,
    revision: step.revisionName,
    born: model.seconds,
    state: "waiting",
    since: model.seconds,
    annotations: { [ANNOTATION.restarts]: String(step.restarts) },
    ...(step.replaces === undefined ? {} : { replaces: step.replaces }),
  });
}

const state = fc.constantFrom<State>("waiting", "available", "ended", "unhealthy", "unreachable");

const member = fc
  .record({
    number: fc.integer({ min: 1, max: 6 }),
    state,
    isOld: fc.boolean(),
    isDeleted: fc.boolean(),
    age: fc.integer({ min: 0, max: 900 }),
  })
  .map(
    ({ number, state: now, isOld, isDeleted, age }): Member => ({
      name: `start-${number}`,
      number,
      born: -1000 - age,
      state: now,
      since: -age,
      isDeleted,
      revision: isOld ? "shop-web-0" : "shop-web-1",
    }),
  );

/** Where a service must stop first, its last unhealthy instance stays (R11): that is no rest as wanted. */
function models(service: Record<string, unknown>): fc.Arbitrary<Model> {
  const isPossible = (one: State) => service !== STOP_FIRST || one !== "unhealthy";
  return fc
    .record({
      wanted: fc.integer({ min: 0, max: 5 }),
      members: fc.uniqueArray(
        member.filter((one) => isPossible(one.state)),
        { selector: ({ number }) => number, maxLength: 6 },
      ),
      fates: fc.array(
        state.filter((one) => one !== "waiting" && isPossible(one)),
        { maxLength: 6 },
      ),
    })
    .map(({ wanted, members, fates }) => ({
      group: group({ services: [{ name: "web", instances: wanted, healthChecks, ...service }] }),
      members,
      fates: [...fates],
      seconds: 0,
      created: 0,
    }));
}

const healthChecks = [{ name: "c", tcpSocket: { port: 1 } }];
const START_FIRST = {};
const STOP_FIRST = { network: { ports: [{ name: "http", hostPort: 8080 }] } };

function availableNumbers(model: Model): number {
  return new Set(
    model.members
      .map(objectOf)
      .filter(isAvailable)
      .map(({ spec }) => spec.number),
  ).size;
}

function wantedBy(model: Model): number {
  return model.group.spec.services[0]?.instances ?? 1;
}

describe("from any start, with any fate of what is created", () => {
  it.each([
    ["start first", START_FIRST],
    ["stop first", STOP_FIRST],
  ])("a group comes to rest as wanted: %s", (_, service) => {
    fc.assert(
      fc.property(models(service), (model) => {
        for (let count = 0; count < ROUNDS_MAX; count++) round(model);
        expect(planOf(model).steps).toEqual([]);
        const staying = model.members.map(objectOf);
        expect(staying.every((one) => isAvailable(one) && one.spec.revisionName === "shop-web-1")).toBe(true);
        expect(staying.length).toBe(wantedBy(model));
      }),
      { numRuns: 40 },
    );
  });

  it("R6 no release takes the available numbers below what is wanted, or below what was there", () => {
    fc.assert(
      fc.property(models(START_FIRST), (model) => {
        for (let count = 0; count < ROUNDS_MAX; count++) {
          const before = availableNumbers(model);
          round(model);
          expect(availableNumbers(model)).toBeGreaterThanOrEqual(Math.min(before, wantedBy(model)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("a number never has more than two living instances", () => {
    fc.assert(
      fc.property(models(START_FIRST), (model) => {
        for (let count = 0; count < ROUNDS_MAX; count++) {
          round(model);
          const living = model.members
            .filter((one) => one.state !== "ended")
            .map(objectOf)
            .filter((one) => !isLeaving(one));
          const counts = living.map((one) => living.filter((twin) => twin.spec.number === one.spec.number).length);
          expect(Math.max(0, ...counts)).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("the same view gives the same plan, in whatever order its instances are", () => {
    fc.assert(
      fc.property(models(START_FIRST), (model) => {
        const first = planOf(model);
        expect(planOf(model)).toEqual(first);
        model.members.reverse();
        expect(planOf(model)).toEqual(first);
      }),
    );
  });
});

describe("R6 an update of a service that must stop first", () => {
  it("takes one number away at a time", () => {
    const members = [1, 2, 3, 4].map(
      (number): Member => ({
        name: `old-${number}`,
        number,
        born: -1000,
        state: "available",
        since: -1000,
        revision: "shop-web-0",
      }),
    );
    const model: Model = {
      group: group({ services: [{ name: "web", instances: 4, ...STOP_FIRST }] }),
      members,
      fates: [],
      seconds: 0,
      created: 0,
    };
    const counts = Array.from({ length: 20 }, () => {
      round(model);
      return availableNumbers(model);
    });
    expect(Math.min(...counts)).toBe(3);
    expect(model.members.every(({ revision }) => revision === "shop-web-1")).toBe(true);
  });
});
