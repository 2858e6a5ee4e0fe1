import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { decode, encode, RECURSION_DESIRED, streamDecode, streamEncode } from "dns-packet";
import { afterEach, describe, expect, it } from "vitest";
import { commandOf } from "../../simulator/images/catalogue.js";
import { DATAGRAM_OVERHEAD_BYTES, type TelemetryReport } from "../../simulator/images/telemetry.js";
import { QUESTIONS } from "../../simulator/images/zone.js";
import { eventually } from "./product.js";

/** Outside the blocks that simulated racks take. */
const HOST = "127.140.0.1";
const SERVER_PORT = 10053;
const NXDOMAIN = 3;

/** Ended after each test, whatever came of it. */
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe("the DNS server's stand-in", () => {
  it("answers each question of the zone once, and counts bytes as Ethernet would", async () => {
    const agent = await openAgent();
    const server = await startServer("127.140.1.1", agent);
    const client = await openSocket(HOST);
    const replies: Buffer[] = [];
    client.on("message", (message) => replies.push(message));
    const queries = QUESTIONS.map((question, index) =>
      encode({ type: "query", id: index + 1, flags: RECURSION_DESIRED, questions: [question] }),
    );
    for (const query of queries) client.send(query, SERVER_PORT, server.address);
    await eventually(
      () => replies.length,
      (count) => count === queries.length,
    );
    const byId = new Map(replies.map((reply) => [decode(reply).id, decode(reply)]));
    expect(byId.size).toBe(queries.length);
    QUESTIONS.forEach((question, index) => {
      const reply = byId.get(index + 1);
      const isAbsent = question.name.startsWith("nobody");
      expect(reply?.questions?.[0]).toMatchObject(question);
      expect((reply?.flags ?? 0) & 0xf).toBe(isAbsent ? NXDOMAIN : 0);
    });
    const report = await eventually(
      () => agent.report("server"),
      (last) => last?.counters.answers === queries.length && last.netRxBytes === ethernetBytes(queries),
    );
    // the start of the server is watched with a question of this test's own
    expect(report?.netTxBytes).toBe(ethernetBytes(replies));
    expect(agent.packets("server")).toBe(queries.length);
  });

  it("counts what is not DNS, gives it no answer, and goes on", async () => {
    const agent = await openAgent();
    const server = await startServer("127.140.1.2", agent);
    const client = await openSocket(HOST);
    client.send("not a question", SERVER_PORT, server.address);
    client.send(
      encode({ type: "query", id: 7, questions: [{ name: "homer.ave", type: "A" }] }),
      SERVER_PORT,
      server.address,
    );
    const [reply] = await once(client, "message");
    expect(decode(reply).id).toBe(7);
    const report = await eventually(
      () => agent.report("server"),
      (last) => last?.counters.malformed === 1 && last.counters.answers === 1,
    );
    expect(report?.netRxBytes).toBeGreaterThan(2 * DATAGRAM_OVERHEAD_BYTES);
  });

  it("answers over TCP, in pieces as they come", async () => {
    const server = await startServer("127.140.1.3", await openAgent());
    const socket = connect(SERVER_PORT, server.address);
    const query = streamEncode({ type: "query", id: 9, questions: [{ name: "homer.ave", type: "MX" }] });
    await once(socket, "connect");
    socket.write(query.subarray(0, 5));
    await eventually(
      () => socket.bytesWritten,
      (bytes) => bytes === 5,
    );
    socket.write(query.subarray(5));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    expect(streamDecode(Buffer.concat(chunks)).answers?.[0]).toMatchObject({ type: "MX" });
  });

  it("says on stderr that its address is taken, and fails", async () => {
    await startServer("127.140.1.4", await openAgent());
    const second = program("bind9", [], { ADDRESS: "127.140.1.4" });
    const [code] = await once(second, "exit");
    expect(code).not.toBe(0);
  });
});

