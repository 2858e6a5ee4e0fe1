import { createSocket } from "node:dgram";
import { once } from "node:events";
import packet from "dns-packet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consulHarness } from "../../drivers/dns/consul/harness.js";
import { type DnsEntry, dnsKey } from "../../drivers/dns/driver.js";
import { dnsDriverSuite } from "../../drivers/dns/suite.js";
import type { Observation } from "../../drivers/observation.js";
import { systemClock } from "../../platform/clock.js";
import { type HttpServer, serve } from "../../platform/http-server.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import { createConsul } from "../../simulator/consul/consul.js";
import { type DnsServer, serveDns } from "../../simulator/consul/dns-server.js";
import { isMissing, startConsul } from "./servers.js";

const PERIOD_MS = 500;
const clock = systemClock();
const transport = undiciTransport();
let identities = 0;

afterAll(() => transport.close());

/** Each test has an identity, hence a node, of its own: one Consul serves them all. */
function harness(address: string, through: HttpHandler = transport) {
  const identity = `rack${++identities}`;
  return consulHarness({
    transport: through,
    address,
    identity,
    clock,
    periodMs: PERIOD_MS,
    until,
    close: async () => {},
  });
}

async function until(isDone: () => boolean): Promise<void> {
  const end = clock.monotonic() + 20_000;
  while (!isDone()) {
    if (clock.monotonic() > end) throw new Error("never happened");
    await new Promise((resolve) => clock.schedule(10, () => resolve(undefined)));
  }
}

function simulated() {
  return createConsul({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    datacenter: "dc1",
    domain: "torc",
    nodeName: "n1",
  });
}

describe("the simulated Consul over sockets", () => {
  let server: HttpServer;
  beforeAll(async () => {
    server = await serve(simulated().handler, { host: "127.0.0.1", port: 0 });
  });
  afterAll(() => server.close());

  dnsDriverSuite("simulated, over sockets", async () => harness(`http://127.0.0.1:${server.port}`));
});

describe.skipIf(isMissing("consul"))("a real Consul", () => {
  let consul: Awaited<ReturnType<typeof startConsul>>;
  beforeAll(async () => {
    consul = await startConsul();
  });
  afterAll(() => consul.stop());

  dnsDriverSuite("a real Consul", async () => harness(consul.endpoint));

  it("R7 is another epoch when a Consul without data answers, and the same after a restart with data", async () => {
    const fresh = await startConsul();
    let endpoint = consul.endpoint;
    const { driver, identity, close } = harness("http://consul", (request) => {
      const { pathname, search } = new URL(request.url);
      return transport({ ...request, url: endpoint + pathname + search });
    });
    const seen: Observation<DnsEntry>[] = [];
    driver.observe$.subscribe((observation) => seen.push(observation));
    const holds = (count: number) => () => {
      const last = seen.at(-1);
      return last?.type === "Complete" && last.items.size === count;
    };
    const epochs = () => new Set(seen.flatMap((each) => (each.type === "Complete" ? [each.origin.epoch] : [])));
    const stamp = { identity, kind: "DnsRecord", namespace: "demo", name: "r", uid: "u-1", term: 7 };
    const entry = { name: "dns-sl1", id: "x", address: "192.168.2.3", tags: [], stamp };
    await driver.apply({ type: "register", entry });
    await until(holds(1));
    const before = seen.length;
    await consul.restart();
    await until(() => seen.length > before + 1 && holds(1)());
    expect(epochs().size).toBe(1);
    expect(seen.slice(before).filter((each) => each.type === "Complete" && each.items.size === 0)).toEqual([]);
    endpoint = fresh.endpoint;
    await until(holds(0));
    expect(epochs().size).toBe(2);
    await driver.apply({ type: "register", entry });
    await until(holds(1));
    expect(await driver.read(dnsKey(entry))).toEqual({ type: "present", item: entry });
    await close();
    await fresh.stop();
  });
});

