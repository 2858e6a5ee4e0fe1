import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { inProcessMessages } from "./network/in-process.js";
import { ask, linesOf, questionBytes, summaryOf } from "./testing/ask.js";
import { emptyServer, entry, startServer } from "./testing/server.js";

const MANY = Array.from({ length: 300 }, (_, number) =>
  entry({ id: `web-${number}`, address: `10.0.${number >> 8}.${number & 255}`, ttlSeconds: 1 }),
);
const EDNS = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
} as const;

async function open(options: Parameters<typeof startServer>[2] = { entries: MANY }) {
  const network = inProcessMessages();
  const server = await startServer(network, virtualClock(), options);
  return { network, server };
}

/** What comes back for raw bytes. */
async function send(
  network: ReturnType<typeof inProcessMessages>,
  message: Uint8Array,
): Promise<Uint8Array | undefined> {
  const server = { host: "127.0.0.1", port: 5300 };
  return network.ask({ server, transport: "udp", message, timeoutMs: 1, isAnswer: () => true }).catch(() => undefined);
}

describe("replies of the built-in name server", () => {
  it.each([
    ["512 bytes without EDNS", {}, 512],
    ["what EDNS says", { additionals: [EDNS] }, 1232],
    ["at most 4096 bytes", { additionals: [{ ...EDNS, udpPayloadSize: 65_535 }] }, 4096],
    ["at least 512 bytes", { additionals: [{ ...EDNS, udpPayloadSize: 12 }] }, 512],
  ])("take %s, nearly fill them, and say that they are cut", async (_, packet, bytesMax) => {
    const { network } = await open();
    const message = questionBytes("web.service.torc", "A", packet as never); // OPT as dns-packet takes it
    const reply = await send(network, message);
    expect(reply?.length).toBeLessThanOrEqual(bytesMax);
    expect(reply?.length).toBeGreaterThan(bytesMax - 30);
    const read = await ask("web.service.torc", "A", { network, packet: packet as never });
    expect(summaryOf(read)).toBe("NOERROR aa tc");
    expect(read.additionals?.length).toBe("additionals" in packet ? 1 : 0);
  });

  it("are whole over TCP, names written once: sixteen bytes for each address", async () => {
    const { network } = await open();
    const read = await ask("web.service.torc", "A", { network, transport: "tcp" });
    expect([summaryOf(read), read.answers?.length]).toEqual(["NOERROR aa", 300]);
    const message = questionBytes("web.service.torc", "A");
    const server = { host: "127.0.0.1", port: 5300 };
    const reply = await network.ask({ server, transport: "tcp", message, timeoutMs: 1, isAnswer: () => true });
    expect(reply.length).toBe(message.length + 300 * 16);
  });

  it("leave out the addresses beside ports before any port", async () => {
    const { network } = await open({ entries: MANY.slice(0, 12) });
    const read = await ask("web.service.torc", "SRV", { network });
    expect([summaryOf(read), read.answers?.length]).toEqual(["NOERROR aa tc", 10]);
    expect(read.additionals).toEqual([]);
    const few = await open({ entries: MANY.slice(0, 9) });
    const whole = await ask("web.service.torc", "SRV", few);
    expect([summaryOf(whole), whole.answers?.length]).toEqual(["NOERROR aa", 9]);
    expect(whole.additionals?.length).toBeLessThan(9);
  });

  it("fail while it is not known what is stored", async () => {
    const network = inProcessMessages();
    emptyServer(network, virtualClock());
    expect(summaryOf(await ask("web.service.torc", "A", { network }))).toBe("SERVFAIL");
  });

  it.each([
    ["other classes", { questions: [{ name: "web.service.torc", type: "A", class: "CH" }] }, "REFUSED"],
    ["two questions", { questions: [1, 2].map(() => ({ name: "a.b", type: "A" })) }, "FORMERR"],
    ["no question", { questions: [] }, "FORMERR"],
    ["a notification", { flags: 4 << 11 }, "NOTIMP"],
    ["an update", { flags: 5 << 11 }, "NOTIMP"],
    ["a later EDNS", { additionals: [{ ...EDNS, ednsVersion: 1 }] }, "NOERROR"],
  ])("refuse %s", async (_, packet, rcode) => {
    const { network } = await open();
    const read = await ask("web.service.torc", "A", { network, packet: packet as never }); // hostile on purpose
    expect(summaryOf(read)).toBe(rcode);
    // BADVERS has its upper bits in the option
    const option = read.additionals?.[0];
    expect(option?.type === "OPT" && "extendedRcode" in option && option.extendedRcode).toBe(
      rcode === "NOERROR" ? 1 : false,
    );
  });

  it("are not given to replies, so that no two servers talk for ever", async () => {
    const { network } = await open();
    expect(await send(network, questionBytes("web.service.torc", "A", { type: "response" }))).toBeUndefined();
  });

  it("are whole messages whatever is asked, cut at every byte, or changed at every byte", async () => {
    const { network } = await open({ entries: MANY.slice(0, 3) });
    const whole = questionBytes("_web._tcp.service.torc", "SRV", { additionals: [EDNS] } as never); // OPT as dns-packet takes it
    const { decode } = await import("dns-packet");
    for (let length = 0; length <= whole.length; length += 1) {
      const reply = await send(network, whole.subarray(0, length));
      if (reply !== undefined) decode(Buffer.from(reply));
      expect(reply === undefined).toBe(length < 4);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, value) => {
        const changed = Uint8Array.from(whole);
        changed[at] = value;
        const reply = await send(network, changed);
        if (reply !== undefined) decode(Buffer.from(reply));
      }),
      { numRuns: 2000 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        const reply = await send(network, bytes);
        if (reply !== undefined) expect(decode(Buffer.from(reply)).type).toBe("response");
      }),
      { numRuns: 2000 },
    );
  });

  it("count by what they say", async () => {
    const { network, server } = await open();
    for (const name of ["web.service.torc", "nobody.service.torc", "example.org"]) await ask(name, "A", { network });
    expect(server.counts).toEqual(["NOERROR", "NXDOMAIN", "REFUSED"]);
  });
});

