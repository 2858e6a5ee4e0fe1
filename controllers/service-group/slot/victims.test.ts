import { describe, expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import { at, available, ended, instance, placed, service, unhealthy, unreachable } from "../../testing/objects.js";
import { slotsOf } from "./slots.js";
import { victimsOf } from "./victims.js";

const CHECKED = { healthChecks: [{ name: "c", tcpSocket: { port: 1 } }] };

function victims(
  instances: readonly Instance[],
  count: number,
  {
    fields = {},
    rules = [],
    values = {},
  }: {
    fields?: Record<string, unknown>;
    rules?: readonly PlacementRule[];
    /** Values of a node's attributes. */
    values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  } = {},
): readonly string[] {
  const attributeOf = (node: string, attribute: string) => values[attribute]?.[node] ?? node;
  const chosen = victimsOf(service({ ...CHECKED, ...fields }), slotsOf(instances), { count, rules, attributeOf });
  return chosen.map(({ members }) => members[0].metadata.name);
}

describe("who leaves first", () => {
  const one = (name: string, number: number, fields: Record<string, unknown> = {}) =>
    available({ name, number, age: 1000 - number, ...fields });
  const all = [
    one("well", 1),
    unhealthy({ name: "sick", number: 2 }),
    ended({ name: "dead", number: 3 }),
    instance({ name: "waiting", number: 4 }),
    unreachable({ name: "lost", number: 5 }),
    instance({ name: "starting", number: 6, status: placed("starting") }),
    one("cheap", 7, { annotations: { "rackwright.dev/deletion-cost": "-1" } }),
    one("young", 8),
  ];

  it("goes by health, then by what serves, then by cost, then by age", () => {
    expect(victims(all, 8)).toEqual(["sick", "dead", "waiting", "lost", "starting", "cheap", "young", "well"]);
  });

  it("scaling down with three unhealthy takes just those", () => {
    const ten = Array.from({ length: 10 }, (_, index) =>
      [1, 4, 7].includes(index)
        ? unhealthy({ name: `sick-${index}`, number: index + 1 })
        : one(`well-${index}`, index + 1),
    );
    expect(victims(ten, 3).toSorted()).toEqual(["sick-1", "sick-4", "sick-7"]);
  });

  it("200 wanted on capacity 20, then 5: those that wait leave first", () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      index % 10 === 0
        ? one(`well-${index}`, index + 1)
        : instance({ name: `waiting-${index}`, number: index + 1, age: 3000 - index }),
    );
    const chosen = victims(many, 195);
    expect(chosen.slice(0, 180).every((name) => name.startsWith("waiting"))).toBe(true);
    expect(chosen.slice(180).every((name) => name.startsWith("well"))).toBe(true);
  });

  it("age is that of the number, whatever instance has it now", () => {
    const renewed = available({
      name: "renewed",
      number: 1,
      age: 5,
      annotations: { "rackwright.dev/slot-since": at(-9000) },
    });
    const younger = available({ name: "younger", number: 2, age: 100 });
    expect(victims([renewed, younger], 1)).toEqual(["younger"]);
    expect(victims([renewed, younger], 1, { fields: { killSelection: "OldestFirst" } })).toEqual(["renewed"]);
  });
});

describe("balance by GroupBy (marathon.md 2.6)", () => {
  const groupBy = (attribute: string): PlacementRule => ({ operator: "GroupBy", attribute, value: undefined });
  const on = (node: string, number: number) =>
    available({ number, name: `${node}-${number}`, age: 5000 - number, status: placed(`${node}-${number}`, node) });
  const many = (counts: Readonly<Record<string, number>>) => {
    let number = 0;
    return Object.entries(counts).flatMap(([node, count]) => Array.from({ length: count }, () => on(node, ++number)));
  };
  const left = (instances: readonly Instance[], gone: readonly string[], groupOf: (node: string) => string) => {
    const counts: Record<string, number> = {};
    for (const { metadata, status } of instances.filter((one) => !gone.includes(one.metadata.name))) {
      const value = groupOf(status?.placement?.node ?? metadata.name);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    return counts;
  };

  it("20 on two hosts, 10 leave: 5 each", () => {
    const instances = many({ a: 10, b: 10 });
    const gone = victims(instances, 10, { rules: [groupBy("hostname")] });
    expect(left(instances, gone, (node) => node)).toEqual({ a: 5, b: 5 });
  });

  it("20 and 10, 10 leave: all from the larger", () => {
    const instances = many({ a: 20, b: 10 });
    const gone = victims(instances, 10, { rules: [groupBy("hostname")] });
    expect(left(instances, gone, (node) => node)).toEqual({ a: 10, b: 10 });
  });

  it("two rules over 4 x 10, 20 leave: 10 for each value", () => {
    const instances = many({ xu: 10, xv: 10, yu: 10, yv: 10 });
    const values = {
      first: { xu: "x", xv: "x", yu: "y", yv: "y" },
      second: { xu: "u", xv: "v", yu: "u", yv: "v" },
    };
    const gone = victims(instances, 20, { rules: [groupBy("first"), groupBy("second")], values });
    expect(left(instances, gone, (node) => node.slice(0, 1))).toEqual({ x: 10, y: 10 });
    expect(left(instances, gone, (node) => node.slice(1))).toEqual({ u: 10, v: 10 });
  });

  it("what leaves for other reasons counts, too", () => {
    const instances = [...many({ a: 3, b: 3 }), unhealthy({ number: 9, name: "sick", status: placed("sick", "a") })];
    const gone = victims(instances, 3, { rules: [groupBy("hostname")] });
    expect(gone[0]).toBe("sick");
    expect(left(instances, gone, (node) => node)).toEqual({ a: 2, b: 2 });
  });

  it("without such a rule nothing is chosen for it", () => {
    const instances = many({ a: 3, b: 1 });
    expect(victims(instances, 1, { rules: [{ operator: "Unique", attribute: "hostname", value: undefined }] })).toEqual(
      ["b-4"],
    );
  });
});
