import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import type { DnsEntry } from "../../driver.js";
import type { NameServerSettings } from "../../name-server.js";
import { inProcessMessages } from "../network/in-process.js";
import { ask, linesOf, summaryOf } from "../testing/ask.js";
import { entry, startServer } from "../testing/server.js";

const WEB = [
  entry({ ports: [{ name: "http", port: 80, protocol: "TCP" }], tags: ["blue"] }),
  entry({ id: "web-2", address: "10.0.0.2", port: 8080, tags: ["green", "not a label!"] }),
  entry({ name: "web-1", id: "web-1", ttlSeconds: 5 }),
  entry({ name: "deep.er", id: "d", address: "10.0.0.9", port: undefined as never }),
];

async function open(entries: readonly DnsEntry[] = WEB, settings: Partial<NameServerSettings> = {}) {
  const network = inProcessMessages();
  await startServer(network, virtualClock(), { entries, settings });
  return { network };
}

type Row = readonly [title: string, name: string, type: string, summary: string, answers: readonly string[]];

const SRV_1 = "SRV 1 1 80 0a000001.addr.service.torc";
const SRV_2 = "SRV 1 1 8080 0a000002.addr.service.torc";
const SOA = "service.torc 30 SOA service.torc hostmaster.service.torc 1767225600 60 10 86400 1";

const ROWS: readonly Row[] = [
  [
    "all addresses of a name",
    "web.service.torc",
    "A",
    "NOERROR aa",
    ["web.service.torc 30 A 10.0.0.1", "web.service.torc 30 A 10.0.0.2"],
  ],
  [
    "an instance's own name, with its own time to live",
    "web-1.service.torc",
    "A",
    "NOERROR aa",
    ["web-1.service.torc 5 A 10.0.0.1"],
  ],
  ["whatever the case of the letters", "WEB-1.Service.TORC", "A", "NOERROR aa", ["WEB-1.Service.TORC 5 A 10.0.0.1"]],
  [
    "the first port of each",
    "web.service.torc",
    "SRV",
    "NOERROR aa",
    [`web.service.torc 30 ${SRV_1}`, `web.service.torc 30 ${SRV_2}`],
  ],
  [
    "RFC 2782: a name and a protocol; ports whose protocol is not known count for both",
    "_web._udp.service.torc",
    "SRV",
    "NOERROR aa",
    [`_web._udp.service.torc 30 ${SRV_2}`],
  ],
  [
    "a port by its name",
    "_http._tcp.web.service.torc",
    "SRV",
    "NOERROR aa",
    [`_http._tcp.web.service.torc 30 ${SRV_1}`],
  ],
  ["those with a tag", "blue.web.service.torc", "A", "NOERROR aa", ["blue.web.service.torc 30 A 10.0.0.1"]],
  [
    "those with a tag, as RFC 2782 names are written",
    "_web._green.service.torc",
    "SRV",
    "NOERROR aa",
    [`_web._green.service.torc 30 ${SRV_2}`],
  ],
  [
    "the target of an SRV answer",
    "0a000002.addr.service.torc",
    "A",
    "NOERROR aa",
    ["0a000002.addr.service.torc 30 A 10.0.0.2"],
  ],
  ["no IPv6 address, but no denial of the name", "web.service.torc", "AAAA", "NOERROR aa", []],
  ["no text either", "web.service.torc", "TXT", "NOERROR aa", []],
  ["no port of what has none", "deep.er.service.torc", "SRV", "NOERROR aa", []],
  ["a name that only longer names end in", "er.service.torc", "A", "NOERROR aa", []],
  ["what resolvers ask on the way to an SRV name", "_tcp.service.torc", "A", "NOERROR aa", []],
  ["the same for a tag", "_green.service.torc", "NS", "NOERROR aa", []],
  ["what lies before addresses", "addr.service.torc", "A", "NOERROR aa", []],
  ["a name that is not there", "nobody.service.torc", "A", "NXDOMAIN aa", []],
  [
    "a port that is not there, which a client would wait for otherwise",
    "_nobody._tcp.service.torc",
    "SRV",
    "NXDOMAIN aa",
    [],
  ],
  ["something below a name", "x.web.service.torc", "A", "NXDOMAIN aa", []],
  ["no address in hexadecimal", "0a0002.addr.service.torc", "A", "NXDOMAIN aa", []],
  ["the start of the zone", "service.torc", "SOA", "NOERROR aa", [SOA]],
  ["its name server", "service.torc", "NS", "NOERROR aa", ["service.torc 30 NS service.torc"]],
  ["that server's address", "service.torc", "A", "NOERROR aa", ["service.torc 30 A 127.0.0.1"]],
  [
    "one kind of record when any will do",
    "web-1.service.torc",
    "ANY",
    "NOERROR aa",
    ["web-1.service.torc 5 A 10.0.0.1"],
  ],
  [
    "whose address it is: the name that fewest share",
    "1.0.0.10.in-addr.arpa",
    "PTR",
    "NOERROR aa",
    ["1.0.0.10.in-addr.arpa 5 PTR web-1.service.torc"],
  ],
  ["nothing about other addresses", "1.2.3.10.in-addr.arpa", "PTR", "REFUSED", []],
  ["nothing about other names", "www.example.org", "A", "REFUSED", []],
  ["nothing about a name that only ends alike", "badservice.torc", "A", "REFUSED", []],
  ["nothing about the root", ".", "NS", "REFUSED", []],
  ["no transfer over UDP", "service.torc", "AXFR", "REFUSED", []],
];

