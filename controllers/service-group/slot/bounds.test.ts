import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isLeaving, isTerminal } from "../../../api-types/life.js";
import type { Revision } from "../../../api-types/revision.js";
import type { ServiceGroup } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import {
  available,
  ended,
  group,
  type InstanceFields,
  instance,
  NOW,
  placed,
  revision,
  service,
  unhealthy,
  unreachable,
} from "../../testing/objects.js";
import type { GroupStep, GroupView } from "../life/model.js";
import { planGroup } from "../plan.js";
import { groupReport } from "../status.js";
import { viewOf } from "../testing.js";
import { limitsOf, nodeRoom } from "./limits.js";
import { isOutOfReach, takesRoom } from "./slots.js";

type State = "waiting" | "starting" | "available" | "sick" | "ended" | "lost";

interface Member extends InstanceFields {
  readonly name: string;
  readonly number: number;
  readonly revision: string;
  readonly state: State;
  readonly born: number;
}

/** A service in change: what is wanted, and what there is. */
interface Model {
  fields: Record<string, unknown>;
  image: number;
  wanted: number;
  members: Member[];
  revisions: Revision[];
  status: ServiceGroup["status"];
  seconds: number;
  created: number;
  readonly nodes: number;
}

const CHECK = { name: "c", tcpSocket: { port: 1 } };

function groupOf({ fields, image, wanted, status }: Model): ServiceGroup {
  const services = [{ name: "web", image: `a:${image}`, instances: wanted, healthChecks: [CHECK], ...fields }];
  return { ...group({ services, progressDeadlineSeconds: 1_000_000 }), ...(status === undefined ? {} : { status }) };
}

function objectOf({ state, born, ...fields }: Member): Instance {
  const common = { ...fields, age: -born };
  switch (state) {
    case "waiting":
      return instance(common);
    case "starting":
      return instance({ ...common, status: placed(fields.name) });
    case "available":
      return available(common);
    case "sick":
      return unhealthy({ ...common, isPublished: false });
    case "lost":
      return unreachable({ ...common, seconds: 60 });
    case "ended":
      return ended({ ...common, endedAgo: -born, ranFor: 1 });
    default:
      return state satisfies never;
  }
}

function view(model: Model): GroupView {
  return viewOf(groupOf(model), model.members.map(objectOf), {
    revisions: model.revisions,
    now: NOW + model.seconds * 1000,
    hasOverride: true,
    matchingNodes: () => model.nodes,
  });
}

function availableNumbers(model: Model): number {
  const serving = model.members.map(objectOf).filter(isAvailable);
  return new Set(serving.map(({ spec }) => spec.number)).size;
}

function live(model: Model): number {
  return model.members
    .filter(({ state }) => state !== "lost")
    .map(objectOf)
    .filter(takesRoom).length;
}

function carryOut(model: Model, step: GroupStep): void {
  if (step.type === "createRevision") model.revisions.push(revision(step.service, Number(step.name.split("-").at(-1))));
  if (step.type === "release") {
    const { name } = step.instance.metadata;
    model.members = model.members.map((one) => (one.name === name ? { ...one, leave: step.reason } : one));
  }
  if (step.type === "deleteRevision")
    model.revisions = model.revisions.filter(({ metadata }) => metadata.name !== step.revision.metadata.name);
  if (step.type !== "createInstance") return;
  model.created += 1;
  model.members.push({
    name: `i${model.created}`,
    number: step.number,
    revision: step.revisionName,
    state: "waiting",
    born: model.seconds,
    annotations: { [ANNOTATION.restarts]: String(step.restarts), [ANNOTATION.cause]: step.cause },
    ...(step.replaces === undefined ? {} : { replaces: step.replaces }),
  });
}

/** Plans, carries out, and looks whether floor and cap held. */
function look(model: Model): readonly GroupStep[] {
  model.seconds += 120;
  const now = view(model);
  const rules = now.rulesOf(service(model.fields));
  const room = {
    nodes: nodeRoom(service(model.fields), rules, () => model.nodes),
    isPortBound: model.fields.network !== undefined,
  };
  const [wanted] = now.group.spec.services;
  if (wanted === undefined) throw new Error("the model has a service");
  const { floor, cap } = limitsOf(wanted.update, model.wanted, room);
  const before = { available: availableNumbers(model), live: live(model) };
  const plan = planGroup(now);
  for (const step of plan.steps) carryOut(model, step);
  expect(availableNumbers(model)).toBeGreaterThanOrEqual(Math.min(before.available, floor));
  expect(live(model)).toBeLessThanOrEqual(Math.max(before.live, cap));
  const staying = model.members.map(objectOf).filter((one) => !isLeaving(one));
  const replaced = staying.flatMap(({ spec }) => spec.replaces ?? []);
  expect(new Set(replaced).size).toBe(replaced.length);
  const counts = new Map<number, number>();
  for (const { spec } of staying.filter((one) => !isTerminal(one) && !isOutOfReach(one)))
    counts.set(spec.number, (counts.get(spec.number) ?? 0) + 1);
  expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(2);
  const { services } = groupReport(view(model), plan);
  model.status = { services: services.map((counts) => ({ ...counts })), conditions: [] };
  return plan.steps;
}

