import { describe, expect, it } from "vitest";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { readBody } from "../../platform/transport.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createSnapRoute } from "./snaproute.js";
import type { SwitchState } from "./state.js";
import type { TableChange } from "./table.js";

function setUp(state?: SwitchState) {
  const clock = virtualClock();
  let changes = 0;
  const snaproute = createSnapRoute({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    connected: [{ name: "vlan100", cidr: "10.250.3.20/24" }],
    ports: ["fpPort1", "fpPort2"],
    ...(state && { state }),
    onChange: () => {
      changes += 1;
    },
  });
  const told: TableChange[] = [];
  snaproute.routes$.subscribe((change) => told.push(change));
  const call = async (method: string, path: string, body?: unknown) => {
    const payload =
      body === undefined ? {} : { body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) };
    const response = await snaproute.handler({ method, url: `/public/v1/${path}`, headers: {}, ...payload });
    const value = JSON.parse(Buffer.from(await readBody(response)).toString());
    return { status: response.status, value, text: value.Result as string | undefined };
  };
  return { clock, snaproute, call, told, changes: () => changes };
}

const KEYS = { DestinationNw: "192.168.2.3", NetworkMask: "255.255.255.255" };
const ROUTE = { ...KEYS, Protocol: "STATIC", NextHop: [{ NextHopIp: "10.250.3.21" }] };
const hop = (last: number) => [{ NextHopIp: `10.250.3.${last}` }];

