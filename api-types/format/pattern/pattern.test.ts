import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern, patternFault } from "./pattern.js";

describe("compilePattern", () => {
  it.each<[pattern: string, good: readonly string[], bad: readonly string[]]>([
    ["7", ["7"], ["6", "77", ""]],
    ["rack-[1-3]", ["rack-1", "rack-3"], ["rack-4", "rack-", "xrack-1"]],
    ["a|b|", ["a", "b", ""], ["ab"]],
    ["(?:ab)+c?", ["ab", "ababc"], ["", "abcab"]],
    ["a{2}", ["aa"], ["a", "aaa"]],
    ["a{2,}", ["aa", "aaaa"], ["a"]],
    ["a{1,3}?", ["a", "aaa"], ["", "aaaa"]],
    ["a{0}", [""], ["a"]],
    [".*\\.example\\.org", ["h1.example.org", ".example.org"], ["h1xexample.org"]],
    ["\\[6-7\\]", ["[6-7]"], ["[5-7]", "6"]],
    ["\\{0,1\\}", ["{0,1}"], ["{2,1}"]],
    ["[^a-c\\d]", ["d", "-"], ["a", "5", ""]],
    ["[]a]", ["]", "a"], ["b"]],
    ["[a\\-z]", ["a", "-", "z"], ["b"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["^a$|^b", ["a", "b"], ["ab"]],
    ["(^|x)a", ["a", "xa"], ["ya"]],
    ["\\w+\\s\\W\\S\\D", ["ab !cd"], ["ab !c1"]],
    ["ä.", ["äß", "ä😀"], ["ä"]],
    ["(a*)*b", ["b", "aab"], ["a"]],
  ])("%s", (pattern, good, bad) => {
    const { matches } = compilePattern(pattern);
    expect(good.filter((value) => !matches(value))).toEqual([]);
    expect(bad.filter(matches)).toEqual([]);
  });

  it.each([
    ["(", "a `(` is not closed"],
    [")", "a `)` closes nothing"],
    ["[a", "a `[` is not closed"],
    ["[b-a]", "the range `b-a` is out of order"],
    ["[\\d-z]", "a range needs two characters"],
    ["a**", "nothing before `*` can be repeated"],
    ["*", "nothing before `*` can be repeated"],
    ["a{2,1}", "the numbers of `{2,1}` are out of order"],
    ["{", "a `{` that repeats nothing must be written `\\{`"],
    ["a\\", "a `\\` stands at the end"],
    ["(a)\\1", "back references are not supported"],
    ["\\bword", "`\\b` is not supported"],
    ["(?=a)", "look-around, flags and named groups are not supported: use `(…)` or `(?:…)`"],
    ["(?<n>a)", "look-around, flags and named groups are not supported: use `(…)` or `(?:…)`"],
    ["(a{9999}){9999}", "it is too large: at most 10000 characters, repetitions counted"],
  ])("refuses %s: %s", (pattern, why) => {
    expect(patternFault(pattern)).toBe(why);
    expect(() => compilePattern(pattern)).toThrow(RangeError);
  });

  const piece = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "1", "^", "$");
  const { pattern: patterns } = fc.letrec<{ pattern: string }>((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 4 },
      piece,
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `${a}${b}`),
      fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{0,2}", "{1,}")).map(([a, b]) => `(?:${a})${b}`),
    ),
  }));

  it("agrees with the expressions of JavaScript", () => {
    const values = fc.string({ unit: fc.constantFrom("a", "b", "1"), maxLength: 6 });
    fc.assert(
      fc.property(patterns, fc.array(values, { minLength: 1, maxLength: 10 }), (pattern, candidates) => {
        const expected = new RegExp(`^(?:${pattern})$`, "u");
        const { matches } = compilePattern(pattern);
        for (const value of candidates) expect(matches(value), `${pattern} of ${value}`).toBe(expected.test(value));
      }),
      { numRuns: 500 },
    );
  });

  it("compiles what is empty ever so often in a moment", () => {
    expect(compilePattern(`${"(".repeat(100)}${"){9999}".repeat(100)}`).matches("")).toBe(true);
  });

  it.each(["(a+)+b", "(a|a)*b", "(a*a*a*a*a*)*b", ".*.*.*.*.*b"])("judges %s in a moment", (pattern) => {
    expect(compilePattern(pattern).matches("a".repeat(20_000))).toBe(false);
  });
});