describe("the load generator's stand-in", () => {
  it("asks two servers half and half, loses nothing, and when one dies counts losses until its next check", async () => {
    const agent = await openAgent();
    const addresses = ["127.140.2.1", "127.140.2.2"] as const;
    const [first, second] = await Promise.all([
      startServer(addresses[0], agent, "first"),
      startServer(addresses[1], agent, "second"),
    ]);
    const resolver = await openResolver(
      new Map([
        ["dns-sl1.service.torc", first.address],
        ["dns-sl2.service.torc", second.address],
      ]),
    );
    startLoad(agent, { resolver, users: 20 });
    const counters = () => agent.report("load")?.counters ?? {};
    const answers = (name: string) => agent.report(name)?.counters.answers ?? 0;

    await eventually(
      () => counters().answered ?? 0,
      (answered) => answered >= 400,
    );
    const total = answers("first") + answers("second");
    expect(answers("first") / total).toBeGreaterThan(0.45);
    expect(answers("first") / total).toBeLessThan(0.55);
    expect(counters().lost ?? 0).toBe(0);
    // each query but the checks was answered, or is on its way
    expect((counters().queries ?? 0) - (counters().answered ?? 0)).toBeLessThanOrEqual(20);

    second.child.kill("SIGKILL");
    await eventually(
      () => counters().lost ?? 0,
      (lost) => lost > 0,
    );
    // a check each 6 s finds it; what was asked before is lost 5 s later at most
    const settled = await eventually(
      async () => {
        const before = counters();
        const enough = (before.answered ?? 0) + 100;
        await eventually(
          () => counters().answered ?? 0,
          (answered) => answered > enough,
        );
        return { before: before.lost, after: counters().lost };
      },
      ({ before, after }) => before === after,
    );
    expect(settled.after).toBeGreaterThan(0);
    const end = counters();
    expect((end.queries ?? 0) - (end.answered ?? 0) - (end.lost ?? 0)).toBeLessThanOrEqual(20);
  });

  it("counts as received what its replies weigh, and nothing as unasked", async () => {
    const agent = await openAgent();
    const server = await startServer("127.140.2.3", agent, "first");
    const resolver = await openResolver(new Map([["dns-sl1.service.torc", server.address]]));
    const load = startLoad(agent, { resolver, users: 5 });
    await eventually(
      () => agent.report("load")?.counters.answered ?? 0,
      (answered) => answered >= 20,
    );
    load.kill("SIGTERM");
    await once(load, "exit");
    // both have told all that they counted, 50 ms after the last datagram
    const [client, name] = [agent.report("load"), agent.report("first")];
    expect(agent.packets("load")).toBe(0);
    const fromResolver = resolver.sentBytes();
    expect(Math.abs((client?.netRxBytes ?? 0) - fromResolver - (name?.netTxBytes ?? 0))).toBeLessThan(1500);
  });

  it("asks nobody while no server is up", async () => {
    const agent = await openAgent();
    const resolver = await openResolver(new Map());
    startLoad(agent, { resolver, users: 5 });
    await eventually(
      () => resolver.asked(),
      (asked) => asked >= 2,
    );
    expect(agent.report("load")?.counters.queries ?? 0).toBe(0);
  });
});

describe("every stand-in", () => {
  it.each(["bind9", "normalload", "influxdb"])("%s ends within a second of SIGTERM, with code 0", async (image) => {
    const agent = await openAgent();
    const child = program(image, [], { ADDRESS: "127.140.3.1", TASK_ID: "it", TELEMETRY: agent.target });
    await eventually(
      () => [agent.report("it"), said.get(child)],
      (seen) => seen.some(Boolean),
    );
    const since = performance.now();
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(performance.now() - since).toBeLessThan(1000);
  });
});

const said = new Map<ChildProcess, string>();

function program(image: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const [command = "", ...rest] = commandOf(image) ?? [];
  const child = spawn(command, [...rest, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: "pipe" });
  child.stdout.on("data", (text) => said.set(child, `${said.get(child) ?? ""}${text}`));
  closers.push(() => {
    child.kill("SIGKILL");
  });
  return child;
}

/** Started, and answering: seen over TCP, which its counters leave out. */
async function startServer(address: string, agent: Agent, name = "server") {
  const child = program("bind9", [], { ADDRESS: address, TASK_ID: name, TELEMETRY: agent.target });
  await eventually(
    () => canConnect(address),
    (isOpen) => isOpen,
  );
  return { address, child };
}

function canConnect(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(SERVER_PORT, address);
    const finish = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.on("connect", () => finish(true));
    socket.on("error", () => finish(false));
  });
}

function startLoad(agent: Agent, { resolver, users }: { resolver: Resolver; users: number }): ChildProcess {
  const args = ["-u", `${users}`, "-m", "100", "-d", "50"];
  const env = { ADDRESS: HOST, TASK_ID: "load", TELEMETRY: agent.target, RESOLVER: resolver.target };
  return program("normalload", args, env);
}

type Agent = Awaited<ReturnType<typeof openAgent>>;

/** Takes the reports of programs, as an agent of the rack does. */
async function openAgent() {
  const socket = await openSocket(HOST);
  const last = new Map<string, TelemetryReport>();
  const packets = new Map<string, number>();
  socket.on("message", (message) => {
    const report: TelemetryReport = JSON.parse(message.toString());
    last.set(report.taskId, report);
    packets.set(report.taskId, (packets.get(report.taskId) ?? 0) + report.received.packets);
  });
  return {
    target: `${HOST}:${socket.address().port}`,
    report: (taskId: string) => last.get(taskId),
    packets: (taskId: string) => packets.get(taskId) ?? 0,
  };
}

type Resolver = Awaited<ReturnType<typeof openResolver>>;

/** Answers for names of the rack, as its catalogue does. */
async function openResolver(names: ReadonlyMap<string, string>) {
  const socket = await openSocket(HOST);
  let asked = 0;
  let sentBytes = 0;
  socket.on("message", (message, peer) => {
    asked += 1;
    const { id = 0, questions = [] } = decode(message);
    const address = names.get(questions[0]?.name ?? "");
    const answers =
      address === undefined ? [] : [{ type: "A" as const, name: questions[0]?.name ?? "", data: address }];
    const reply = encode({ type: "response", id, flags: address === undefined ? NXDOMAIN : 0, questions, answers });
    sentBytes += reply.length + DATAGRAM_OVERHEAD_BYTES;
    socket.send(reply, peer.port, peer.address);
  });
  return { target: `${HOST}:${socket.address().port}`, asked: () => asked, sentBytes: () => sentBytes };
}

async function openSocket(host: string): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, host);
  await once(socket, "listening");
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

function ethernetBytes(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, { length }) => sum + length + DATAGRAM_OVERHEAD_BYTES, 0);
}
