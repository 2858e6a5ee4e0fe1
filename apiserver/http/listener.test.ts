import { mkdtemp, rm, stat } from "node:fs/promises";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { ensurePki, type Pki } from "../pki/ensure-pki.js";
import { writeKubeconfig } from "../pki/kubeconfig.js";
import type { ApiHandler } from "./contract.js";
import { type Listener, listen } from "./listener.js";

const directories: string[] = [];
const listeners: Listener[] = [];

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "rackwright-pki-"));
  directories.push(directory);
  return directory;
}

const echo: ApiHandler = async (request, identity) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: Buffer.from(
    JSON.stringify({ method: request.method, url: request.url, size: request.body?.length ?? 0, identity }),
  ),
});

async function start(handle: ApiHandler): Promise<{ readonly listener: Listener; readonly pki: Pki }> {
  const pki = await ensurePki({
    directory: await temporary(),
    hosts: ["127.0.0.1", "localhost"],
    clock: systemClock(),
  });
  const listener = await listen({
    handle,
    host: "127.0.0.1",
    port: 0,
    key: pki.server.key,
    certificate: pki.server.certificate,
    clientAuthority: pki.authority,
    log: silentLogger,
  });
  listeners.push(listener);
  return { listener, pki };
}

interface Options {
  readonly client?: Pki["admin"];
  readonly method?: string;
  readonly body?: Uint8Array;
}

function over1(
  url: string,
  pki: Pki,
  { client, method = "GET", body }: Options = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const tls = {
      ca: pki.authority,
      agent: false as const,
      ...(client && { cert: client.certificate, key: client.key }),
    };
    const request = httpsRequest(url, { method, ...tls }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function session(url: string, pki: Pki): ClientHttp2Session {
  return connect(url, { ca: pki.authority, cert: pki.admin.certificate, key: pki.admin.key });
}

describe("listener", () => {
  it("knows a caller by its client certificate, over HTTP/1.1", async () => {
    const { listener, pki } = await start(echo);
    const answer = await over1(`${listener.url}/x?y=1`, pki, {
      client: pki.admin,
      method: "POST",
      body: Buffer.from("abc"),
    });
    expect(JSON.parse(answer.body)).toEqual({
      method: "POST",
      url: "/x?y=1",
      size: 3,
      identity: { user: "rackwright-admin", groups: ["system:masters"] },
    });
  });

  it("gives a caller without a certificate, or with one of another authority, no identity", async () => {
    const { listener, pki } = await start(echo);
    const other = await ensurePki({ directory: await temporary(), hosts: ["127.0.0.1"], clock: systemClock() });
    expect(JSON.parse((await over1(listener.url, pki)).body).identity).toBeUndefined();
    expect(JSON.parse((await over1(listener.url, pki, { client: other.admin })).body).identity).toBeUndefined();
  });

  it("refuses a body above 3 MiB with a Status", async () => {
    const { listener, pki } = await start(echo);
    const answer = await over1(listener.url, pki, {
      client: pki.admin,
      method: "POST",
      body: Buffer.alloc(3 * 1024 * 1024 + 1),
    });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ kind: "Status", reason: "RequestEntityTooLarge" });
  });

  it("sends the head of a stream before its first chunk, and ends the stream when the client goes", async () => {
    let isAborted = false;
    const silent: ApiHandler = async (request) => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: {
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve) => {
              request.signal?.addEventListener("abort", () => {
                isAborted = true;
                resolve({ done: true, value: undefined });
              });
            }),
        }),
      },
    });
    const { listener, pki } = await start(silent);
    const client = session(listener.url, pki);
    const stream = client.request({ ":path": "/watch" });
    const status = await new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));
    expect(status).toBe(200);
    stream.close();
    await new Promise((resolve) => client.close(() => resolve(undefined)));
    await expect.poll(() => isAborted).toBe(true);
  });

  it("closes although a client holds on to a stream that does not end", async () => {
    const pki = await ensurePki({ directory: await temporary(), hosts: ["127.0.0.1"], clock: systemClock() });
    const clock = virtualClock();
    const endless: ApiHandler = async () => ({
      status: 200,
      headers: {},
      body: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) },
    });
    const { key, certificate } = pki.server;
    const listener = await listen({
      handle: endless,
      host: "127.0.0.1",
      port: 0,
      key,
      certificate,
      clientAuthority: pki.authority,
      log: silentLogger,
      clock,
    });
    const client = session(listener.url, pki);
    client.on("error", () => {});
    const stream = client.request({ ":path": "/watch" });
    stream.on("error", () => {});
    await new Promise((resolve) => stream.once("response", resolve));
    const closing = listener.close();
    await clock.advance(10_000);
    await closing;
    client.destroy();
  });

  it("names the address and the next step when the port is taken", async () => {
    const { listener, pki } = await start(echo);
    const port = Number(new URL(listener.url).port);
    const second = listen({
      handle: echo,
      host: "127.0.0.1",
      port,
      key: pki.server.key,
      certificate: pki.server.certificate,
      clientAuthority: pki.authority,
      log: silentLogger,
    });
    await expect(second).rejects.toThrow(`listening on 127.0.0.1:${port}`);
    await expect(second).rejects.toThrow("stop it or choose another port");
  });
});

describe("certificates", () => {
  it("are made once, kept, and renewed near their end or for new hosts", async () => {
    const directory = await temporary();
    let now = Date.UTC(2026, 0, 1);
    const clock = { ...systemClock(), now: () => now };
    const first = await ensurePki({ directory, hosts: ["127.0.0.1"], clock });
    expect(await ensurePki({ directory, hosts: ["127.0.0.1"], clock })).toEqual(first);
    const wider = await ensurePki({ directory, hosts: ["127.0.0.1", "rack.example"], clock });
    expect(wider.admin).toEqual(first.admin);
    expect(wider.server).not.toEqual(first.server);
    now += 340 * 24 * 60 * 60 * 1000;
    const later = await ensurePki({ directory, hosts: ["127.0.0.1"], clock });
    expect(later.authority).toBe(first.authority);
    expect(later.admin).not.toEqual(first.admin);
  });

  it("are written into a kubeconfig that only its owner can read", async () => {
    const directory = await temporary();
    const pki = await ensurePki({ directory, hosts: ["127.0.0.1"], clock: systemClock() });
    const path = join(directory, "deep", "kubeconfig");
    await writeKubeconfig({ path, server: "https://127.0.0.1:1", authority: pki.authority, client: pki.admin });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "ca.key"))).mode & 0o777).toBe(0o600);
  });
});
