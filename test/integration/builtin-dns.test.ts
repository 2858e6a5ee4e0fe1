import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNameServer } from "../../drivers/dns/builtin/name-server.js";
import { socketMessages } from "../../drivers/dns/builtin/network/sockets.js";
import { questionBytes } from "../../drivers/dns/builtin/testing/ask.js";
import { entry } from "../../drivers/dns/builtin/testing/server.js";
import type { DnsEntry } from "../../drivers/dns/driver.js";
import type { NameServer } from "../../drivers/dns/name-server.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { systemRandom } from "../../platform/random.js";
import { freePorts, run } from "../e2e/product/rackctl.js";
import { eventually } from "./product.js";
import { isMissing, programOf } from "./servers.js";

const clock = systemClock();
const MANY = Array.from({ length: 400 }, (_, number) =>
  entry({ name: "many", id: `m-${number}`, address: `10.1.${number >> 8}.${number & 255}` }),
);
const WEB: readonly DnsEntry[] = [
  entry({ ttlSeconds: 5, ports: [{ name: "http", port: 80, protocol: "TCP" }] }),
  entry({ id: "web-2", address: "10.0.0.2", port: 8080, ttlSeconds: 5 }),
];

const open: NameServer[] = [];

async function openServer(entries: readonly DnsEntry[], settings: { domain: string; resolvers?: readonly string[] }) {
  const [port = 0] = await freePorts(1);
  const network = socketMessages(clock);
  const server = createNameServer({ network, clock, random: systemRandom(), log: silentLogger, counted: () => {} });
  open.push(server);
  const listen = `127.0.0.1:${port}`;
  server.configure({ ttlSeconds: 30, listen, allowTransfer: ["127.0.0.1/32"], resolvers: [], ...settings });
  server.restore("u-1", entries);
  server.begin();
  const driver = server.openDriver({ identity: "torc", periodMs: 5000 });
  await eventually(
    () => driver.read("a/b"),
    ({ type }) => type === "absent",
  );
  return { server, driver, port };
}

afterAll(async () => {
  for (const server of open) await server.close();
});

