import { expect, it } from "vitest";
import type { Instance } from "../../../api-types/instance.js";
import { available, ended, group, placed, route } from "../../testing/objects.js";
import { type AnycastSight, isHeldByAnycast } from "./anycast.js";

const N1 = "10.0.0.1";
const GROUP = group();
const ofGroup = [
  { apiVersion: "rackwright.dev/v1alpha1", kind: "ServiceGroup", name: "shop", uid: GROUP.metadata.uid ?? "" },
];
const to = (address: string, installed: readonly { address: string }[] = []) =>
  route({ nextHops: [{ address }] }, { ownerReferences: ofGroup }, { installed });
const going = available({ name: "going", leave: "ScaledDown" });
const on = (node: string, one: Instance = available({ name: node })) => ({
  ...one,
  status: { ...one.status, ...placed("x", node) },
});

const rows: readonly (readonly [string, Partial<AnycastSight>, boolean])[] = [
  ["without a route", { route: undefined }, false],
  ["while the route leads to its node", {}, true],
  ["while the switch still has it", { route: to("10.0.0.2", [{ address: N1 }]) }, true],
  ["when the route leads elsewhere", { route: to("10.0.0.2", [{ address: "10.0.0.2" }]) }, false],
  ["by a route of somebody else", { route: route({ nextHops: [{ address: N1 }] }) }, false],
  ["though another one serves elsewhere", { siblings: [going, on("n2")] }, true],
  ["not where another one serves on its node", { siblings: [going, on("n1")] }, false],
  [
    "where the other one leaves, too",
    { siblings: [going, on("n1", available({ name: "b", leave: "ScaledDown" }))] },
    true,
  ],
  ["where the other one ended, and one serves elsewhere", { siblings: [going, on("n1", ended()), on("n2")] }, true],
  ["not where the route stays for the other one, though it ended", { siblings: [going, on("n1", ended())] }, false],
];

it.each(rows)("%s: held by anycast", (_, fields, expected) => {
  const sight = { group: GROUP, route: to(N1), nextHop: N1, siblings: [going], ...fields };
  expect(isHeldByAnycast(going, sight)).toBe(expected);
});
