import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DamagedRecordError, decodeEntry, decodeUndo, encodeEntry, encodeUndo, revisionOf, undoKey } from "./record.js";

const revision = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const value = fc.uint8Array({ maxLength: 200 });
const name = fc.string({ unit: "binary", minLength: 1 });
const entry = fc.record({ key: name, value, revision });

describe("a stored record", () => {
  it("is read as it was written", () => {
    void fc.assert(
      fc.property(entry, (each) => {
        expect(decodeEntry(each.key, encodeEntry(each))).toEqual(each);
      }),
    );
    const undo = fc.record({
      isDeletion: fc.boolean(),
      previous: fc.option(entry, { nil: undefined }),
      atMs: fc.double({ noNaN: true }),
      key: name,
    });
    void fc.assert(
      fc.property(undo, (each) => {
        const record = { ...each, previous: each.previous && { ...each.previous, key: each.key } };
        expect(decodeUndo(encodeUndo(record))).toEqual(record);
      }),
    );
  });

  it("is refused when any bit of it changed", () => {
    void fc.assert(
      fc.property(entry, fc.nat(), fc.nat(7), (each, at, bit) => {
        const row = encodeEntry(each);
        const index = at % row.length;
        row[index] = (row[index] ?? 0) ^ (1 << bit);
        expect(() => decodeEntry(each.key, row)).toThrow(DamagedRecordError);
      }),
    );
  });

  it("has a key that sorts by revision", () => {
    void fc.assert(
      fc.property(revision, revision, (a, b) => Buffer.compare(undoKey(a, 1), undoKey(b, 1)) === Math.sign(a - b)),
    );
    expect(revisionOf(undoKey(2 ** 40 + 1, 3))).toBe(2 ** 40 + 1);
  });
});
