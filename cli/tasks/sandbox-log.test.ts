import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { AgentApi } from "../../drivers/compute/agent-api.js";
import { systemClock } from "../../platform/clock.js";
import { linePrefix } from "./line-prefix.js";
import { readLog } from "./sandbox-log.js";

const clock = { ...systemClock(), schedule: (_: number, run: () => void) => systemClock().schedule(0, run) };

/** A file, given in pieces of at most `most` bytes, and what was in it before it was begun anew. */
function agentWith(file: { text: string; rotated?: string }, most = 7): Pick<AgentApi, "read"> {
  return {
    async read(name, offset, length) {
      const text = name === "f" ? file.text : file.rotated;
      if (text === undefined) throw new StatusError("NotFound", `reading ${name}: no such file`);
      const bytes = Buffer.from(text);
      if (offset < 0) return { offset: bytes.length, bytes: new Uint8Array() };
      return { offset, bytes: bytes.subarray(offset, offset + Math.min(length, most)) };
    },
  };
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe("reading a log", () => {
  it("gives the last lines, however it is cut into pieces", async () => {
    const lines = fc.array(fc.constantFrom("", "a", "longer line", "ünïcode"), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(lines, fc.nat(40), fc.boolean(), async (all, tail, isClosed) => {
        const text = all.join("\n") + (isClosed && all.length > 0 ? "\n" : "");
        const parts = text.split("\n");
        const closed = text.endsWith("\n") ? parts.slice(0, -1) : parts;
        const wanted = tail === 0 ? [] : closed.slice(-tail);
        const expected = wanted.join("\n") + (wanted.length > 0 && text.endsWith("\n") ? "\n" : "");
        const read = readLog({ api: agentWith({ text }), file: "f", tail, isEnded: undefined, clock });
        expect(await textOf(read)).toBe(expected);
      }),
    );
  });

  it("follows until the task ended and all was read, and begins anew with the file", async () => {
    const file = { text: "one\n" };
    let looks = 0;
    const isEnded = async () => {
      looks += 1;
      if (looks === 1) file.text = "one\ntwo\n";
      if (looks === 2) file.text = "new\n";
      return looks > 3;
    };
    const read = readLog({ api: agentWith(file), file: "f", tail: undefined, isEnded, clock });
    expect(await textOf(read)).toBe("one\ntwo\nnew\n");
  });

  it("reads what was written before the rotation from where the agent keeps it", async () => {
    const file: { text: string; rotated?: string } = { text: "one\ntwo\n" };
    let looks = 0;
    const isEnded = async () => {
      looks += 1;
      if (looks === 1) Object.assign(file, { text: "four\n", rotated: "one\ntwo\nthree, and a longer line\n" });
      return looks > 2;
    };
    const read = readLog({ api: agentWith(file), file: "f", tail: undefined, isEnded, clock });
    expect(await textOf(read)).toBe("one\ntwo\nthree, and a longer line\nfour\n");
  });
});

it("puts the name before each line, and keeps lines whole", () => {
  const written: string[] = [];
  const lines = linePrefix("[a] ", (bytes) => written.push(Buffer.from(bytes).toString()));
  for (const part of ["fir", "st\nsec", "ond\n", "last"]) lines.push(Buffer.from(part));
  lines.end();
  expect(written).toEqual(["[a] first\n", "[a] second\n", "[a] last\n"]);
});
