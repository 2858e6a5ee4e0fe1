import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { readBody } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { createSnapRoute } from "../snaproute.js";

const CONNECTED = "10.250.3.0/24";

async function setUp(options: { readonly hasPolicies?: boolean } = {}) {
  const clock = virtualClock();
  const connected = [{ name: "vlan100", cidr: "10.250.3.20/24" }];
  const snaproute = createSnapRoute({ clock, random: seededRandom(1), log: silentLogger, connected, ...options });
  const call = async (method: string, path: string, body?: object) => {
    const payload = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const response = await snaproute.handler({ method, url: `/public/v1/${path}`, headers: {}, ...payload });
    const value = JSON.parse(Buffer.from(await readBody(response)).toString());
    return { status: response.status, value, text: value.Result as string | undefined };
  };
  for (const network of ["192.168.2.3", "192.168.2.4"]) {
    const keys = { DestinationNw: network, NetworkMask: "255.255.255.255" };
    await call("POST", "config/IPv4Route", { ...keys, NextHop: [{ NextHopIp: "10.250.3.21" }] });
  }
  await clock.advance(10);
  return { clock, snaproute, call, told: () => [...snaproute.told()].sort() };
}

const C3 = { Name: "c3", ConditionType: "MatchDstIpPrefix", IpPrefix: "192.168.2.3/32", MaskLengthRange: "exact" };
const S1 = { Name: "s1", MatchConditions: "any", Conditions: ["c3"], Action: "permit" };
const P1 = { Name: "p1", MatchType: "any", StatementList: [{ Priority: 0, Statement: "s1" }] };
const STATIC = { Sources: "STATIC", Policy: "p1" };
const patch = (op: string, path: string, value: unknown) => ({ patch: [{ op, path, value }] });

/** The chain as it is meant to be, with the policy in use. */
async function telling(statement: object = {}) {
  const world = await setUp();
  await world.call("POST", "config/PolicyCondition", C3);
  await world.call("POST", "config/PolicyStmt", { ...S1, ...statement });
  await world.call("POST", "config/PolicyDefinition", P1);
  await world.call("PATCH", "config/BGPGlobal", { Redistribution: [STATIC] });
  await world.clock.advance(10);
  return world;
}

