import { describe, expect, it } from "vitest";
import { type Clock, sleep, systemClock } from "../../../platform/clock.js";
import { serve } from "../../../platform/http-server.js";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { type HttpHandler, type HttpResponse, TransportError } from "../../../platform/transport.js";
import { undiciTransport } from "../../../platform/undici-transport.js";
import { type VirtualClock, virtualClock } from "../../../platform/virtual-clock.js";
import { createSnapRoute, type SnapRoute } from "../../../simulator/snaproute/snaproute.js";
import type { Observation, Stamp } from "../../observation.js";
import type { NetworkDriver, SwitchRoute } from "../driver.js";
import { type NetworkHarness, networkDriverSuite } from "../suite.js";
import { createSnaprouteDriver } from "./snaproute.js";

const PERIOD_MS = 5000;
const STAMP: Stamp = { identity: "torc", kind: "Route", namespace: "demo", name: "r", uid: "u-1", term: 7 };

function simulated(clock: Clock): SnapRoute {
  const connected = [
    { name: "vlan100", cidr: "10.250.3.20/24" },
    { name: "vlan200", cidr: "10.250.4.20/24" },
  ];
  return createSnapRoute({ clock, random: seededRandom(5), log: silentLogger, connected, ports: ["fpPort1"] });
}

function driverOf(clock: VirtualClock, transport: HttpHandler) {
  const address = "http://switch:8080";
  return createSnaprouteDriver({
    transport,
    address,
    identity: "torc",
    clock,
    random: seededRandom(6),
    log: silentLogger,
    periodMs: PERIOD_MS,
  });
}

function transportTo(snaproute: SnapRoute): HttpHandler {
  return (request) => {
    const { pathname, search } = new URL(request.url);
    return snaproute.handler({ ...request, url: pathname + search });
  };
}

/** A harness around a simulated switch; `pass` lets some time pass. */
function harnessOf(parts: {
  readonly snaproute: SnapRoute;
  readonly driver: NetworkDriver;
  readonly pass: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}): NetworkHarness {
  const { snaproute, driver, pass, close } = parts;
  return {
    driver,
    async addForeign(count) {
      for (let number = 0; number < count; number += 1) {
        const body = {
          DestinationNw: `172.16.${number >> 8}.${number & 255}`,
          NetworkMask: "255.255.255.255",
          NextHop: [{ NextHopIp: "10.250.3.1" }],
        };
        const request = { method: "POST", url: "/public/v1/config/IPv4Route", headers: {} };
        await snaproute.handler({ ...request, body: Buffer.from(JSON.stringify(body)) });
      }
    },
    table: async () =>
      new Map([...snaproute.routes()].map(([prefix, route]) => [prefix, route.nextHops.map((hop) => hop.ip)])),
    async until(isDone) {
      for (let round = 0; round < 200; round += 1) {
        if (await isDone()) return;
        await pass();
      }
      throw new Error("never happened");
    },
    async close() {
      driver.close();
      await close();
    },
  };
}

networkDriverSuite("snaproute, simulated in process", async () => {
  const clock = virtualClock();
  const snaproute = simulated(clock);
  const driver = driverOf(clock, transportTo(snaproute));
  return harnessOf({ snaproute, driver, pass: () => clock.advance(100), close: async () => {} });
});

networkDriverSuite("snaproute, simulated over sockets", async () => {
  const clock = systemClock();
  const snaproute = simulated(clock);
  const server = await serve(snaproute.handler, { host: "127.0.0.1", port: 0 });
  const transport = undiciTransport();
  const address = `http://127.0.0.1:${server.port}`;
  const random = seededRandom(6);
  const driver = createSnaprouteDriver({
    transport,
    identity: "torc",
    address,
    clock,
    random,
    log: silentLogger,
    periodMs: 50,
  });
  const close = async () => {
    await transport.close();
    await server.close();
  };
  return harnessOf({ snaproute, driver, pass: () => sleep(clock, 10), close });
});

type Fault = (response: HttpResponse) => HttpResponse;
const body =
  (text: string): Fault =>
  (response) => ({ ...response, body: Buffer.from(text) });
