import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { substitute, substituteDeep } from "./substitute.js";

const known: Record<string, string> = { MASTER_IP: "10.250.3.20", A: "$(B)", B: "b", "address:core/dns/1": "10.0.0.9" };
const lookup = (name: string) => known[name];

describe("substitute", () => {
  it.each<[text: string, expected: string, unknown: readonly string[]]>([
    ["http://$(MASTER_IP):5050", "http://10.250.3.20:5050", []],
    ["$(MASTER_IP)$(MASTER_IP)", "10.250.3.2010.250.3.20", []],
    ["$(SERVICE)", "$(SERVICE)", ["SERVICE"]],
    ["$$(MASTER_IP)", "$(MASTER_IP)", []],
    ["$$$(MASTER_IP)", "$$(MASTER_IP)", []],
    ["$(date)", "$(date)", []],
    ["$(date +%s) $HOME $[X] $$ $(", "$(date +%s) $HOME $[X] $$ $(", []],
    ["$(1A) $(_A) $()", "$(1A) $(_A) $()", []],
    ["$(A)", "$(B)", []],
    ["$(address:core/dns/1)", "10.0.0.9", []],
    ["$(address:gone)", "$(address:gone)", ["address:gone"]],
  ])("turns %j into %j", (text, expected, unknown) => {
    expect(substitute(text, lookup)).toEqual({ text: expected, unknown });
  });

  it("leaves text without a dollar sign alone", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll("$", "");
        expect(substitute(plain, lookup)).toEqual({ text: plain, unknown: [] });
      }),
    );
  });
});

describe("substituteDeep", () => {
  it("replaces every string of plain data and lists each unknown name once", () => {
    expect(substituteDeep({ a: ["$(B)", 1, null, { $: "$(X)$(X)" }], "$(B)": true }, lookup)).toEqual({
      value: { a: ["b", 1, null, { $: "$(X)$(X)" }], "$(B)": true },
      unknown: ["X"],
    });
  });

  it("keeps a key called __proto__ as a key", () => {
    const value: unknown = JSON.parse('{"__proto__":"$(B)"}');
    expect(JSON.stringify(substituteDeep(value, lookup).value)).toBe('{"__proto__":"b"}');
  });
});
