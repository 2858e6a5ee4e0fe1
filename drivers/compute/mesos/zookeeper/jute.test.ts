import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, frameDecoder, int, JuteError, juteFrame, juteReader, long, text } from "./jute.js";

describe("records of jute", () => {
  it("come out as they went in, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        fc.array(fc.nat(60)),
        (bodies, cuts) => {
          const stream = Buffer.concat(bodies.map((body) => juteFrame([bytes(body)])));
          const decoder = frameDecoder();
          const found: Uint8Array[] = [];
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            found.push(...decoder.push(stream.subarray(at, at + cut)));
            at = Math.min(stream.length, at + cut);
          }
          expect(found.map((record) => Buffer.from(juteReader(record).bytes() ?? []))).toEqual(
            bodies.map((body) => Buffer.from(body)),
          );
        },
      ),
      { seed: 1 },
    );
  });

  it("refuses a length beyond the limit, or below nothing, before it is read", () => {
    expect(() => frameDecoder(8).push(Uint8Array.of(0, 0, 0, 9))).toThrow("a record of 9 bytes exceeds 8");
    expect(() => frameDecoder().push(Uint8Array.of(255, 255, 255, 255))).toThrow(JuteError);
  });

  it("cost no more than their bytes, however small the pieces are that they come in", () => {
    const frame = juteFrame([bytes(new Uint8Array(400_000))]);
    const decoder = frameDecoder();
    let found = 0;
    for (let at = 0; at < frame.length; at++) found += decoder.push(frame.subarray(at, at + 1)).length;
    expect(found).toBe(1);
  });

  it("never read past their end", () => {
    expect(() => juteReader(Uint8Array.of(0, 0)).int()).toThrow(JuteError);
    expect(() => juteReader(Uint8Array.of(0, 0, 0, 5, 1)).bytes()).toThrow(JuteError);
    expect(() => juteReader(Uint8Array.of(0x7f, 0xff, 0xff, 0xff)).texts()).toThrow(JuteError);
    expect(juteReader(Uint8Array.of(255, 255, 255, 255)).bytes()).toBeUndefined();
  });

  it("hold numbers with the highest byte first", () => {
    const frame = juteFrame([int(-2), long(2n ** 40n), text("é")]);
    expect(Buffer.from(frame).toString("hex")).toBe("00000012fffffffe000001000000000000000002c3a9");
  });
});
