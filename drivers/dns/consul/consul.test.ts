import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import {
  type HttpHandler,
  type HttpResponse,
  inProcessTransport,
  TransportError,
} from "../../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../../platform/virtual-clock.js";
import { type Consul, createConsul } from "../../../simulator/consul/consul.js";
import type { Observation } from "../../observation.js";
import type { DnsEntry } from "../driver.js";
import { dnsDriverSuite } from "../suite.js";
import type { OwnEntry } from "./catalog.js";
import { createConsulDriver } from "./consul.js";
import { consulHarness } from "./harness.js";

const PERIOD_MS = 5000;

function simulated(clock: VirtualClock): Consul {
  return createConsul({ clock, random: seededRandom(2), log: silentLogger, datacenter: "dc1", domain: "torc" });
}

dnsDriverSuite("consul, simulated in process", async () => {
  const clock = virtualClock();
  return consulHarness({
    transport: inProcessTransport(new Map([["consul:8500", simulated(clock).handler]])),
    address: "http://consul:8500",
    identity: "torc",
    clock,
    periodMs: PERIOD_MS,
    async until(isDone) {
      if (!(await clock.advanceUntil(isDone, 60_000))) throw new Error("never happened");
    },
    close: async () => {},
  });
});

const ENTRY: OwnEntry = {
  name: "dns-sl1",
  id: "dns-sl1-0-x7k2p",
  address: "192.168.2.3",
  tags: [],
  stamp: { identity: "torc", kind: "DnsRecord", namespace: "demo", name: "r", uid: "u-1", term: 7 },
};

type Fault = (response: HttpResponse) => HttpResponse;

/** A driver on a simulated Consul that knows one entry, with a fault that can be put on the catalogue's answers. */
async function setUp() {
  const clock = virtualClock();
  const consul = simulated(clock);
  let fault: { readonly paths: string; readonly change: Fault } | undefined;
  const writes: string[] = [];
  const transport: HttpHandler = async (request) => {
    if (request.method !== "GET") writes.push(request.url);
    const { pathname, search } = new URL(request.url);
    const response = await consul.handler({ ...request, url: pathname + search });
    return fault !== undefined && pathname.startsWith(fault.paths) ? fault.change(response) : response;
  };
  const driver = createConsulDriver({
    transport,
    address: "http://consul:8500/",
    identity: "torc",
    clock,
    random: seededRandom(3),
    log: silentLogger,
    periodMs: PERIOD_MS,
  });
  const seen: Observation<DnsEntry>[] = [];
  driver.observe$.subscribe((observation) => seen.push(observation));
  await driver.apply({ type: "register", entry: ENTRY });
  await clock.advance(2 * PERIOD_MS);
  expect(seen.at(-1)).toMatchObject({ type: "Complete", items: new Map([["dns-sl1/dns-sl1-0-x7k2p", ENTRY]]) });
  return {
    clock,
    consul,
    driver,
    seen,
    writes,
    breakAnswers(paths: string, change: Fault) {
      seen.length = 0;
      fault = { paths, change };
    },
    heal: () => {
      fault = undefined;
    },
  };
}

const body =
  (text: string): Fault =>
  (response) => ({ ...response, body: Buffer.from(text) });
const header =
  (name: string, value: string): Fault =>
  (response) => ({
    ...response,
    headers: { ...response.headers, [name]: value },
  });
const status =
  (code: number): Fault =>
  () => ({ status: code, headers: {}, body: Buffer.from("rpc error") });
const cut =
  (share: number): Fault =>
  (response) => {
    // the simulated Consul answers with bytes
    const bytes = response.body as Uint8Array;
    return { ...response, body: bytes.slice(0, Math.floor(bytes.length * share)) };
  };
const NODE = '{"Node":"rackwright-torc"}';

const FAULTS: readonly (readonly [string, string, Fault])[] = [
  ["[]", "/v1/catalog", body("[]")],
  ["{}", "/v1/catalog", body("{}")],
  ["null", "/v1/catalog", body("null")],
  ["an empty body", "/v1/catalog", body("")],
  ["no services", "/v1/catalog", body(`{"Node":${NODE},"Services":null}`)],
  ["no node", "/v1/catalog", body('{"Node":null,"Services":null}')],
  ["another node", "/v1/catalog", body('{"Node":{"Node":"other"},"Services":[]}')],
  ["services without fields", "/v1/catalog", body(`{"Node":${NODE},"Services":[{}]}`)],
  ["half a list", "/v1/catalog", cut(0.5)],
  ["all but the last byte", "/v1/catalog", cut(0.999)],
  ["HTML with status 200", "/v1/catalog", body("<html><body>Welcome</body></html>")],
  ["status 500", "/v1/catalog", status(500)],
  ["status 429", "/v1/catalog", status(429)],
  ["status 403", "/v1/catalog", status(403)],
  ["status 404", "/v1/catalog", status(404)],
  ["no index", "/v1/catalog", header("x-consul-index", "")],
  ["index 0", "/v1/catalog", header("x-consul-index", "0")],
  ["no known leader", "/v1/catalog", header("x-consul-knownleader", "false")],
  ["no leader", "/v1/status/leader", body('""')],
  ["leader as HTML", "/v1/status/leader", body("<html>")],
  [
    "a broken connection",
    "/v1/catalog",
    () => {
      throw new TransportError("reset", { isSent: true });
    },
  ],
];