describe.skipIf(isMissing("consul"))("the simulated Consul beside a real one", () => {
  let real: Awaited<ReturnType<typeof startConsul>>;
  let http: HttpServer;
  let dns: DnsServer;
  beforeAll(async () => {
    real = await startConsul();
    const consul = simulated();
    http = await serve(consul.handler, { host: "127.0.0.1", port: 0 });
    dns = await serveDns({ consul, host: "127.0.0.1", port: 0 });
    for (const address of addresses()) {
      for (const [method, path, body] of WRITES) await send(address, method, { path, body });
    }
  });
  afterAll(async () => {
    await Promise.all([real.stop(), http.close(), dns.close()]);
  });
  const addresses = () => [real.endpoint, `http://127.0.0.1:${http.port}`];

  const WRITES = [
    ["PUT", "/v1/catalog/register", registration("1", { Address: "10.0.0.1", Port: 53, Tags: ["master"] })],
    ["PUT", "/v1/catalog/register", registration("2", { Address: "10.0.0.2", Port: 54, Meta: { k: "v" } })],
    ["PUT", "/v1/catalog/register", registration("3", { Service: "six", Address: "2001:db8::5" })],
    ["PUT", "/v1/catalog/register", registration("4", { Service: "bare" })],
    ["PUT", "/v1/catalog/register", registration("5", { Service: "gone" })],
    ["PUT", "/v1/catalog/deregister", { Node: "x", ServiceID: "5" }],
  ] as const;

  it.each([
    ["GET", "/v1/catalog/service/a", undefined],
    ["GET", "/v1/catalog/service/gone", undefined],
    ["GET", "/v1/catalog/service/a?tag=master", undefined],
    ["GET", "/v1/catalog/node/x", undefined],
    ["GET", "/v1/catalog/node-services/x", undefined],
    ["GET", "/v1/catalog/node-services/none", undefined],
    ["GET", "/v1/catalog/services", undefined],
    ["GET", "/v1/health/service/a?passing", undefined],
    ["PUT", "/v1/catalog/register", { Node: "x", Address: "1.1.1.1", Bogus: 1 }],
    ["PUT", "/v1/catalog/register", registration("6", { Name: "a" })],
    ["PUT", "/v1/catalog/deregister", { Node: "x", ServiceId: "none" }],
    ["POST", "/v1/agent/service/register", { Name: "web" }],
  ])("answers %s %s %j alike", async (method, path, body) => {
    const [expected, actual] = await Promise.all(addresses().map((address) => send(address, method, { path, body })));
    expect(actual).toEqual(expected);
  });

  it.each([
    ["a.service.torc", "A"],
    ["A.SERVICE.torc", "A"],
    ["a.service.torc", "AAAA"],
    ["a.service.torc", "ANY"],
    ["a.service.torc", "SRV"],
    ["_a._tcp.service.torc", "SRV"],
    ["_a._master.service.torc", "SRV"],
    ["_a._none.service.torc", "SRV"],
    ["master.a.service.torc", "A"],
    ["a.service.dc1.torc", "A"],
    ["six.service.torc", "AAAA"],
    ["six.service.torc", "SRV"],
    ["bare.service.torc", "SRV"],
    ["gone.service.torc", "A"],
    ["none.service.torc", "A"],
    ["0a000001.addr.dc1.torc", "A"],
    ["x.node.torc", "A"],
    ["torc", "SOA"],
    ["torc", "NS"],
    ["example.com", "A"],
  ] as const)("resolves %s %s alike", async (name, type) => {
    const [expected, actual] = await Promise.all([real.dnsPort, dns.port].map((port) => resolve(port, name, type)));
    expect(actual).toEqual(expected);
  });
});

function registration(id: string, service: object) {
  return { Node: "x", Address: "192.0.2.1", Service: { ID: id, Service: "a", ...service } };
}

/** Status and body; indexes are of no interest, they count what each server did before. */
async function send(address: string, method: string, request: { readonly path: string; readonly body: unknown }) {
  const payload = request.body === undefined ? {} : { body: JSON.stringify(request.body) };
  const response = await fetch(address + request.path, { method, ...payload });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, body: isJson ? JSON.parse(text, withoutIndex) : text };
}

function withoutIndex(key: string, value: unknown): unknown {
  return key === "CreateIndex" || key === "ModifyIndex" ? undefined : value;
}

/** Code, flags and records in a fixed order, without serial numbers and the TXT records about nodes. */
async function resolve(port: number, name: string, type: "A" | "AAAA" | "ANY" | "SRV" | "SOA" | "NS") {
  const socket = createSocket("udp4");
  const query = { type: "query", id: 1, flags: packet.RECURSION_DESIRED, questions: [{ name, type }] } as const;
  socket.send(packet.encode({ ...query, questions: [{ name, type: type as "A" }] }), port, "127.0.0.1");
  const [bytes] = (await once(socket, "message")) as [Buffer];
  socket.close();
  const reply = packet.decode(bytes) as packet.DecodedPacket & { readonly rcode: string };
  const shown = (records: readonly packet.Answer[] = []) =>
    records
      .filter((record) => record.type !== "TXT")
      .map((record) => JSON.stringify(record, (key, value: unknown) => (key === "serial" ? 0 : value)))
      .sort();
  return {
    rcode: reply.rcode,
    isAuthoritative: reply.flag_aa,
    answers: shown(reply.answers),
    authorities: shown(reply.authorities),
    additionals: shown(reply.additionals),
  };
}