const status =
  (code: number): Fault =>
  (response) => ({ ...response, status: code });
const edit =
  (change: (value: Record<string, unknown>) => unknown): Fault =>
  (response) =>
    body(JSON.stringify(change(JSON.parse(Buffer.from(response.body as Uint8Array).toString()))))(response);
const cut: Fault = (response) => ({ ...response, body: (response.body as Uint8Array).slice(0, -40) });
const half = (value: Record<string, unknown>) => (value.Objects as unknown[]).slice(0, 1);

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["[]", body("[]")],
  ["{}", body("{}")],
  ["null", body("null")],
  ["an empty body", body("")],
  ["an empty table", body('{"MoreExist":false,"ObjCount":0,"CurrentMarker":0,"NextMarker":0,"Objects":[]}')],
  ["truncated JSON", cut],
  ["half a page", edit((value) => ({ ...value, Objects: half(value) }))],
  ["a page without its next", edit((value) => ({ ...value, MoreExist: true }))],
  ["another page", edit((value) => ({ ...value, CurrentMarker: 7 }))],
  ["no MoreExist", edit(({ MoreExist: _gone, ...value }) => value)],
  ["routes without a destination", edit((value) => ({ ...value, Objects: [{ Object: {} }], ObjCount: 1 }))],
  [
    "a route with host bits",
    edit((value) => ({ ...value, Objects: [{ Object: { DestinationNw: "10.0.0.1/8" } }], ObjCount: 1 })),
  ],
  ["HTML with status 200", body("<html><body>FlexSwitch</body></html>")],
  ["status 500", status(500)],
  ["status 404", status(404)],
  ["status 503", status(503)],
  [
    "a broken connection",
    () => {
      throw new TransportError("reset", { isSent: true });
    },
  ],
];

/** What a complete view holds; undefined when it is none. */
function prefixesOf(observation: Observation<SwitchRoute> | undefined): readonly string[] | undefined {
  return observation?.type === "Complete" ? [...observation.items.keys()] : undefined;
}

async function setUp() {
  const clock = virtualClock();
  const snaproute = simulated(clock);
  const sent: string[] = [];
  let fault: { readonly path: string; readonly change: Fault } | undefined;
  const inner = transportTo(snaproute);
  const driver = driverOf(clock, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET") sent.push(`${request.method} ${Buffer.from(request.body ?? []).toString()}`);
    const response = await inner(request);
    return fault !== undefined && pathname.endsWith(fault.path) ? fault.change(response) : response;
  });
  const seen: Observation<SwitchRoute>[] = [];
  driver.observe$.subscribe((observation) => seen.push(observation));
  const set = (prefix: string, ...addresses: string[]) =>
    driver.apply({ type: "set", prefix, nextHops: addresses.map((address) => ({ address })), stamp: STAMP });
  await set("192.168.2.3/32", "10.250.3.21");
  await clock.advance(2 * PERIOD_MS);
  expect(prefixesOf(seen.at(-1))).toContain("192.168.2.3/32");
  const breakAnswers = (path: string, change: Fault | undefined) => {
    seen.length = 0;
    fault = change && { path, change };
  };
  return { clock, snaproute, driver, seen, sent, set, breakAnswers };
}

