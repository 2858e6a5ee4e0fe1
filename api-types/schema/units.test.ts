import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDuration, parseDuration } from "./duration.js";
import { isQuantity, parseQuantity } from "./quantity.js";

describe("parseQuantity", () => {
  it.each<[string | number, number]>([
    ["128Mi", 134_217_728],
    ["200m", 0.2],
    ["1024Mi", 1_073_741_824],
    ["0.5", 0.5],
    [".5", 0.5],
    ["2", 2],
    [2, 2],
    ["1e3", 1000],
    ["12E", 12e18],
    ["1k", 1000],
    ["-3", -3],
    ["100n", 1e-7],
    ["1.5Gi", 1_610_612_736],
  ])("reads %s as %d", (text, value) => expect(parseQuantity(text)).toBe(value));

  it.each(["", "Mi", "1 Mi", "1KB", "1mi", "0x10", "1.2.3", "１", "1e", Number.NaN])("refuses %s", (text) => {
    expect(isQuantity(text)).toBe(false);
    expect(() => parseQuantity(text)).toThrow(RangeError);
  });

  it("reads every number that it prints", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        expect(parseQuantity(`${value}m`)).toBe(value / 1000);
      }),
    );
  });
});

describe("parseDuration", () => {
  it.each<[string, number]>([
    ["168h", 604_800_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["300ms", 300],
    ["2us", 0.002],
    ["0", 0],
    ["-5s", -5000],
  ])("reads %s as %d ms", (text, value) => expect(parseDuration(text)).toBe(value));

  it.each(["", "1w", "1d", "5", "h", "1h 30m", "s5", "-", "1h-3m"])("refuses %j", (text) => {
    expect(isDuration(text)).toBe(false);
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  it("adds up its parts", () => {
    fc.assert(
      fc.property(fc.nat(999), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
        expect(parseDuration(`${hours}h${minutes}m${seconds}s`)).toBe(((hours * 60 + minutes) * 60 + seconds) * 1000);
      }),
    );
  });
});