describe("a transfer of the zone", () => {
  const entries = [entry({ tags: ["blue"] }), entry({ name: "web-1" })];
  const settings = { allowTransfer: ["127.0.0.0/8"] };

  it("has every record between two copies of the start", async () => {
    const { network } = await open({ entries, settings });
    const { answers = [] } = await ask("service.torc", "AXFR", { network, transport: "tcp" });
    expect([answers[0]?.type, answers.at(-1)?.type]).toEqual(["SOA", "SOA"]);
    expect(linesOf(answers.slice(1, -1))).toEqual(
      [
        "service.torc 30 NS service.torc",
        "service.torc 30 A 127.0.0.1",
        "0a000001.addr.service.torc 30 A 10.0.0.1",
        ...["web", "web-1", "blue.web"].flatMap((name) => [
          `${name}.service.torc 30 A 10.0.0.1`,
          `${name}.service.torc 30 SRV 1 1 80 0a000001.addr.service.torc`,
        ]),
        ...["_web._tcp", "_web._udp", "_web._blue", "_web-1._tcp", "_web-1._udp"].map(
          (name) => `${name}.service.torc 30 SRV 1 1 80 0a000001.addr.service.torc`,
        ),
      ].sort(),
    );
  });

  it.each([
    ["to nobody else", { settings: { allowTransfer: ["10.0.0.0/8"] } }, "service.torc", "tcp"],
    ["to nobody when nobody is named", {}, "service.torc", "tcp"],
    ["not over UDP", { settings }, "service.torc", "udp"],
    ["not of a part", { settings }, "web.service.torc", "tcp"],
    ["not of another zone", { settings }, "example.org", "tcp"],
  ] as const)("is given %s", async (...[, options, name, transport]) => {
    const { network } = await open({ entries, ...options });
    for (const type of ["AXFR", "IXFR"]) {
      expect(summaryOf(await ask(name, type, { network, transport }))).toBe("REFUSED");
    }
  });

  it("gets a higher serial with every change, and after a restart", async () => {
    const clock = virtualClock();
    const serialOf = async (network: ReturnType<typeof inProcessMessages>) => {
      const { answers } = await ask("service.torc", "SOA", { network });
      return Number(linesOf(answers)[0]?.split(" ")[5]);
    };
    const network = inProcessMessages();
    const server = await startServer(network, clock, { entries });
    const first = await serialOf(network);
    server.restore("u-1", []);
    const second = await serialOf(network);
    await clock.advance(60_000);
    const again = inProcessMessages();
    await startServer(again, clock, { entries });
    expect(second).toBeGreaterThan(first);
    expect(await serialOf(again)).toBeGreaterThan(second);
  });
});

