import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRecord, RecordError, recordDecoder } from "./recordio.js";

const parse = (record: Uint8Array): unknown => JSON.parse(Buffer.from(record).toString("utf8"));

describe("RecordIO", () => {
  it("counts bytes, not characters", () => {
    expect(Buffer.from(encodeRecord("ü😀")).toString("utf8")).toBe('8\n"ü😀"');
  });

  it("gives back every value, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 5 }),
        fc.array(fc.nat(20), { maxLength: 40 }),
        (values, cuts) => {
          const bytes = Buffer.concat(values.map((value) => encodeRecord(value)));
          const decoder = recordDecoder();
          const records: Uint8Array[] = [];
          let at = 0;
          for (const size of [...cuts, bytes.length]) {
            records.push(...decoder.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(records.map((record) => JSON.stringify(parse(record)))).toEqual(
            values.map((value) => JSON.stringify(value)),
          );
          expect(decoder.isInsideRecord()).toBe(false);
        },
      ),
    );
  });

  it.each([
    ["letters for a length", "x1\n{}"],
    ["a negative length", "-1\n{}"],
    ["an empty length", "\n{}"],
    ["a length with white space", " 2\n{}"],
    ["a length of many digits", "99999999999999999999"],
    ["a length above the limit", "2147483648\n"],
    ["a record above the limit", "101\n"],
  ])("refuses %s, and everything after it", (_name, text) => {
    const decoder = recordDecoder(100);
    expect(() => decoder.push(Buffer.from(text))).toThrow(RecordError);
    expect(() => decoder.push(Buffer.from("2\n{}"))).toThrow(RecordError);
  });

  it("knows when the stream ends inside a record", () => {
    const decoder = recordDecoder();
    decoder.push(Buffer.from("5\n{"));
    expect(decoder.isInsideRecord()).toBe(true);
    expect(decoder.push(Buffer.from('"":1')).length).toBe(1);
    expect(decoder.isInsideRecord()).toBe(false);
    decoder.push(Buffer.from("1"));
    expect(decoder.isInsideRecord()).toBe(true);
  });

  it("takes an empty record", () => {
    expect(
      recordDecoder()
        .push(Buffer.from("0\n2\n{}"))
        .map((record) => record.length),
    ).toEqual([0, 2]);
  });

  it("stays linear: a megabyte byte by byte, and a thousand records in one chunk", () => {
    const big = encodeRecord("x".repeat(1_000_000));
    const decoder = recordDecoder();
    let found = 0;
    for (let at = 0; at < big.length; at++) found += decoder.push(big.subarray(at, at + 1)).length;
    expect(found).toBe(1);
    const many = Buffer.concat(Array.from({ length: 1000 }, (_, index) => encodeRecord({ index })));
    expect(recordDecoder().push(many).length).toBe(1000);
  });
});
