import { describe, expect, it } from "vitest";
import { eventStream } from "./event-stream.js";

function open() {
  let closed = 0;
  const stream = eventStream(undefined, () => {
    closed += 1;
  });
  const iterator = stream.body[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await iterator.next();
    return done === true ? "end" : JSON.parse(Buffer.from(value).toString("utf8").split("\n")[1] ?? "");
  };
  return { stream, read, closed: () => closed };
}

describe("an event stream", () => {
  it("gives what was pushed, in order and once, however far behind its reader is", async () => {
    const { stream, read } = open();
    const seen: number[] = [];
    for (let pushed = 0; pushed < 5000; pushed++) {
      stream.push(pushed);
      if (pushed % 3 === 0) seen.push(await read());
    }
    while (seen.length < 5000) seen.push(await read());
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, index) => index));
    stream.push("late");
    expect(await read()).toBe("late");
  });

  it("is left by itself when nobody reads any more", async () => {
    const { stream, read, closed } = open();
    for (let pushed = 0; pushed < 100_000; pushed++) stream.push(pushed);
    expect([stream.isOpen(), closed()]).toEqual([true, 0]);
    for (let reads = 0; reads < 1000; reads++) expect(await read()).toBe(reads);
    for (let pushed = 0; pushed < 1000; pushed++) stream.push(pushed);
    expect(stream.isOpen()).toBe(true);
    stream.push("one too many");
    expect([stream.isOpen(), closed(), await read()]).toEqual([false, 1, "end"]);
  });

  it("ends after what was pushed, and breaks at once", async () => {
    const ended = open();
    ended.stream.push("last");
    ended.stream.end();
    expect([await ended.read(), await ended.read(), ended.closed()]).toEqual(["last", "end", 0]);
    const broken = open();
    broken.stream.push("lost");
    broken.stream.reset();
    await expect(broken.read()).rejects.toThrow("aborted");
  });
});
