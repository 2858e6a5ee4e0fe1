import { expect, it } from "vitest";
import { LABEL } from "../../../api-types/well-known.js";
import { at, dnsRecord } from "../../testing/objects.js";
import { eldersOf } from "./claim.js";

const record = (name: string, age: number, spec: object = {}) =>
  dnsRecord({ ...spec }, { name, creationTimestamp: at(-age), labels: { [LABEL.service]: name, [LABEL.group]: "g" } });

const own = record("own", 60, { names: ["web-1"] });
const claimants = (claims: Readonly<Record<string, readonly ReturnType<typeof record>[]>>) => (claim: string) =>
  claims[claim] ?? [];

it.each([
  ["nobody else", { "rack web": [own] }, []],
  ["the oldest, though others are older than it, too", { "rack web": [record("b", 90), own, record("a", 120)] }, ["a"]],
  ["one of each name", { "rack web": [record("a", 90)], "rack web-1": [own, record("b", 10)] }, ["a", "b"]],
  ["of one moment the first by name", { "rack web": [record("b", 90), record("a", 90)] }, ["a"]],
  ["not of another rack", { "other web": [record("a", 90)] }, []],
])("the elder of a name is %s", (_, claims, expected) => {
  expect(eldersOf(own, claimants(claims)).map(({ metadata }) => metadata.name)).toEqual(expected);
});

it("one record that has both names is told once", () => {
  const a = record("a", 90);
  expect(eldersOf(own, claimants({ "rack web": [a], "rack web-1": [a] }))).toEqual([a]);
});
