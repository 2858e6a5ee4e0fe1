import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMoreThanAll, isShare, shareOf } from "./share.js";

describe("shareOf", () => {
  it.each<[value: number | string, total: number, count: number]>([
    ["7%", 100, 7],
    ["15%", 100, 15],
    ["0.5%", 1000, 5],
    ["29%", 100, 29],
    ["57%", 100, 57],
    ["1.1%", 1000, 11],
    ["12.5%", 8, 1],
    ["12.5%", 7, 0],
    ["33.333333333%", 3, 0],
    ["33.333333334%", 3, 1],
    ["100%", 100_000, 100_000],
    ["250%", 3, 7],
    ["0%", 9, 0],
    ["00.0%", 9, 0],
    [3, 1, 3],
    ["3", 1, 3],
    [0, 10, 0],
  ])("of %j and %i is %i", (value, total, count) => expect(shareOf(value, total)).toBe(count));

  it("is the greatest whole number that is not more than the percentage says", () => {
    fc.assert(
      fc.property(fc.nat(99_999), fc.nat(3), fc.nat(100_000), (digits, decimals, total) => {
        const text = `${digits}`.padStart(decimals + 1, "0");
        const split = text.length - decimals;
        const value = decimals === 0 ? `${text}%` : `${text.slice(0, split)}.${text.slice(split)}%`;
        const scale = 100 * 10 ** decimals;
        const share = shareOf(value, total);
        expect(share * scale <= digits * total && digits * total < (share + 1) * scale, value).toBe(true);
      }),
    );
  });

  it("grows with the total, never by more than the total does", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(10_000), (percent, total) => {
        const growth = shareOf(`${percent}%`, total + 1) - shareOf(`${percent}%`, total);
        expect(growth === 0 || growth === 1).toBe(true);
      }),
    );
  });

  it("leaves the rest to the other side: what may be missing and what must be there are all", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(10_000), (percent, total) => {
        const floor = Math.ceil(((100 - percent) * total) / 100);
        expect(total - shareOf(`${percent}%`, total)).toBe(floor);
      }),
    );
  });

  it("throws on what is no share", () => {
    expect(() => shareOf("a third", 3)).toThrow(RangeError);
    expect(() => shareOf("10%", 0.5)).toThrow(RangeError);
  });
});

describe("a share", () => {
  it.each([
    "",
    "%",
    "-1%",
    "1,5%",
    ".5%",
    "5.%",
    "1e2%",
    "5 %",
    "+5%",
    "0x1",
    "1.5",
    "-1",
    "9".repeat(1000),
    `${"9".repeat(1000)}%`,
    -1,
    1.5,
    Number.NaN,
  ])("is not %j", (value) => expect(isShare(value)).toBe(false));

  it.each<[value: number | string, isMore: boolean]>([
    ["100%", false],
    ["100.0%", false],
    ["100.000000001%", true],
    ["101%", true],
    [101, false],
    ["junk", false],
  ])("of %j is more than all: %s", (value, isMore) => expect(isMoreThanAll(value)).toBe(isMore));
});