describe("createConsulDriver", () => {
  it.each(FAULTS)("R1 never calls a view complete when the answer is %s", async (_name, paths, change) => {
    const { clock, driver, seen, breakAnswers, heal } = await setUp();
    // one blocking query that was sent before the fault may still end well
    await clock.advance(PERIOD_MS);
    breakAnswers(paths, change);
    await clock.advance(20 * PERIOD_MS);
    expect(seen.filter((observation) => observation.type === "Complete")).toEqual([]);
    expect(seen.length).toBeGreaterThan(0);
    heal();
    await clock.advance(3 * PERIOD_MS);
    expect(seen.at(-1)).toMatchObject({ type: "Complete" });
    expect(await driver.read("dns-sl1/dns-sl1-0-x7k2p")).toMatchObject({ type: "present" });
  });

  it.each(FAULTS.filter(([, paths]) => paths === "/v1/catalog").filter(([name]) => name !== "[]"))(
    "R1 answers a keyed read with unknown when Consul says %s",
    async (_name, paths, change) => {
      const { driver, breakAnswers } = await setUp();
      breakAnswers(paths, change);
      expect((await driver.read("dns-sl1/dns-sl1-0-x7k2p")).type).toBe("unknown");
    },
  );

  it("R1 calls it partial when everything is gone though we removed nothing, until something is back", async () => {
    const { clock, consul, driver, seen } = await setUp();
    const gone = { Node: "rackwright-torc", ServiceID: "dns-sl1:dns-sl1-0-x7k2p" };
    await consul.handler({
      method: "PUT",
      url: "/v1/catalog/deregister",
      headers: {},
      body: Buffer.from(JSON.stringify(gone)),
    });
    await clock.advance(5 * PERIOD_MS);
    expect(seen.at(-1)).toMatchObject({ type: "Partial", reason: "no entries where 1 were known" });
    await driver.apply({ type: "register", entry: ENTRY });
    await clock.advance(1000);
    expect(seen.at(-1)).toMatchObject({ type: "Complete" });
  });

  it("R7 starts a new epoch when the index goes back", async () => {
    const { clock, consul, seen } = await setUp();
    const before = seen.at(-1);
    consul.restart({ wipe: true });
    await clock.advance(5 * PERIOD_MS);
    const after = seen.at(-1);
    expect(after).toMatchObject({ type: "Complete", items: new Map() });
    expect(after?.type === "Complete" && before?.type === "Complete" && after.origin.epoch).not.toBe(
      before?.type === "Complete" && before.origin.epoch,
    );
  });

  it("R7 stays in its epoch over a restart that keeps the data", async () => {
    const { clock, consul, seen } = await setUp();
    const epochs = () => new Set(seen.flatMap((each) => (each.type === "Unknown" ? [] : [each.origin.epoch])));
    consul.restart({ wipe: false });
    await clock.advance(5 * PERIOD_MS);
    expect(epochs().size).toBe(1);
    expect(seen.at(-1)).toMatchObject({ type: "Complete" });
  });

  it("R7 says Unknown after three periods without an answer, though requests hang", async () => {
    const { clock, seen, breakAnswers } = await setUp();
    await clock.advance(PERIOD_MS);
    breakAnswers("/v1/", (response) => ({ ...response, body: hanging() }));
    await clock.advance(3 * PERIOD_MS + PERIOD_MS);
    expect(seen.at(-1)).toMatchObject({ type: "Unknown" });
  });

  it("reports what may have happened as a TransportError, what was refused as a StatusError", async () => {
    const { driver, breakAnswers } = await setUp();
    // the fault changes answers, not what Consul did: each attempt needs another address to be written again
    let attempt = 0;
    const outcome = () =>
      driver
        .apply({ type: "register", entry: { ...ENTRY, address: `10.0.0.${++attempt}` } })
        .catch((error: unknown) => error);
    breakAnswers("/v1/catalog/register", status(500));
    expect(await outcome()).toMatchObject({ name: "TransportError", isSent: true });
    breakAnswers("/v1/catalog/register", body("<html>"));
    expect(await outcome()).toMatchObject({ name: "TransportError", isSent: true });
    breakAnswers("/v1/catalog/register", status(403));
    expect(await outcome()).toMatchObject({ name: "StatusError", reason: "Forbidden" });
    breakAnswers("/v1/catalog/service", status(500));
    expect(await outcome()).toMatchObject({ name: "StatusError", reason: "ServiceUnavailable" });
  });

  it("writes nothing for an entry that is already there", async () => {
    const { driver, writes } = await setUp();
    const before = writes.length;
    for (let round = 0; round < 10; round += 1) await driver.apply({ type: "register", entry: ENTRY });
    expect(writes.length).toBe(before);
  });

  it("tells an entry of another node as foreign", async () => {
    const { consul, driver } = await setUp();
    const service = Buffer.from(JSON.stringify({ Name: "dns-sl1", Address: "10.0.0.1" }));
    await consul.handler({ method: "PUT", url: "/v1/agent/service/register", headers: {}, body: service });
    expect(await driver.read("dns-sl1/node:consul:dns-sl1")).toMatchObject({
      type: "present",
      item: { address: "10.0.0.1", stamp: undefined },
    });
  });
});

async function* hanging(): AsyncIterable<Uint8Array> {
  await new Promise(() => {});
}