describe("the REST of policies", () => {
  it.each([
    ["POST", "config/PolicyCondition", C3, 500, "Error: Already configured. Delete and Update operations are allowed."],
    ["POST", "config/PolicyCondition", {}, 500, "Error: Insufficient information."],
    ["POST", "config/PolicyCondition", { Name: "c", ConditionType: "X" }, 500, "Error: Unknown condition type"],
    [
      "POST",
      "config/PolicyCondition",
      { Name: "c", ConditionType: "MatchDstIpPrefix" },
      500,
      "Error: Empty prefix set",
    ],
    ["PATCH", "config/PolicyCondition", C3, 500, "Error: update of policycondition is not supported"],
    ["DELETE", "config/PolicyCondition", { Name: "c3" }, 500, "Error: c3 is used by s1"],
    ["DELETE", "config/PolicyCondition", { Name: "no" }, 404, "Error: Failed to find entry."],
    ["POST", "config/PolicyStmt", { Name: "s", Conditions: ["no"] }, 500, "Error: no is not defined"],
    [
      "PATCH",
      "config/PolicyStmt",
      { Name: "s1", Conditions: [] },
      500,
      "Error: PolicyStmt update for this attribute is not supported",
    ],
    [
      "PATCH",
      "config/PolicyStmt",
      { Name: "s1", ...patch("add", "Conditions", ["c3"]) },
      500,
      "Error: Nothing to be updated.",
    ],
    [
      "PATCH",
      "config/PolicyStmt",
      { Name: "s1", ...patch("add", "Conditions", ["no"]) },
      500,
      "Error: no is not defined",
    ],
    ["PATCH", "config/PolicyStmt", { Name: "s1", ...patch("remove", "Conditions", ["c3"]) }, 200, "Success"],
    ["DELETE", "config/PolicyStmt", { Name: "s1" }, 500, "Error: s1 is used by p1"],
    [
      "POST",
      "config/PolicyDefinition",
      { ...P1, Name: "p", StatementList: [{ Statement: "no" }] },
      500,
      "Error: no is not defined",
    ],
    ["DELETE", "config/PolicyDefinition", { Name: "p1" }, 500, "Error: the policy is used by BGP"],
    ["POST", "config/BGPGlobal", {}, 500, "Error: Already configured. Update operations are allowed."],
    ["PATCH", "config/BGPGlobal", { Redistribution: [STATIC] }, 500, "Error: Nothing to be updated."],
    ["PATCH", "config/BGPGlobal", { Vrf: "default", ...patch("remove", "Redistribution", [STATIC]) }, 200, "Success"],
    ["PATCH", "config/BGPGlobal", { Disabled: true }, 200, "Success"],
  ])("answers %s %s %j with %i %s", async (...[method, path, body, status, text]) => {
    const { call } = await telling();
    const answer = await call(method, path, body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it("shows a change of a statement in the configuration at once, in effect a little later", async () => {
    const { call, clock } = await telling();
    await call("PATCH", "config/PolicyStmt", { Name: "s1", ...patch("remove", "Conditions", ["c3"]) });
    const conditions = async (area: string) =>
      (await call("GET", `${area}/PolicyStmt?Name=s1`)).value.Object.Conditions;
    expect([await conditions("config"), await conditions("state")]).toEqual([[], ["c3"]]);
    await clock.advance(10);
    expect(await conditions("state")).toEqual([]);
  });

  it("knows none of it in a build without policies", async () => {
    const { call } = await setUp({ hasPolicies: false });
    expect((await call("GET", "config/BGPGlobal")).status).toBe(404);
    expect((await call("POST", "config/PolicyCondition", C3)).status).toBe(404);
  });
});

describe("what BGP tells", () => {
  it("is what the conditions of the source's policy match", async () => {
    expect((await telling()).told()).toEqual(["192.168.2.3/32"]);
  });

  it.each([
    ["nothing that is denied", { Action: "deny" }, []],
    [
      "everything from the source by a statement without conditions",
      { Conditions: [] },
      ["192.168.2.3/32", "192.168.2.4/32"],
    ],
    ["what meets all conditions", { MatchConditions: "all" }, ["192.168.2.3/32"]],
  ])("is %s", async (_, statement, expected) => {
    expect((await telling(statement)).told()).toEqual(expected);
  });

  it("is nothing while BGP does not run", async () => {
    const { call, told } = await telling();
    await call("PATCH", "config/BGPGlobal", { Disabled: true });
    expect(told()).toEqual([]);
  });

  it("goes on when a list without the entry is written, and ends when the entry is removed", async () => {
    const { call, told } = await telling();
    await call("PATCH", "config/BGPGlobal", { Redistribution: [] });
    expect((await call("GET", "config/BGPGlobal")).value.Object.Redistribution).toEqual([]);
    expect(told()).toEqual(["192.168.2.3/32"]);
    await call("PATCH", "config/BGPGlobal", patch("add", "Redistribution", [STATIC]));
    await call("PATCH", "config/BGPGlobal", patch("remove", "Redistribution", [STATIC]));
    expect(told()).toEqual([]);
  });

  it("goes by the first policy that was added for a source, and by the last that was written", async () => {
    const { call, clock, told } = await telling();
    await call("POST", "config/PolicyStmt", { Name: "all", Action: "permit" });
    await call("POST", "config/PolicyDefinition", { Name: "p2", StatementList: [{ Priority: 0, Statement: "all" }] });
    const other = { Sources: "CONNECTED,STATIC", Policy: "p2" };
    await clock.advance(10);
    await call("PATCH", "config/BGPGlobal", patch("add", "Redistribution", [other]));
    expect(told()).toEqual([CONNECTED, "192.168.2.3/32"]);
    await call("PATCH", "config/BGPGlobal", { Redistribution: [other] });
    expect(told()).toEqual([CONNECTED, "192.168.2.3/32", "192.168.2.4/32"]);
  });

  it("is the same after a restart, and nothing after one that wiped the switch", async () => {
    const { clock, snaproute, told } = await telling();
    snaproute.restart({ wipe: false });
    await clock.advance(2000);
    expect(told()).toEqual(["192.168.2.3/32"]);
    snaproute.restart({ wipe: true });
    await clock.advance(2000);
    expect(told()).toEqual([]);
    expect(snaproute.snapshot().bgp?.statements).toEqual([]);
  });
});
