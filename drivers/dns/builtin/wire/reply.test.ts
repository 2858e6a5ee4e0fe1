import { decode } from "dns-packet";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf, questionBytes } from "../testing/ask.js";
import { readMessage } from "./query.js";
import type { ResourceRecord } from "./record.js";
import { type Reply, writeReply } from "./reply.js";

const label = fc.stringMatching(/^[a-z0-9_]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const byte = fc.integer({ min: 0, max: 255 });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const record: fc.Arbitrary<ResourceRecord> = fc.oneof(
  fc.record({
    type: fc.constant("A" as const),
    name,
    ttl: uint16,
    address: fc.tuple(byte, byte, byte, byte).map((parts) => parts.join(".")),
  }),
  fc.record({ type: fc.constantFrom("NS" as const, "PTR" as const), name, ttl: uint16, target: name }),
  fc.record({
    type: fc.constant("SRV" as const),
    name,
    ttl: uint16,
    priority: uint16,
    weight: uint16,
    port: uint16,
    target: name,
  }),
  fc.record({
    type: fc.constant("SOA" as const),
    ...{ name, ttl: uint16, mname: name, rname: name },
    ...{ serial: uint16, refresh: uint16, retry: uint16, expire: uint16, minimum: uint16 },
  }),
);
const records = fc.array(record, { maxLength: 20 });

/** The same line that `linesOf` makes of what was read. */
function lineOf(one: ResourceRecord): string {
  const start = `${one.name} ${one.ttl} ${one.type}`;
  switch (one.type) {
    case "A":
      return `${start} ${one.address}`;
    case "NS":
    case "PTR":
      return `${start} ${one.target}`;
    case "SRV":
      return `${start} ${one.priority} ${one.weight} ${one.port} ${one.target}`;
    case "SOA":
      return `${start} ${one.mname} ${one.rname} ${one.serial} ${one.refresh} ${one.retry} ${one.expire} ${one.minimum}`;
    default:
      return one satisfies never;
  }
}

/** dns-packet names the parts of SRV and SOA in its own order. */
function normal(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.split(" ").sort().join(" ")).sort();
}

describe("a reply", () => {
  const write = (reply: Partial<Reply>, asked: string, bytesMax: number) => {
    const read = readMessage(questionBytes(asked, "A"));
    if (read.type !== "query") throw new Error("not a question");
    const whole = {
      rcode: "NOERROR",
      isAuthoritative: true,
      answers: [],
      authorities: [],
      additionals: [],
      ...reply,
    } as const;
    return writeReply(whole, {
      id: 7,
      isRecursionDesired: true,
      isRecursionAvailable: false,
      question: { bytes: read.query.question, name: read.query.name },
      hasEdns: true,
      bytesMax,
    });
  };

  it("is read by others as it was meant, whatever names repeat each other", () => {
    fc.assert(
      fc.property(name, records, records, records, (...[asked, answers, authorities, additionals]) => {
        const read = decode(Buffer.from(write({ answers, authorities, additionals }, asked, 65_535)));
        expect(read.questions?.[0]?.name).toBe(asked);
        expect(normal(linesOf(read.answers))).toEqual(normal(answers.map(lineOf)));
        expect(normal(linesOf(read.authorities))).toEqual(normal(authorities.map(lineOf)));
        expect(normal(linesOf(read.additionals?.slice(0, -1)))).toEqual(normal(additionals.map(lineOf)));
        expect(read.flag_tc).toBe(false);
      }),
    );
  });

  it("never exceeds its bound, is whole as far as it goes, and says whether answers are missing", () => {
    const bound = fc.integer({ min: 512, max: 1500 });
    fc.assert(
      fc.property(name, records, records, bound, (...[asked, answers, additionals, bytesMax]) => {
        const bytes = write({ answers, additionals }, asked, bytesMax);
        expect(bytes.length).toBeLessThanOrEqual(bytesMax);
        const read = decode(Buffer.from(bytes));
        const told = read.answers?.length ?? 0;
        expect(normal(linesOf(read.answers))).toEqual(normal(answers.slice(0, told).map(lineOf)));
        expect(read.flag_tc).toBe(told < answers.length);
        expect(read.additionals?.at(-1)?.type).toBe("OPT");
      }),
    );
  });
});
