import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Certified, createAuthority, issue } from "../../apiserver/pki/authority.js";
import type { ComputeDriver, Connection } from "../../drivers/compute/driver.js";
import { createMesosDriver } from "../../drivers/compute/mesos/driver.js";
import {
  type ScriptedMaster,
  scriptedMaster,
  textResponse,
} from "../../drivers/compute/mesos/replay/scripted-master.js";
import type { MesosAccess } from "../../drivers/compute/mesos/session/access.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { serve } from "../../platform/http-server.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { undiciTransport } from "../../platform/undici-transport.js";

const clock = systemClock();
const transport = undiciTransport();
const HOUR_MS = 3_600_000;
const BASIC = `Basic ${Buffer.from("rackwright:s3cret").toString("base64")}`;
const now = clock.now();
const VALID = { from: now - HOUR_MS, until: now + HOUR_MS };
const PAST = { from: now - 2 * HOUR_MS, until: now - HOUR_MS };

let authority: Certified;
let stranger: Certified;
let client: Certified;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(VALID), createAuthority(VALID)]);
  client = await issue(authority, { commonName: "rackwright" }, VALID);
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => transport.close());

/** A scripted master behind TLS on loopback, with a certificate for these hosts. */
async function secured(options: { hosts?: readonly string[]; validity?: typeof VALID; tls?: ServerOptions } = {}) {
  const { hosts = ["127.0.0.1"], validity = VALID } = options;
  const { certificate, key } = await issue(authority, { commonName: "mesos", hosts }, validity);
  const master = scriptedMaster();
  const server = createServer({ cert: certificate, key, ...options.tls }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    const abort = new AbortController();
    outgoing.once("close", () => abort.abort());
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", async () => {
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      const request = {
        method: "POST",
        url: incoming.url ?? "",
        headers,
        body: Buffer.concat(chunks),
        signal: abort.signal,
      };
      const response = await master.handler(request);
      outgoing.writeHead(response.status, response.headers);
      outgoing.flushHeaders();
      for await (const chunk of response.body instanceof Uint8Array ? [response.body] : response.body)
        outgoing.write(chunk);
      outgoing.end();
    });
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => closeNow(server));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return { master, url: `https://127.0.0.1:${port}` };
}

function closeNow(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** A driver before it, and its last word. */
function connect(url: string, access: MesosAccess, ...others: readonly string[]) {
  const driver: ComputeDriver = createMesosDriver({
    transport,
    masters: [url, ...others],
    access: async () => access,
    frameworkName: "rackwright",
    user: "root",
    roles: ["web"],
    failoverTimeoutSeconds: 60,
    frameworkId: "fw-1",
    identity: "rack-a",
    observePeriodMs: 1_000,
    clock,
    random: seededRandom(1),
    log: silentLogger,
  });
  closing.push(() => driver.close());
  let last: Connection | undefined;
  driver.connection$.subscribe((connection) => {
    last = connection;
  });
  const reason = () => (last?.type === "subscribed" ? "subscribed" : (last?.reason ?? ""));
  return { driver, reason };
}

async function subscribed(master: ScriptedMaster, reason: () => string): Promise<void> {
  await until(() => master.isStreaming(), reason);
  master.push({
    type: "SUBSCRIBED",
    subscribed: { framework_id: { value: "fw-1" }, master_info: { id: master.state.masterId } },
  });
  await until(() => reason() === "subscribed", reason);
}

async function until(isDone: () => boolean, what: () => string): Promise<void> {
  const end = clock.monotonic() + 10_000;
  while (!isDone()) {
    if (clock.monotonic() > end) throw new Error(`never happened: ${what()}`);
    await sleep(clock, 10);
  }
}

describe("a master behind TLS", () => {
  it("is subscribed to when its authority is known, with credentials on every call", async () => {
    const { master, url } = await secured();
    const authorization = BASIC;
    const { driver, reason } = connect(url, { authorization, tls: { ca: authority.certificate } });
    await subscribed(master, reason);
    await driver.revive();
    await until(() => master.callsOf("GET_TASKS").length > 0, reason);
    const calls = [...master.subscribes, ...master.calls];
    expect(new Set(calls.map(({ headers }) => headers.authorization))).toEqual(new Set([authorization]));
    expect(calls.length).toBeGreaterThan(3);
  });

  it("takes the name that is said when the address is no name of it", async () => {
    const { master, url } = await secured({ hosts: ["mesos.rack"] });
    const { reason } = connect(url, { tls: { ca: authority.certificate, serverName: "mesos.rack" } });
    await subscribed(master, reason);
  });

  it("sees our certificate when it asks for one", async () => {
    const { master, url } = await secured({
      tls: { requestCert: true, rejectUnauthorized: true, ca: authority.certificate },
    });
    const { certificate, key } = client;
    const { reason } = connect(url, { tls: { ca: authority.certificate, certificate, key } });
    await subscribed(master, reason);
  });

  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const refused: readonly {
    readonly why: string;
    readonly server: Parameters<typeof secured>[0];
    readonly says: RegExp;
  }[] = [
    { why: "its name is another", server: { hosts: ["other.rack"] }, says: /does not match certificate|altnames/i },
    { why: "its certificate has expired", server: { validity: PAST }, says: /certificate has expired/ },
    {
      why: "it asks for a certificate that we have not",
      server: { tls: { requestCert: true, rejectUnauthorized: true } },
      // undici says no more of what TLS 1.3 tells after the handshake
      says: /certificate required|alert|ECONNRESET|socket|other side closed/i,
    },
  ];

  it.each(refused)("$why: it is not", async ({ server, says }) => {
    const { master, url } = await secured(server);
    const { reason } = connect(url, { tls: { ca: authority.certificate } });
    await until(() => says.test(reason()), reason);
    expect(master.subscribes).toEqual([]);
  });

  it.each([
    ["a stranger's authority", () => stranger.certificate, /certificate|issuer/],
    ["no authority but the system's", () => undefined, /certificate|issuer/],
    ["an authority that is none", () => broken, /./],
  ])("is not trusted with %s", async (_name, ca, says) => {
    const { master, url } = await secured();
    const found = ca();
    const { reason } = connect(url, { tls: found === undefined ? {} : { ca: found } });
    await until(() => says.test(reason()) && reason() !== "not connected yet", reason);
    await sleep(clock, 300);
    expect(master.subscribes).toEqual([]);
    expect(reason()).not.toContain(stranger.key.slice(40, 80));
  });

  it("that redirects by https is followed with credentials, by http it is not", async () => {
    const authorization = BASIC;
    const [first, leader] = [await secured(), await secured()];
    first.master.state.intercept = () =>
      textResponse(307, "", { location: `${leader.url.slice(6)}/master/api/v1/scheduler` });
    const { reason } = connect(first.url, { authorization, tls: { ca: authority.certificate } }, leader.url);
    await subscribed(leader.master, reason);
    expect(first.master.subscribes.length).toBe(1);
    expect(leader.master.subscribes[0]?.headers.authorization).toBe(authorization);

    const plain = scriptedMaster();
    const server = await serve(plain.handler, { host: "127.0.0.1", port: 0 });
    closing.push(() => server.close());
    const other = await secured();
    const location = `http://127.0.0.1:${server.port}/master/api/v1/scheduler`;
    other.master.state.intercept = () => textResponse(307, "", { location });
    const downgraded = connect(other.url, { authorization, tls: { ca: authority.certificate } });
    await until(() => downgraded.reason().includes("which is not https: not followed"), downgraded.reason);
    expect(plain.subscribes).toEqual([]);
  });
}, 30_000);
