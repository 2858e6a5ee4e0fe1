import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import packet from "dns-packet";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { createConsul } from "./consul.js";
import { replyTo } from "./dns/packet.js";
import { type DnsServer, serveDns } from "./dns-server.js";

const open: DnsServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function consulWith(instances: number) {
  const consul = createConsul({
    clock: virtualClock(),
    random: seededRandom(1),
    log: silentLogger,
    datacenter: "dc1",
    domain: "torc",
  });
  for (let number = 1; number <= instances; number += 1) {
    const service = { ID: `a-${number}`, Service: "a", Address: `10.0.${number >> 8}.${number & 255}`, Port: 53 };
    const body = Buffer.from(JSON.stringify({ Node: "x", Address: "192.0.2.1", Service: service }));
    await consul.handler({ method: "PUT", url: "/v1/catalog/register", headers: {}, body });
  }
  return consul;
}

async function serve(instances: number): Promise<number> {
  const server = await serveDns({ consul: await consulWith(instances), host: "127.0.0.1", port: 0 });
  open.push(server);
  return server.port;
}

function queryOf(type: "A" | "SRV", udpPayloadSize?: number): Buffer {
  const option: packet.Answer = {
    type: "OPT",
    name: ".",
    udpPayloadSize: udpPayloadSize ?? 0,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return packet.encode({
    type: "query",
    id: 7,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: "A.Service.torc", type }],
    additionals: udpPayloadSize === undefined ? [] : [option],
  });
}

async function overUdp(port: number, query: Buffer) {
  const socket = createSocket("udp4");
  socket.send(query, port, "127.0.0.1");
  const [reply] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return { ...packet.decode(reply), bytes: reply.length };
}

async function overTcp(port: number, query: Buffer) {
  const socket = connect({ host: "127.0.0.1", port });
  // one byte first: framing must not depend on segments
  const framed = Buffer.concat([Buffer.from([0, query.length]), query]);
  socket.write(framed.subarray(0, 1));
  setImmediate(() => socket.write(framed.subarray(1)));
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
  }
  socket.destroy();
  return packet.decode(received.subarray(2));
}

describe("serveDns", () => {
  it("answers over UDP in the question's own letters", async () => {
    const reply = await overUdp(await serve(2), queryOf("A"));
    expect(reply).toMatchObject({ id: 7, rcode: "NOERROR", flag_aa: true, flag_rd: true, flag_tc: false });
    expect(reply.answers?.map((record) => record.name)).toEqual(["A.Service.torc", "A.Service.torc"]);
  });

  it.each([
    ["512 bytes without EDNS", undefined, 512],
    ["the client's size with EDNS", 1232, 1232],
    ["4096 bytes at most", 65_535, 4096],
  ])("truncates to %s, and says so", async (_name, size, limit) => {
    const reply = await overUdp(await serve(300), queryOf("A", size));
    expect(reply.bytes).toBeLessThanOrEqual(limit);
    expect(reply.bytes).toBeGreaterThan(limit * 0.8);
    expect(reply.flag_tc).toBe(true);
    expect(reply.answers?.length).toBeGreaterThan(0);
  });

  it("leaves out additional records before answers, which needs no TC bit", async () => {
    const reply = await overUdp(await serve(8), queryOf("SRV"));
    expect(reply.flag_tc).toBe(false);
    expect([reply.answers?.length, reply.additionals?.length]).toEqual([8, 0]);
  });

  it("answers everything over TCP", async () => {
    const reply = await overTcp(await serve(300), queryOf("A"));
    expect(reply.answers).toHaveLength(300);
  });

  it("closes a connection that says nothing for ten seconds", async () => {
    const clock = virtualClock();
    const server = await serveDns({ consul: await consulWith(1), host: "127.0.0.1", port: 0, clock });
    open.push(server);
    const socket = connect({ host: "127.0.0.1", port: server.port });
    socket.resume();
    await once(socket, "connect");
    let isClosed = false;
    socket.once("close", () => {
      isClosed = true;
    });
    // the server learns of the connection some turns later
    for (let turn = 0; turn < 10_000 && !isClosed; turn += 1) await clock.advance(100);
    expect(isClosed).toBe(true);
  });

  it("names the address that is in use", async () => {
    const port = await serve(1);
    const consul = await consulWith(1);
    await expect(serveDns({ consul, host: "127.0.0.1", port })).rejects.toThrow(`127.0.0.1:${port} is in use`);
    // and when only UDP is taken
    const socket = createSocket("udp4");
    socket.bind({ address: "127.0.0.1", port: 0 });
    await once(socket, "listening");
    const taken = socket.address().port;
    await expect(serveDns({ consul, host: "127.0.0.1", port: taken })).rejects.toThrow(`127.0.0.1:${taken} is in use`);
    socket.close();
  });

  it("survives any bytes", async () => {
    const consul = await consulWith(3);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(80), (noise, at) => {
        const query = Uint8Array.from(queryOf("A", 1232));
        query.set(noise.slice(0, Math.max(0, query.length - at)), Math.min(at, query.length));
        for (const bytes of [noise, query]) replyTo(bytes, consul.answer, "udp");
      }),
      { numRuns: 2000 },
    );
  });
});