describe("createSnapRoute", () => {
  it.each([
    ["POST", "config/IPv4Route", ROUTE, 500, "Error: Already configured. Delete and Update operations are allowed."],
    ["POST", "CONFIG/ipv4ROUTE", ROUTE, 500, "Error: Already configured. Delete and Update operations are allowed."],
    ["POST", "config/IPv4Route", "", 500, "Error: Insufficient information."],
    ["POST", "config/IPv4Route", "junk", 500, "Error: Insufficient information."],
    ["POST", "config/IPv4Route", { ...ROUTE, DestinationNw: "192.168.2.4" }, 201, "Success"],
    ["POST", "config/IPv4Route", { ...ROUTE, DestinationNw: "192.168.4.0/24" }, 201, "Success"],
    ["POST", "config/IPv4Route", { ...KEYS, DestinationNw: "192.168.2.4" }, 500, "Error: Next hop ip not specified"],
    ["POST", "config/IPv4Route", { ...KEYS, DestinationNw: "192.168.2.4", NullRoute: true }, 201, "Success"],
    [
      "POST",
      "config/IPv4Route",
      { DestinationNw: "192.168.2.4", NetworkMask: "255.255.255.255", NextHop: [{ NextHopIp: "192.0.2.1" }] },
      500,
      "Error: Next hop ip 192.0.2.1 not reachable",
    ],
    [
      "POST",
      "config/IPv4Route",
      { ...ROUTE, DestinationNw: "1.1.1.1", Protocol: "X" },
      500,
      "Error: Protocol X not recognised",
    ],
    [
      "POST",
      "config/IPv4Route",
      { ...ROUTE, DestinationNw: "1.1.1.1", NetworkMask: "255.0.255.0" },
      500,
      "Error: Invalid destination or mask",
    ],
    ["PATCH", "config/IPv4Route", { ...KEYS, NextHop: hop(22) }, 200, "Success"],
    ["PATCH", "config/IPv4Route", { ...KEYS, NextHop: hop(21) }, 500, "Error: Nothing to be updated."],
    [
      "PATCH",
      "config/IPv4Route",
      { ...KEYS, DestinationNw: "192.168.9.9", NextHop: hop(22) },
      404,
      "Error: Failed to find entry.",
    ],
    ["PATCH", "config/IPv4Route", { ...KEYS, NullRoute: true }, 404, "Error: NullRoute cannot be updated"],
    ["PATCH", "config/IPv4Route", { ...KEYS, patch: [{ op: "add", path: "NextHop", value: hop(22) }] }, 200, "Success"],
    ["DELETE", "config/IPv4Route", { ...KEYS, NextHop: [] }, 410, "Success"],
    ["DELETE", "config/IPv4Route", { ...KEYS, DestinationNw: "192.168.9.9" }, 404, "Error: Failed to find entry."],
    ["GET", "state/IPv4Route", { DestinationNw: "192.168.9.9/32" }, 404, "Error: Failed to find entry."],
    ["GET", "state/IPv4Routes?CurrentMarker=0&Count=1025", undefined, 413, "Error: Count is too large."],
    ["GET", "state/Nonsense", undefined, 404, "Error: Failed to find entry."],
    ["POST", "action/ResetConfig", {}, 200, "Success"],
  ])("answers %s %s %j with %i %s", async (...[method, path, body, status, text]) => {
    const { call } = setUp();
    await call("POST", "config/IPv4Route", ROUTE);
    const answer = await call(method, path, body);
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  it("shows a route in the configuration at once, in the table a little later", async () => {
    const { call, clock, told } = setUp();
    const { value } = await call("POST", "config/IPv4Route", ROUTE);
    const configured = await call("GET", `config/IPv4Route/${value.ObjectId}`);
    expect(configured.value.Object).toMatchObject({
      ...KEYS,
      NullRoute: false,
      NextHop: [{ NextHopIp: "10.250.3.21" }],
    });
    const inState = () => call("GET", "state/IPv4Route?DestinationNw=192.168.2.3/32");
    expect((await inState()).status).toBe(404);
    await clock.advance(10);
    expect((await inState()).value.Object).toMatchObject({
      DestinationNw: "192.168.2.3/32",
      Protocol: "STATIC",
      NextHopList: [{ NextHopIp: "10.250.3.21", NextHopIntRef: "vlan100", Weight: 0 }],
    });
    expect(told.map((change) => change.type)).toEqual(["added"]);
  });

  it("changes next hops without taking the route away", async () => {
    const { call, clock, told } = setUp();
    await call("POST", "config/IPv4Route", ROUTE);
    await call("PATCH", "config/IPv4Route", { ...KEYS, patch: [{ op: "add", path: "NextHop", value: hop(22) }] });
    await call("PATCH", "config/IPv4Route", { ...KEYS, patch: [{ op: "remove", path: "NextHop", value: hop(21) }] });
    await clock.advance(10);
    await call("DELETE", "config/IPv4Route", KEYS);
    await clock.advance(10);
    expect(told.map((change) => change.type)).toEqual(["added", "changed", "changed", "removed"]);
  });

  it("pages by marker and count", async () => {
    const { call, clock } = setUp();
    for (let number = 0; number < 24; number += 1) {
      await call("POST", "config/IPv4Route", { ...ROUTE, DestinationNw: `192.168.7.${number}` });
    }
    await clock.advance(10);
    const prefixes: string[] = [];
    const pages: unknown[] = [];
    for (let marker = 0, isMore = true; isMore; ) {
      const { value } = await call("GET", `state/IPv4Routes?CurrentMarker=${marker}&Count=10`);
      pages.push([value.MoreExist, value.ObjCount, value.CurrentMarker, value.NextMarker]);
      prefixes.push(...value.Objects.map((shown: { Object: { DestinationNw: string } }) => shown.Object.DestinationNw));
      isMore = value.MoreExist;
      marker = value.NextMarker;
    }
    expect(pages).toEqual([
      [true, 10, 0, 10],
      [true, 10, 10, 20],
      [false, 5, 20, 0],
    ]);
    expect(new Set(prefixes).size).toBe(25);
  });

  it("is not ready while it restarts, and then has its configuration, or nothing when wiped", async () => {
    const { call, clock, snaproute, told } = setUp();
    await call("POST", "config/IPv4Route", ROUTE);
    await clock.advance(10);
    snaproute.restart({ wipe: false });
    expect(snaproute.routes().size).toBe(0);
    expect(await call("GET", "state/IPv4Routes")).toMatchObject({ status: 503 });
    await clock.advance(2000);
    expect([...snaproute.routes().keys()]).toEqual(["10.250.3.0/24", "192.168.2.3/32"]);
    snaproute.restart({ wipe: true });
    await clock.advance(2000);
    expect([...snaproute.routes().keys()]).toEqual(["10.250.3.0/24"]);
    expect(told.filter((change) => change.type === "removed")).toHaveLength(4);
  });

  it("restarts twice in a row without losing anything", async () => {
    const { call, clock, snaproute } = setUp();
    await call("POST", "config/IPv4Route", ROUTE);
    snaproute.restart({ wipe: false });
    await clock.advance(500);
    snaproute.restart({ wipe: false });
    await clock.advance(600);
    expect((await call("GET", "state/IPv4Routes")).status).toBe(503);
    await clock.advance(2000);
    expect([...snaproute.routes().keys()]).toEqual(["10.250.3.0/24", "192.168.2.3/32"]);
  });

  it("continues from its snapshot", async () => {
    const first = setUp();
    await first.call("POST", "config/IPv4Route", ROUTE);
    expect(first.changes()).toBe(1);
    const second = setUp(JSON.parse(JSON.stringify(first.snaproute.snapshot())) as SwitchState);
    await second.clock.advance(10);
    expect([...second.snaproute.routes().keys()]).toEqual(["10.250.3.0/24", "192.168.2.3/32"]);
  });

  it("is initialised as its users do: reset, ports, a VLAN, an address", async () => {
    const { call, clock, snaproute } = setUp();
    await call("POST", "action/ResetConfig", {});
    expect(snaproute.routes().size).toBe(0);
    const steps = [
      await call("PATCH", "config/Port", { IntfRef: "fpPort1", BreakOutMode: "4x10" }),
      await call("PATCH", "config/Port", { IntfRef: "fpPort1", Speed: 40_000, AdminState: "UP" }),
      await call("PATCH", "config/Port", { IntfRef: "nope", Speed: 1 }),
      await call("POST", "config/Vlan", { VlanId: 100, UntagIntfList: ["1, 6-9"] }),
      await call("POST", "config/Vlan", { VlanId: 100, UntagIntfList: ["1, 6-9"] }),
      await call("POST", "config/IPv4Intf", { IntfRef: "vlan100", IpAddr: "10.250.3.20/24" }),
    ];
    expect(steps.map((step) => step.status)).toEqual([200, 200, 404, 201, 500, 201]);
    await call("POST", "config/IPv4Route", ROUTE);
    await clock.advance(10);
    expect([...snaproute.routes().keys()]).toEqual(["10.250.3.0/24", "192.168.2.3/32"]);
    const ports = (await call("GET", "state/Ports")).value;
    expect(ports.Objects.map((shown: { Object: unknown }) => shown.Object)).toMatchObject([
      { IntfRef: "fpPort1", IfIndex: 1, OperState: "UP" },
      { IntfRef: "fpPort2", IfIndex: 2, OperState: "UP" },
    ]);
  });
});
