import { describe, expect, it } from "vitest";
import { available, type InstanceFields, instance, node, service } from "../../testing/objects.js";
import { publishedAddress, reachedAt } from "./variables.js";

const at = (number: number, address: string, fields: InstanceFields = {}) =>
  available({ name: `w${number}`, number, ...fields, status: { addresses: [address] } });
const hidden = instance({ number: 1, status: { addresses: ["10.0.0.1"] } });
const MEMBERS = new Map([
  ["default/shop", [hidden, at(3, "10.0.0.3"), at(2, "10.0.0.2")]],
  ["default/data", [at(1, "10.0.1.1", { service: "db" })]],
]);

describe("the address of another service", () => {
  it.each([
    ["web", "10.0.0.2"],
    ["shop/web", "10.0.0.2"],
    ["shop/web/3", "10.0.0.3"],
    ["shop/web/1", undefined],
    ["shop/web/9", undefined],
    ["data/db", "10.0.1.1"],
    ["db", undefined],
    ["nowhere/db", undefined],
  ])("%s is that of its lowest-numbered Published instance: %s", (reference, address) => {
    const neighbours = {
      membersOf: (group: string) => MEMBERS.get(group) ?? [],
      addressOf: (other: ReturnType<typeof instance>) => other.status?.addresses?.[0],
    };
    expect(publishedAddress(instance(), reference, neighbours)).toBe(address);
  });

  it.each([
    ["Host", "10.9.9.9"],
    ["Bridge", "10.9.9.9"],
    ["Routed", "172.17.0.2"],
    ["Container", "172.17.0.2"],
  ])("with mode %s is %s", (mode, address) => {
    const one = at(1, "172.17.0.2");
    expect(reachedAt(one, service({ network: { mode } }), node("n1", { address: "10.9.9.9" }))).toBe(address);
    expect(reachedAt(one, service({ network: { mode } }), undefined)).toBe("172.17.0.2");
  });
});