describe("questions about other names", () => {
  const upstream = { host: "10.9.9.9", port: 53 };

  async function openWith(answers: Readonly<Record<string, (message: Uint8Array) => Promise<Uint8Array | undefined>>>) {
    const network = inProcessMessages();
    const asked: string[] = [];
    for (const [host, answer] of Object.entries(answers)) {
      await network.listen({ host, port: 53 }, async function* (message) {
        asked.push(host);
        const reply = await answer(message);
        if (reply !== undefined) yield reply;
      });
    }
    await startServer(network, virtualClock(), { settings: { resolvers: Object.keys(answers) } });
    return { network, asked };
  }
  const replying = (flags: number) => async (message: Uint8Array) => {
    const reply = Uint8Array.from(message);
    reply[2] = 0x81;
    reply[3] = flags;
    return reply;
  };

  it("are put to the first resolver that answers them", async () => {
    const { network, asked } = await openWith({
      "10.0.0.1": replying(2),
      "10.0.0.2": async () => undefined,
      "10.0.0.3": replying(0x80),
      "10.0.0.4": replying(0x80),
    });
    const read = await ask("example.org", "A", { network });
    expect([read.id, summaryOf(read), asked]).toEqual([4711, "NOERROR ra", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]]);
  });

  it("fail when none of them answers", async () => {
    const { network } = await openWith({ "10.0.0.1": replying(5) });
    expect(summaryOf(await ask("example.org", "A", { network }))).toBe("SERVFAIL ra");
  });

  it("are refused to those who do not ask for it", async () => {
    const { network, asked } = await openWith({ "10.0.0.1": replying(0) });
    expect(summaryOf(await ask("example.org", "A", { network, packet: { flags: 0 } }))).toBe("REFUSED ra");
    expect(asked).toEqual([]);
  });

  it("are put once, however many ask the same at a time", async () => {
    let tell: ((reply: Uint8Array | undefined) => void) | undefined;
    const { network, asked } = await openWith({
      "10.0.0.1": (message) =>
        new Promise((resolve) => {
          tell = () => resolve(replying(0)(message));
        }),
    });
    const replies = [1, 2, 3].map((id) => ask("example.org", "A", { network, packet: { id } }));
    await new Promise((resolve) => setImmediate(resolve));
    tell?.(undefined);
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(asked.length).toBe(1);
  });

  it("take no answer to another question", async () => {
    const { network } = await openWith({
      [upstream.host]: async (message) => {
        const other = await replying(0)(questionBytes("evil.example", "A"));
        other.set(message.subarray(0, 2));
        return other;
      },
    });
    expect(summaryOf(await ask("example.org", "A", { network }))).toBe("SERVFAIL ra");
  });

  it("asked of each other by two servers go round once", async () => {
    const clock = virtualClock();
    const network = inProcessMessages();
    let sent = 0;
    const counting = {
      ...network,
      async ask(request: Parameters<typeof network.ask>[0]) {
        sent += 1;
        const timeout = new Promise<Uint8Array>((_, reject) => {
          clock.schedule(request.timeoutMs, () => reject(new Error("no answer")));
        });
        return Promise.race([network.ask(request), timeout]);
      },
    };
    await startServer(counting, clock, { settings: { resolvers: ["127.0.0.1:5301"] } });
    await startServer(counting, clock, { settings: { listen: "127.0.0.1:5301", resolvers: ["127.0.0.1:5300"] } });
    const reply = ask("example.org", "A", { network });
    await clock.advance(10_000);
    expect(summaryOf(await reply)).toBe("SERVFAIL ra");
    expect(sent).toBe(2);
  });
});
