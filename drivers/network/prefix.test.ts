import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contains,
  formatIpv4,
  formatIpv4Prefix,
  formatMask,
  parseIpv4,
  parseIpv4Prefix,
  parseMask,
  prefixAround,
} from "./prefix.js";

const address = fc.integer({ min: 0, max: 0xffffffff });
const length = fc.integer({ min: 0, max: 32 });

describe("IPv4 prefixes", () => {
  it("survive writing and reading", () => {
    fc.assert(
      fc.property(address, length, (bits, size) => {
        const prefix = prefixAround(bits, size);
        expect(parseIpv4Prefix(formatIpv4Prefix(prefix))).toEqual(prefix);
        expect(contains(prefix, bits)).toBe(true);
        expect(parseMask(formatMask(size))).toBe(size);
        expect(parseIpv4(formatIpv4(bits))).toBe(bits);
      }),
    );
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/24",
    "1.2.3.0/24/1",
    "01.2.3.0/24",
    "256.0.0.0/8",
    "::/0",
    "a/b",
  ])("refuse %s", (text) => expect(parseIpv4Prefix(text)).toBeUndefined());

  it.each(["255.0.255.0", "1.2.3.4", "x"])("refuse the mask %s", (text) => expect(parseMask(text)).toBeUndefined());
});
