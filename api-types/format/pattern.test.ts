import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern, patternFault } from "./pattern.js";

describe("compilePattern", () => {
  it.each<[pattern: string, good: readonly string[], bad: readonly string[]]>([
    ["7", ["7"], ["6", "77", ""]],
    ["rack-[1-3]", ["rack-1", "rack-3"], ["rack-4", "rack-", "xrack-1"]],
    ["a|ab|", ["a", "ab", ""], ["b"]],
    ["(?:ab)+c?", ["ab", "ababc"], ["", "abcab"]],
    [".*\\.example\\.org", ["h1.example.org", ".example.org"], ["h1xexample.org"]],
    ["\\[6-7\\]", ["[6-7]"], ["[5-7]", "6"]],
    ["\\{0,1\\}", ["{0,1}"], ["{2,1}"]],
    ["[^a-c\\d]", ["d", "-"], ["a", "5", ""]],
    ["^a$|^b", ["a", "b"], ["ab"]],
    ["(?i)rack", ["rack", "RACK"], ["rock"]],
    ["ä.", ["äß", "ä😀"], ["ä"]],
    ["(a*)*b", ["b", "aab"], ["a"]],
  ])("%s describes whole values", (pattern, good, bad) => {
    const { matches } = compilePattern(pattern);
    expect(good.filter((value) => !matches(value))).toEqual([]);
    expect(bad.filter(matches)).toEqual([]);
  });

  it.each([
    ["(", "missing closing ): ("],
    [")", "unexpected ): )"],
    ["[a", "missing closing ]: [a"],
    ["[b-a]", "invalid character class range: b-a"],
    ["a**", "invalid nested repetition operator: **"],
    ["*", "missing argument to repetition operator: *"],
    ["a{2,1}", "invalid repeat count: {2,1}"],
    ["a\\", "trailing backslash at end of expression"],
    ["(a)\\1", "invalid escape sequence: \\1"],
    ["(?=a)", "invalid or unsupported Perl syntax: (?="],
    ["(a{1000}){1000}", "invalid repeat count: {1000}"],
  ])("refuses %s: %s", (pattern, why) => {
    expect(patternFault(pattern)).toBe(why);
    expect(() => compilePattern(pattern)).toThrow(RangeError);
  });

  it("never throws anything but a RangeError", () => {
    const character = fc.constantFrom(..."ab1.[](){}*+?|^$\\dwpPQEx:<=!-,ä😀\ud800\u0000");
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        const fault = patternFault(text);
        if (fault === undefined) compilePattern(text).matches("ab");
        else expect(fault).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["(a+)+b", "(a|a)*b", "(a*a*a*a*a*)*b", ".*.*.*.*.*b"])("judges %s in a moment", (pattern) => {
    expect(compilePattern(pattern).matches("a".repeat(20_000))).toBe(false);
  });
});
