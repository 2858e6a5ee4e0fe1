import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressPool, freeAddress, isInPool } from "./pool.js";

const none = () => false;
const taken =
  (...addresses: readonly string[]) =>
  (address: string) =>
    addresses.includes(address);

describe("the next free address", () => {
  const pool = addressPool({ cidr: "10.0.0.0/29", exclude: ["10.0.0.2", "10.0.0.4/31"] });
  it.each([
    ["is not the network's own", none, undefined, "10.0.0.1"],
    ["comes after the last one given", none, "10.0.0.1", "10.0.0.3"],
    ["leaves out what is excluded", none, "10.0.0.3", "10.0.0.6"],
    ["is not the broadcast address, but the first again", none, "10.0.0.6", "10.0.0.1"],
    ["is not one that is taken", taken("10.0.0.1"), undefined, "10.0.0.3"],
    ["goes on from the start", taken("10.0.0.3", "10.0.0.6"), "10.0.0.1", "10.0.0.1"],
    ["is none when all are taken", taken("10.0.0.1", "10.0.0.3", "10.0.0.6"), "10.0.0.3", undefined],
    ["begins anew after one of another range", none, "192.168.0.1", "10.0.0.1"],
  ])("%s", (_, isTaken, after, expected) => expect(freeAddress(pool, isTaken, after)).toBe(expected));

  it("counts what may be given", () => expect(pool.size).toBe(3));
});

describe("what is left out", () => {
  it.each([
    ["nothing", [], 254],
    ["the same twice", ["10.0.0.0/25", "10.0.0.0/26", "10.0.0.5"], 127],
    ["all of it", ["10.0.0.0/24"], 0],
    ["what lies elsewhere", ["10.0.1.0/24", "text"], 254],
    ["the ends, which are never given", ["10.0.0.0", "10.0.0.255"], 254],
  ])("%s", (_, exclude, size) => expect(addressPool({ cidr: "10.0.0.0/24", exclude }).size).toBe(size));

  it("nothing of a prefix that is none", () => {
    expect(freeAddress(addressPool({ cidr: "text" }), none, undefined)).toBeUndefined();
  });
});

it("every address that may be given is given once before one is given again", () => {
  const excluded = fc.array(fc.tuple(fc.nat({ max: 63 }), fc.integer({ min: 28, max: 32 })), { maxLength: 6 });
  fc.assert(
    fc.property(excluded, fc.nat({ max: 63 }), (holes, start) => {
      const exclude = holes.map(([number, length]) => `10.0.0.${number & (0xff << (32 - length))}/${length}`);
      const pool = addressPool({ cidr: "10.0.0.0/26", exclude });
      const given = new Set<string>();
      let last: string | undefined = `10.0.0.${start}`;
      for (;;) {
        last = freeAddress(pool, (address) => given.has(address), last);
        if (last === undefined) break;
        expect(isInPool(pool, last)).toBe(true);
        given.add(last);
      }
      expect(given.size).toBe(pool.size);
    }),
  );
});