describe.skipIf(isMissing("dig"))("the built-in name server, asked by dig", () => {
  let port: number;
  let front: number;

  /** What dig prints. */
  const dig = async (...args: readonly string[]) => {
    const { stdout } = await run(programOf("dig") ?? "dig", ["@127.0.0.1", "+tries=1", "+time=3", ...args]);
    return stdout;
  };
  const short = async (at: number, ...args: readonly string[]) =>
    (await dig("-p", `${at}`, "+short", ...args)).trim().split("\n").sort();

  beforeAll(async () => {
    ({ port } = await openServer([...WEB, ...MANY], { domain: "service.torc" }));
    ({ port: front } = await openServer([], { domain: "other.torc", resolvers: ["127.0.0.1:1", `127.0.0.1:${port}`] }));
  });

  it("tells addresses", async () => {
    expect(await short(port, "web.service.torc")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(await dig("-p", `${port}`, "web.service.torc")).toMatch(
      /flags: qr aa rd;.*\n[\s\S]*web\.service\.torc\.\s+5\s+IN\s+A/,
    );
  });

  it("tells ports, and whose addresses they are", async () => {
    expect(await short(port, "SRV", "_web._tcp.service.torc")).toEqual([
      "1 1 80 0a000001.addr.service.torc.",
      "1 1 8080 0a000002.addr.service.torc.",
    ]);
    expect(await dig("-p", `${port}`, "SRV", "_http._tcp.web.service.torc")).toMatch(
      /ADDITIONAL SECTION:\n0a000001\.addr\.service\.torc\.\s+5\s+IN\s+A\s+10\.0\.0\.1/,
    );
  });

  it("tells a name from an address", async () => {
    expect(await short(port, "-x", "10.0.0.2")).toEqual(["web.service.torc."]);
  });

  it("tells what does not fit into a datagram over TCP, to which dig turns by itself", async () => {
    expect(await short(port, "many.service.torc")).toHaveLength(400);
    expect(await dig("-p", `${port}`, "+ignore", "many.service.torc")).toContain("flags: qr aa tc rd");
    expect(await short(port, "+tcp", "many.service.torc")).toHaveLength(400);
  });

  it("hands over the zone", async () => {
    const answer = await dig("-p", `${port}`, "axfr", "service.torc");
    expect(answer).toMatch(/XFR size: \d+ records \(messages \d+/);
    expect(answer.match(/many\.service\.torc\.\s+30\s+IN\s+A\s/g)).toHaveLength(400);
    expect(answer.match(/IN\s+SOA/g)).toHaveLength(2);
    expect(answer).not.toContain("failed");
  });

  it("denies with SOA, and tells an unknown name from a known one without such a record", async () => {
    expect(await dig("-p", `${port}`, "nobody.service.torc")).toMatch(/NXDOMAIN[\s\S]*service\.torc\.\s+1\s+IN\s+SOA/);
    expect(await dig("-p", `${port}`, "AAAA", "web.service.torc")).toMatch(/NOERROR[\s\S]*ANSWER: 0, AUTHORITY: 1/);
  });

  it("asks its resolvers about other names, past one that is not there, over UDP and TCP", async () => {
    expect(await short(front, "web.service.torc")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(await short(front, "many.service.torc")).toHaveLength(400);
    expect(await dig("-p", `${front}`, "nobody.service.torc")).toContain("NXDOMAIN");
  });

  it("refuses other names without resolvers", async () => {
    expect(await dig("-p", `${port}`, "www.example.org")).toContain("status: REFUSED");
  });
});

describe("the sockets of the built-in name server", () => {
  const connect = async (port: number): Promise<Socket> => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const framed = (message: Uint8Array) =>
    Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

  it("answer messages of one stream in order, however they are cut", async () => {
    const { port } = await openServer(WEB, { domain: "service.torc" });
    const socket = await connect(port);
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    const asked = [1, 2, 3].map((id) => framed(questionBytes("web.service.torc", "A", { id })));
    for (const byte of Buffer.concat(asked)) {
      socket.write(Buffer.of(byte));
      await sleep(clock, 1);
    }
    const ids = () => {
      const found: number[] = [];
      for (let at = 0; at + 4 <= received.length; at += 2 + received.readUInt16BE(at))
        found.push(received.readUInt16BE(at + 2));
      return found;
    };
    await eventually(ids, (found) => found.length === 3);
    expect(ids()).toEqual([1, 2, 3]);
    socket.destroy();
  });

  it("answer a peer in full that closed its side after the question", async () => {
    const { port } = await openServer(MANY, { domain: "service.torc" });
    const socket = await connect(port);
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.end(framed(questionBytes("service.torc", "AXFR")));
    await once(socket, "close");
    expect(received).toBeGreaterThan(60_000);
  });

  it("end a stream whose message is too long", async () => {
    const { port } = await openServer(WEB, { domain: "service.torc" });
    const socket = await connect(port);
    socket.write(Buffer.from([0xff, 0xff, 0, 0]));
    socket.resume();
    await once(socket, "close");
  });

  it("serve others while 256 streams are open that say nothing, and close those beyond", async () => {
    const { port } = await openServer(WEB, { domain: "service.torc" });
    const silent = await Promise.all(Array.from({ length: 256 }, () => connect(port)));
    const one = await connect(port);
    one.resume();
    await once(one, "close");
    const network = socketMessages(clock);
    const question = {
      server: { host: "127.0.0.1", port },
      message: questionBytes("web.service.torc", "A"),
      timeoutMs: 3000,
      isAnswer: () => true,
    };
    expect((await network.ask({ ...question, transport: "udp" })).length).toBeGreaterThan(12);
    for (const socket of silent) socket.destroy();
    const answered = () =>
      network.ask({ ...question, transport: "tcp" }).then(
        () => true,
        () => false,
      );
    expect(await eventually(answered, Boolean)).toBe(true);
  });

  it("give back their address and end every stream when the server is closed", async () => {
    const { port, server } = await openServer(WEB, { domain: "service.torc" });
    const socket = await connect(port);
    socket.resume();
    const closed = once(socket, "close");
    await server.close();
    await closed;
    const network = socketMessages(clock);
    const listener = await network.listen({ host: "127.0.0.1", port }, async function* () {});
    await expect(network.listen({ host: "127.0.0.1", port }, async function* () {})).rejects.toThrow(
      "is in use by another program or Rack",
    );
    await listener.close();
    await expect(network.listen({ host: "192.0.2.1", port }, async function* () {})).rejects.toThrow(
      "is no address of this machine",
    );
  });

  it("give up on a server that does not answer", async () => {
    const network = socketMessages(clock);
    const [port = 0] = await freePorts(1);
    const message = questionBytes("web.service.torc", "A");
    const request = { server: { host: "127.0.0.1", port }, message, timeoutMs: 200, isAnswer: () => true };
    await expect(network.ask({ ...request, transport: "udp" })).rejects.toThrow(/asking 127\.0\.0\.1:\d+: /);
    await expect(network.ask({ ...request, transport: "tcp" })).rejects.toThrow("ECONNREFUSED");
  });
});