describe("the built-in name server answers", () => {
  for (const [title, name, type, summary, answers] of ROWS) {
    it(title, async () => {
      const reply = await ask(name, type, await open());
      expect([summaryOf(reply), linesOf(reply.answers)]).toEqual([summary, [...answers].sort()]);
    });
  }

  it("a denial with how long it may be remembered: one second", async () => {
    const reply = await ask("nobody.service.torc", "A", await open());
    expect(linesOf(reply.authorities)).toEqual([SOA.replace(" 30 ", " 1 ")]);
  });

  it("addresses beside ports, so that one question is enough", async () => {
    const reply = await ask("web.service.torc", "SRV", await open());
    expect(linesOf(reply.additionals)).toEqual([
      "0a000001.addr.service.torc 30 A 10.0.0.1",
      "0a000002.addr.service.torc 30 A 10.0.0.2",
    ]);
  });

  it("in every order", async () => {
    const { network } = await open();
    const orders = new Set<string>();
    for (let asked = 0; asked < 40; asked += 1) {
      const { answers = [] } = await ask("web.service.torc", "A", { network });
      orders.add(answers.map((answer) => "data" in answer && answer.data).join());
    }
    expect(orders.size).toBe(2);
  });

  it("one time to live for all addresses of a name: the shortest", async () => {
    const reply = await ask(
      "web.service.torc",
      "A",
      await open([entry({ ttlSeconds: 7 }), entry({ id: "b", address: "10.0.0.7" })]),
    );
    expect(linesOf(reply.answers)).toEqual(["web.service.torc 7 A 10.0.0.1", "web.service.torc 7 A 10.0.0.7"]);
  });

  it("I13 a name with those who have it, not with those whose tag makes it up", async () => {
    const named = await open([entry({ tags: ["blue"] }), entry({ name: "blue.web", id: "own", address: "10.0.0.3" })]);
    expect(linesOf((await ask("blue.web.service.torc", "A", named)).answers)).toEqual([
      "blue.web.service.torc 30 A 10.0.0.3",
    ]);
  });

  it("a name with underscores that a record has, before what is made up from others", async () => {
    const named = await open([entry(), entry({ name: "_web._tcp", id: "own", address: "10.0.0.3", port: 99 })]);
    expect(linesOf((await ask("_web._tcp.service.torc", "SRV", named)).answers)).toEqual([
      "_web._tcp.service.torc 30 SRV 1 1 99 0a000003.addr.service.torc",
    ]);
  });

  it("no address as its own when it listens on all", async () => {
    const network = inProcessMessages();
    await startServer(network, virtualClock(), { settings: { listen: "0.0.0.0:5300" } });
    const message = {
      server: { host: "0.0.0.0", port: 5300 },
      transport: "udp",
      timeoutMs: 1,
      isAnswer: () => true,
    } as const;
    const toLoopback = {
      ...network,
      ask: (request: Parameters<typeof network.ask>[0]) => network.ask({ ...request, ...message }),
    };
    const reply = await ask("service.torc", "A", { network: toLoopback });
    expect([summaryOf(reply), reply.answers]).toEqual(["NOERROR aa", []]);
  });
});
