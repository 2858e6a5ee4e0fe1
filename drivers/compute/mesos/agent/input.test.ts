import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { inputStream } from "./input.js";

function open() {
  const clock = virtualClock();
  const input = inputStream({ clock, containerId: { value: "c" }, hasTty: false });
  let taken = 0;
  /** Writes as fast as it may, and counts what was taken. */
  const feed = async (pieces: number) => {
    for (let piece = 0; piece < pieces; piece++) {
      await input.data(new Uint8Array(32 * 1024));
      taken += 1;
    }
  };
  const reader = input.body[Symbol.asyncIterator]();
  return { clock, input, feed, reader, taken: () => taken };
}

describe("the input of a program", () => {
  it("waits where it came from while the agent takes none: a file is not held in memory", async () => {
    const { clock, input, feed, reader, taken } = open();
    const fed = feed(200);
    await clock.advance(0);
    const first = taken();
    expect(first).toBeLessThan(20);
    for (let reads = 0; reads < 10; reads++) await reader.next();
    await clock.advance(0);
    expect([taken() > first, taken() < first + 20]).toEqual([true, true]);
    for (let reads = 0; reads < 190; reads++) await reader.next();
    await fed;
    expect(taken()).toBe(200);
    input.stop();
  });

  it.each([
    ["the session is over", (stage: ReturnType<typeof open>) => stage.input.stop()],
    ["the agent hangs up", (stage: ReturnType<typeof open>) => void stage.reader.return?.()],
  ])("is taken by nobody, and keeps nobody, when %s", async (_, end) => {
    const stage = open();
    await stage.reader.next();
    const fed = stage.feed(200);
    await stage.clock.advance(0);
    end(stage);
    await fed;
    expect(stage.taken()).toBe(200);
  });
});
