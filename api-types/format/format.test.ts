import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIpv4, isIpv4, parseIpv4, parseIpv4Prefix } from "./address.js";
import { isDnsLabel, isDnsName, isLabelKey, isLabelValue, isVariableName } from "./names.js";
import { parseTime } from "./time.js";

describe("addresses", () => {
  it("are read as they are written", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatIpv4(parseIpv4(text) ?? -1)).toBe(text);
      }),
    );
  });

  it.each(["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1.2.3.-4", "::1", "1e1.2.3.4"])(
    "%j is none",
    (text) => expect(isIpv4(text)).toBe(false),
  );

  it("have prefixes whose canonical text is a fixed point", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), (address, length) => {
        const canonical = parseIpv4Prefix(`${address}/${length}`)?.canonical ?? "";
        expect(parseIpv4Prefix(canonical)?.canonical).toBe(canonical);
        expect(canonical.endsWith(`/${length}`)).toBe(true);
      }),
    );
  });

  it.each([
    ["10.1.2.3/0", "0.0.0.0/0"],
    ["255.255.255.255/1", "128.0.0.0/1"],
    ["10.250.3.77/24", "10.250.3.0/24"],
    ["10.250.3.77/32", "10.250.3.77/32"],
  ])("%s is %s", (text, canonical) => expect(parseIpv4Prefix(text)?.canonical).toBe(canonical));

  it.each(["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "/8", "10.0.0.0/8/8", "a/8"])(
    "%j is no prefix",
    (text) => expect(parseIpv4Prefix(text)).toBeUndefined(),
  );
});

describe("names", () => {
  it.each<[string, (text: string) => boolean, readonly string[], readonly string[]]>([
    [
      "labels",
      isDnsLabel,
      ["a", "a-1", "9a", "a".repeat(63)],
      ["", "-a", "a-", "A", "a.b", "a_b", "a".repeat(64), "ä"],
    ],
    [
      "DNS names",
      isDnsName,
      ["a", "a.b", "_dns._udp.a"],
      ["", ".", "a..b", "a.", "__a", "A.b", `${"a.".repeat(127)}a`],
    ],
    ["variables", isVariableName, ["A", "MASTER_IP", "A1"], ["", "a", "_A", "1A", "A-B"]],
    ["label keys", isLabelKey, ["a", "a.b/C_d", "A"], ["", "a/", "/a", "a b", "a/b/c", "A/b"]],
    ["label values", isLabelValue, ["", "a", "A.b_c-d"], ["-a", "a b", "a".repeat(64)]],
  ])("%s", (...[, isName, good, bad]) => {
    expect(good.filter((text) => !isName(text))).toEqual([]);
    expect(bad.filter(isName)).toEqual([]);
  });

  it("are judged in a time that does not explode", () => {
    expect(isDnsLabel(`${"a-".repeat(30)}_`)).toBe(false);
    expect(isLabelValue(`${"a.".repeat(100_000)}!`)).toBe(false);
  });
});

describe("parseTime", () => {
  it.each([
    ["1970-01-01T00:00:01Z", 1000],
    ["1970-01-01T01:00:00.5+01:00", 500],
    ["1970-01-01T00:00:00.123456Z", 123],
  ])("reads %s", (text, ms) => expect(parseTime(text)).toBe(ms));

  it.each(["", "now", "1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "1 Jan 1970"])(
    "refuses %j",
    (text) => expect(parseTime(text)).toBeUndefined(),
  );
});
