import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Point } from "../driver.js";
import { encodeLines } from "./line-protocol.js";

/** What a server reads in a line: as the scanner of InfluxDB 1.x does, a backslash keeps `,`, `=` and space from their meaning. */
function decodeLine(line: string) {
  const [key = "", fields = "", time = "", ...rest] = split(line, " ");
  const [series = "", ...tags] = split(key, ",");
  const pairs = (texts: readonly string[]) => texts.map((text) => split(text, "=").map(unescaped));
  return {
    parts: rest.length,
    series: unescaped(series),
    tags: Object.fromEntries(pairs(tags)),
    fields: Object.fromEntries(pairs(split(fields, ",")).map(([name, value]) => [name, Number(value)])),
    at: Number(time),
  };
}

function split(text: string, separator: string): string[] {
  const parts = [""];
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? "";
    if (char === "\\" && /[,= ]/.test(text[index + 1] ?? "")) parts.push(`${parts.pop()}\\${text[++index]}`);
    else if (char === separator) parts.push("");
    else parts.push(parts.pop() + char);
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\([,= ])/g, "$1");
}

const point = (overrides: Partial<Point>): Point => ({
  series: "network",
  tags: { hostname: "a" },
  fields: { network_in_bytes: 1 },
  at: 1000,
  ...overrides,
});

describe("encodeLines", () => {
  it("writes series, tags in order, fields and milliseconds", () => {
    const tags = { interface_name: "p2p2", hostname: "bladerunner1", empty: "" };
    const fields = { network_in_bytes: 1.5, network_out_bytes: 0, lost: Number.NaN, endless: Infinity };
    expect(encodeLines([point({ tags, fields, at: 1_795_178_129_250.4 })])).toBe(
      "network,hostname=bladerunner1,interface_name=p2p2 network_in_bytes=1.5,network_out_bytes=0 1795178129250",
    );
  });

  it.each([
    ["a space, a comma and an equals sign", "a b,c=d", "a\\ b\\,c\\=d"],
    ["a quote", 'a"b', 'a"b'],
    ["the end of a line", "a\r\nb", "a__b"],
    ["a backslash inside", "a\\b", "a\\b"],
    ["a backslash at the end", "a\\\\", "a__"],
    ["letters of others", "größe☃", "größe☃"],
    ["the beginning of a comment", "#a", "_a"],
  ])("keeps %s in its place", (_what, name, written) => {
    expect(encodeLines([point({ tags: { hostname: name } })])).toBe(
      `network,hostname=${written} network_in_bytes=1 1000`,
    );
  });

  it("gives no line for a point without a finite value", () => {
    expect(encodeLines([point({ fields: {} }), point({ fields: { a: Number.NaN } }), point({ at: Number.NaN })])).toBe(
      "",
    );
  });

  it("keeps each point one line that reads as it was, whatever its names hold", () => {
    const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const points = fc.array(
      fc.record({
        series: names,
        tags: fc.dictionary(names, names, { maxKeys: 4 }),
        fields: fc.dictionary(names, fc.double({ noNaN: true, noDefaultInfinity: true }), { minKeys: 1, maxKeys: 3 }),
        at: fc.integer({ min: 0, max: 4e12 }),
      }),
    );
    fc.assert(
      fc.property(points, (given) => {
        const text = encodeLines(given);
        const lines = text === "" ? [] : text.split("\n");
        expect(lines).toHaveLength(given.length);
        given.forEach((one, index) => {
          const read = decodeLine(lines[index] ?? "");
          expect(read.parts).toBe(0);
          expect(read.at).toBe(one.at);
          expect(read.series).toBe(writable(one.series));
          for (const [name, value] of Object.entries(one.tags)) expect(read.tags[writable(name)]).toBe(writable(value));
          for (const [name, value] of Object.entries(one.fields))
            expect(read.fields[writable(name)]).toBeCloseTo(value);
        });
      }),
    );
  });
});

/** What the protocol cannot say becomes `_`. */
function writable(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\u007f]/g, "_")
      .replace(/\\+$/, (run) => "_".repeat(run.length))
      .replace(/^#/, "_")
  );
}