type Happening =
  | { readonly type: "look" }
  | { readonly type: "forward"; readonly which: number; readonly to: State }
  | { readonly type: "end"; readonly which: number }
  | { readonly type: "change" }
  | { readonly type: "back" }
  | { readonly type: "scale"; readonly to: number }
  | { readonly type: "hold"; readonly paused: boolean; readonly canary: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Happening>({ type: "look" }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("forward" as const),
      which: fc.nat(30),
      to: fc.constantFrom<State>("starting", "available", "available", "available", "sick", "ended", "lost"),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("end" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: "change" }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ type: "back" }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("scale" as const), to: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("hold" as const), paused: fc.boolean(), canary: fc.nat(2) }) },
);

function happen(model: Model, event: Happening): void {
  switch (event.type) {
    case "look":
      look(model);
      return;
    case "forward": {
      const staying = model.members.filter((one) => one.leave === undefined && one.state !== "ended");
      const chosen = staying[event.which % Math.max(1, staying.length)];
      model.members = model.members.map((one) => (one === chosen ? { ...one, state: event.to } : one));
      return;
    }
    case "end": {
      const leaving = model.members.filter((one) => one.leave !== undefined);
      const chosen = leaving[event.which % Math.max(1, leaving.length)];
      model.members = model.members.filter((one) => one !== chosen);
      return;
    }
    case "change":
      model.image += 1;
      return;
    case "back":
      model.image = 1;
      return;
    case "scale":
      model.wanted = event.to;
      return;
    case "hold":
      model.fields = { ...model.fields, update: { ...(model.fields.update as object), ...event, type: undefined } };
      return;
    default:
      event satisfies never;
  }
}

/** Everything that leaves is gone, everything that starts becomes available: round after round, until nothing is to be done. */
function comeToRest(model: Model): void {
  model.fields = { ...model.fields, update: { ...(model.fields.update as object), paused: false, canary: 0 } };
  for (let round = 0; round < 60; round++) {
    model.members = model.members
      .filter((one) => one.leave === undefined)
      .map((one) => (staysAsItIs(model, one) ? one : { ...one, state: "available" }));
    if (look(model).length === 0 && model.members.every((one) => one.leave === undefined)) break;
  }
}

/** Where no node is free, what is lost waits until it comes back. */
function staysAsItIs(model: Model, { state }: Member): boolean {
  return state === "ended" || state === "sick" || (state === "lost" && model.nodes > 6);
}

const share = fc.oneof(fc.nat(3), fc.constantFrom("0%", "25%", "34%", "50%", "100%", "12.5%"));

const SERVICES: readonly (readonly [string, Record<string, unknown>, number])[] = [
  ["start first", {}, 100],
  ["fixed port", { network: { ports: [{ name: "http", hostPort: 8080 }] } }, 100],
  ["Unique on six nodes", { placement: { constraints: [{ attribute: "hostname", operator: "Unique" }] } }, 6],
];

function models(fields: Record<string, unknown>, nodes: number): fc.Arbitrary<Model> {
  return fc.record({ wanted: fc.integer({ min: 1, max: 6 }), maxUnavailable: share, maxSurge: share }).map((drawn) => ({
    fields: { ...fields, update: { maxUnavailable: drawn.maxUnavailable, maxSurge: drawn.maxSurge } },
    image: 1,
    wanted: drawn.wanted,
    members: [],
    revisions: [],
    status: undefined,
    seconds: 0,
    created: 0,
    nodes,
  }));
}

describe("whatever happens while a service is updated, scaled, held and given back", () => {
  it.each(SERVICES)(
    "floor and cap hold at every step, no number has two successors, and all comes to rest: %s",
    (_, fields, nodes) => {
      fc.assert(
        fc.property(models(fields, nodes), fc.array(happening, { maxLength: 60 }), (drawn, events) => {
          // drawn values are used again while a counterexample is made smaller
          const model = structuredClone(drawn);
          look(model);
          model.members = model.members.map((one) => ({ ...one, state: "available" }));
          for (const event of events) happen(model, event);
          comeToRest(model);
          expect(planGroup(view(model)).steps).toEqual([]);
          const served = model.members.map(objectOf).filter(isAvailable);
          expect(served.length).toBe(model.wanted);
          expect(new Set(served.map(({ spec }) => spec.number)).size).toBe(model.wanted);
          const today = model.revisions.find(({ spec }) => spec.template.image === `a:${model.image}`)?.metadata.name;
          expect(served.every(({ spec }) => spec.revisionName === today)).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
    60_000,
  );
});