describe("createSnaprouteDriver", () => {
  it.each(FAULTS)("R1 never calls a view complete when the answer is %s", async (_name, change) => {
    const { clock, seen, breakAnswers } = await setUp();
    breakAnswers("/IPv4Routes", change);
    await clock.advance(20 * PERIOD_MS);
    const complete = seen.filter((observation) => observation.type === "Complete");
    expect(complete).toEqual([]);
    breakAnswers("", undefined);
    await clock.advance(3 * PERIOD_MS);
    expect(prefixesOf(seen.at(-1))).toContain("192.168.2.3/32");
  });

  // those in between are about pages only
  it.each([...FAULTS.slice(0, 6), ...FAULTS.slice(-5)])(
    "R1 answers a keyed read with unknown when the switch says %s",
    async (_name, change) => {
      const { driver, breakAnswers } = await setUp();
      breakAnswers("/IPv4Route", change);
      expect((await driver.read("192.168.2.3/32")).type).toBe("unknown");
    },
  );

  it("R1 calls it partial when all static routes are gone though we removed none", async () => {
    const { clock, seen, breakAnswers } = await setUp();
    const isConnected = (item: unknown) => JSON.stringify(item).includes("CONNECTED");
    breakAnswers(
      "/IPv4Routes",
      edit((value) => ({ ...value, Objects: (value.Objects as unknown[]).filter(isConnected), ObjCount: 2 })),
    );
    await clock.advance(2 * PERIOD_MS);
    expect(seen.at(-1)).toMatchObject({ type: "Partial", reason: "no static routes where 1 were known" });
  });

  it("starts a new epoch when the agent restarts, and sees its empty table", async () => {
    const { clock, snaproute, seen } = await setUp();
    const before = seen.at(-1);
    snaproute.restart({ wipe: true });
    await clock.advance(3 * PERIOD_MS);
    const after = seen.at(-1);
    expect(prefixesOf(after)).toEqual(["10.250.3.0/24", "10.250.4.0/24"]);
    expect(after?.type === "Complete" && before?.type === "Complete" && after.origin.epoch).not.toBe(
      before?.type === "Complete" && before.origin.epoch,
    );
  });

  it("R7 says Unknown after three periods without an answer", async () => {
    const { clock, seen, breakAnswers } = await setUp();
    breakAnswers("/IPv4Routes", status(503));
    await clock.advance(3 * PERIOD_MS + 1000);
    expect(seen.at(-1)).toMatchObject({ type: "Unknown" });
  });

  it("sends address and mask, and PATCHes what is there", async () => {
    const { sent, set } = await setUp();
    sent.length = 0;
    await set("192.168.2.0/23", "10.250.3.21");
    await set("192.168.2.0/23", "10.250.3.22", "10.250.3.23");
    const keys = '"DestinationNw":"192.168.2.0","NetworkMask":"255.255.254.0"';
    expect(sent.map((line) => line.split(" ")[0])).toEqual(["POST", "POST", "PATCH"]);
    expect(sent.every((line) => line.includes(keys))).toBe(true);
  });

  it("says what the switch refused, and what may have happened anyway", async () => {
    const { set, driver, snaproute, breakAnswers } = await setUp();
    const outcome = (work: Promise<void>) => work.catch((error: unknown) => error);
    expect(await outcome(set("192.168.2.4/32", "192.0.2.1"))).toMatchObject({
      name: "StatusError",
      reason: "Invalid",
      message: expect.stringContaining("192.0.2.1 not reachable"),
    });
    expect(await outcome(set("2001:db8::/64", "10.250.3.21"))).toMatchObject({
      name: "StatusError",
      reason: "Invalid",
    });
    breakAnswers("config/IPv4Route", body("<html>"));
    expect(await outcome(set("192.168.2.5/32", "10.250.3.21"))).toMatchObject({ name: "TransportError", isSent: true });
    expect(await outcome(driver.apply({ type: "remove", prefix: "192.168.2.5/32" }))).toMatchObject({
      name: "TransportError",
    });
    breakAnswers("", undefined);
    snaproute.restart({ wipe: false });
    expect(await outcome(set("192.168.2.6/32", "10.250.3.21"))).toMatchObject({ reason: "ServiceUnavailable" });
  });

  it("understands the answers of early builds", async () => {
    const { set, driver, breakAnswers } = await setUp();
    const early = edit(({ Result: result, ...value }) => ({ ...value, Error: result === "Success" ? "" : result }));
    breakAnswers("config/IPv4Route", early);
    await set("192.168.2.7/32", "10.250.3.21");
    await set("192.168.2.7/32", "10.250.3.21");
    await set("192.168.2.7/32", "10.250.3.22");
    await driver.apply({ type: "remove", prefix: "192.168.2.7/32" });
    await driver.apply({ type: "remove", prefix: "192.168.2.7/32" });
  });
});
