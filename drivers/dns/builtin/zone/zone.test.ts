import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DnsEntry, dnsKey } from "../../driver.js";
import { entry } from "../testing/server.js";
import { offersOf } from "./names.js";
import { createZone, type Zone } from "./zone.js";

const ports = [
  { name: "http", port: 80, protocol: "TCP" as const },
  { name: "dns", port: 53, protocol: "UDP" as const },
  { name: "", port: 1, protocol: "TCP" as const },
];

describe("what an entry is found by", () => {
  const told = (parts: Partial<DnsEntry>) =>
    offersOf(entry(parts)).map((offer) => (offer.type === "port" ? `${offer.name}:${offer.port}` : offer.name));

  it.each([
    [
      "its name, its port under both protocols when nothing tells which it has",
      { port: 8080 },
      ["web", "web:8080", "_web._tcp:8080", "_web._udp:8080"],
    ],
    [
      "ports by protocol and by name, where they have one",
      { ports },
      ["web", "web:80", "_web._tcp:80", "_web._udp:53", "_http._tcp.web:80", "_dns._udp.web:53"],
    ],
    ["only its name without a port", { port: undefined as never, ports: [] }, ["web"]],
    [
      "its tags that can stand in a name",
      { port: undefined as never, tags: ["Blue", "not one", "tcp", "x".repeat(64)] },
      ["web", "blue.web", "tcp.web"],
    ],
    [
      "its tags before ports",
      { tags: ["blue"] },
      ["web", "web:80", "_web._tcp:80", "_web._udp:80", "blue.web", "blue.web:80", "_web._blue:80"],
    ],
    ["lower case", { name: "WEB", port: undefined as never }, ["web"]],
    ["nothing where the address is none", { address: "10.0.0" }, []],
    ["nothing where the name is none", { name: "a..b" }, []],
    [
      "no more than fits: one underscore more is too long",
      { name: "x".repeat(63) },
      ["x".repeat(63), `${"x".repeat(63)}:80`],
    ],
  ])("is %s", (_, parts, expected) => {
    expect(told(parts)).toEqual(expected);
  });
});

/** Everything that can be asked of a zone. */
function seen(zone: Zone, names: readonly string[]) {
  return {
    entries: [...zone.entries()].sort(),
    names: [...zone.names()].sort(),
    found: names.map((name) => {
      const { addresses = [], ports: offered = [] } = zone.at(name) ?? {};
      return [
        addresses.map(dnsKey).sort(),
        offered.map((one) => `${dnsKey(one.entry)} ${one.port}`).sort(),
        zone.hasBelow(name),
      ];
    }),
    addresses: ["10.0.0.1", "10.0.0.2"].map((address) => zone.withAddress(address).map(dnsKey).sort()),
  };
}

describe("a zone", () => {
  const name = fc.constantFrom("web", "a.web", "_web._tcp", "blue.web", "db");
  const change = fc.record({
    name,
    id: fc.constantFrom("one", "two"),
    address: fc.constantFrom("10.0.0.1", "10.0.0.2"),
    port: fc.constantFrom(80, 81),
    tags: fc.subarray(["blue", "a"]),
    isRemoval: fc.boolean(),
  });

  it("is after any changes what one is that was made of what is left", () => {
    const names = ["web", "a.web", "_web._tcp", "_tcp", "blue.web", "a.blue.web", "_db._blue", "_blue", "db", "nobody"];
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const zone = createZone();
        const left = new Map<string, DnsEntry>();
        for (const { isRemoval, ...parts } of changes) {
          const one = entry(parts);
          if (isRemoval) {
            zone.delete(dnsKey(one));
            left.delete(dnsKey(one));
          } else {
            zone.set(one);
            left.set(dnsKey(one), one);
          }
        }
        const anew = createZone();
        for (const one of left.values()) anew.set(one);
        expect(seen(zone, names)).toEqual(seen(anew, names));
      }),
    );
  });

  it("gives a snapshot that later changes leave alone, and the same one while there are none", () => {
    const zone = createZone();
    zone.set(entry());
    const before = zone.entries();
    expect(zone.entries()).toBe(before);
    zone.delete("web/web-1");
    expect([before.size, zone.entries().size]).toEqual([1, 0]);
  });

  it("changes a zone of 20,000 entries as quickly as a small one", () => {
    const zone = createZone();
    for (let id = 0; id < 20_000; id += 1) zone.set(entry({ id: String(id), name: `n${id % 100}` }));
    for (let id = 0; id < 20_000; id += 1) zone.delete(`n${id % 100}/${id}`);
    expect([zone.entries().size, [...zone.names()], zone.hasBelow("_tcp")]).toEqual([0, [], false]);
  });
});
