import { describe, expect, it } from "vitest";
import { available, condition, ended, type InstanceFields, instance, placed, route } from "../testing/objects.js";
import { type AnycastView, type Member, planAnycast } from "./plan.js";

const N1 = "10.0.0.1";
const N2 = "10.0.0.2";
const PREFIX = "192.168.9.9/32";
const at = (nextHop: string | undefined, one = available({ name: "a" })): Member => ({ instance: one, nextHop });
const to = (...addresses: readonly string[]) =>
  route({ prefix: PREFIX, nextHops: addresses.map((address) => ({ address })) }, { uid: "r" });

function withReady(status: "False" | "Unknown", fields: InstanceFields = {}) {
  const conditions = [condition("Ready", status), condition("Published", "True")];
  return instance({ status: placed("a"), conditions, ...fields });
}

function leaving(reason?: string) {
  const one = available({ name: "l", leave: "ScaledDown" });
  const told = reason === undefined ? [] : [condition("Leaving", "True", { reason })];
  return { ...one, status: { ...one.status, conditions: [...(one.status?.conditions ?? []), ...told] } };
}

const viewOf = (fields: Partial<AnycastView>): AnycastView => ({
  prefix: PREFIX,
  advertise: "Rack",
  keepsLast: true,
  members: [],
  route: undefined,
  ...fields,
});

/** What is planned in one line. */
function described(fields: Partial<AnycastView>): string {
  const step = planAnycast(viewOf(fields));
  switch (step.type) {
    case "set":
      return step.nextHops.map(({ address, weight }) => `${address}${weight === undefined ? "" : `*${weight}`}`).join();
    case "delete":
      return `delete ${step.uid}`;
    case "keep":
      return "keep";
    default:
      return step satisfies never;
  }
}

type Row = readonly [name: string, fields: Partial<AnycastView>, expected: string];
const check = (rows: readonly Row[]) =>
  it.each(rows)("%s", (_, fields, expected) => expect(described(fields)).toBe(expected));
const two = [at(N1), at(N2)];

describe("how far it is told", () => {
  it.each([
    ["is changed in place", "World", "set"],
    ["is left when it is as wanted", "Rack", "keep"],
  ] as const)("%s", (_, advertise, type) => {
    expect(planAnycast(viewOf({ members: two, route: to(N1, N2), advertise }))).toMatchObject(
      type === "set" ? { type, advertise, prefix: PREFIX } : { type },
    );
  });
});

describe("next hops are the nodes of what is available", () => {
  check([
    ["none while nothing is", {}, "keep"],
    ["none where nothing is placed", { members: [at(undefined)] }, "keep"],
    ["each once", { members: [at(N2), at(N1)] }, `${N1},${N2}`],
    ["with shares where one has more", { members: [...two, at(N1)] }, `${N1}*2,${N2}*1`],
    ["with equal shares where both have more", { members: [...two, ...two] }, `${N1},${N2}`],
    ["with shares that a switch can have", { members: [at(N2), ...Array(62).fill(at(N1))] }, `${N1}*31,${N2}*1`],
    ["nothing is done when they are there", { members: two, route: to(N1, N2) }, "keep"],
    ["one that comes is added", { members: two, route: to(N1) }, `${N1},${N2}`],
    ["one that starts is not", { members: [at(N1), at(N2, instance({ status: placed("b") }))], route: to(N1) }, "keep"],
    ["one that is not Ready goes", { members: [at(N1), at(N2, withReady("False"))], route: to(N1, N2) }, N1],
    ["one that ended goes", { members: [at(N1), at(N2, ended())], route: to(N1, N2) }, N1],
    [
      "R2 one that is out of reach stays",
      { members: [at(N1), at(N2, withReady("Unknown"))], route: to(N1, N2) },
      "keep",
    ],
    [
      "one that is out of reach does not come",
      { members: [at(N1), at(N2, withReady("Unknown"))], route: to(N1) },
      "keep",
    ],
    ["one whose node is not known goes", { members: [at(N1), at(undefined)], route: to(N1, N2) }, N1],
  ]);
});

describe("one that leaves", () => {
  check([
    ["stays until the endpoints loop has begun", { members: [at(N1), at(N2, leaving())], route: to(N1, N2) }, "keep"],
    [
      "stays while its name is there",
      { members: [at(N1), at(N2, leaving("WithdrawingName"))], route: to(N1, N2) },
      "keep",
    ],
    ["goes when its name is gone", { members: [at(N1), at(N2, leaving("WithdrawingAnycast"))], route: to(N1, N2) }, N1],
    ["does not come back while it drains", { members: [at(N1), at(N2, leaving("Draining"))], route: to(N1) }, "keep"],
    ["leaves the node to another one there", { members: [at(N1), at(N1, leaving("Draining"))], route: to(N1) }, "keep"],
    [
      "takes the route along as the last one",
      { members: [at(N1, leaving("WithdrawingAnycast"))], route: to(N1) },
      "delete r",
    ],
  ]);
});

describe("R11 bad health never empties the route", () => {
  check([
    ["the last one stays when it ends", { members: [at(N1, ended())], route: to(N1) }, "keep"],
    ["the last one stays when it is not Ready", { members: [at(N1, withReady("False"))], route: to(N1) }, "keep"],
    [
      "both stay when both turn bad at once",
      { members: [at(N1, ended()), at(N2, ended())], route: to(N1, N2) },
      "keep",
    ],
    ["it goes when a better one is there", { members: [at(N1, ended()), at(N2)], route: to(N1) }, N2],
    ["a bad one does not come", { members: [at(N2, withReady("False"))] }, "keep"],
    ["it goes where the owner wants that", { members: [at(N1, ended())], route: to(N1), keepsLast: false }, "delete r"],
    ["it goes with its Instance", { members: [], route: to(N1) }, "delete r"],
  ]);
});

describe("a route that is not wanted", () => {
  check([
    ["is deleted", { members: two, prefix: undefined, route: to(N1, N2) }, "delete r"],
    ["is not deleted twice", { members: two, prefix: undefined }, "keep"],
    [
      "is deleted before that of another prefix is made",
      { members: two, prefix: "192.168.9.8/32", route: to(N1, N2) },
      "delete r",
    ],
    [
      "is waited for while it goes",
      { members: two, route: route({ prefix: PREFIX }, { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
      "keep",
    ],
  ]);
});
