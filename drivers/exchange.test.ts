import { describe, expect, it } from "vitest";
import { isRecord } from "../platform/is-record.js";
import { type HttpHandler, TransportError } from "../platform/transport.js";
import { virtualClock } from "../platform/virtual-clock.js";
import { exchange, jsonOf } from "./exchange.js";

const REQUEST = { method: "GET", url: "http://x/", headers: {} };

async function* brokenBody(): AsyncIterable<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("reset");
}

async function* silentBody(): AsyncIterable<Uint8Array> {
  await new Promise(() => {});
}

describe("exchange", () => {
  it("gathers a streamed body", async () => {
    const body = (async function* () {
      yield Buffer.from("a");
      yield Buffer.from("b");
    })();
    const answer = await exchange(async () => ({ status: 201, headers: { a: "b" }, body }), REQUEST, {
      clock: virtualClock(),
      timeoutMs: 1000,
    });
    expect(answer).toEqual({ status: 201, headers: { a: "b" }, text: "ab" });
  });

  it.each<[string, HttpHandler]>([
    ["the server is silent", () => new Promise(() => {})],
    ["the body hangs", async () => ({ status: 200, headers: {}, body: silentBody() })],
  ])("times out as sent when %s, and tells the transport", async (_name, transport) => {
    const clock = virtualClock();
    let signal: AbortSignal | undefined;
    const work = exchange(
      (request) => {
        signal = request.signal;
        return transport(request);
      },
      REQUEST,
      { clock, timeoutMs: 1000 },
    ).catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await work).toMatchObject({ name: "TransportError", isSent: true });
    expect(signal?.aborted).toBe(true);
  });

  it("rejects as sent when the body breaks off", async () => {
    const work = exchange(async () => ({ status: 200, headers: {}, body: brokenBody() }), REQUEST, {
      clock: virtualClock(),
      timeoutMs: 1000,
    });
    await expect(work).rejects.toMatchObject({ name: "TransportError", isSent: true });
  });

  it("passes on that a request was never sent", async () => {
    const refused: HttpHandler = async () => {
      throw new TransportError("refused", { isSent: false });
    };
    const work = exchange(refused, REQUEST, { clock: virtualClock(), timeoutMs: 1000 });
    await expect(work).rejects.toMatchObject({ isSent: false });
  });

  it("does not send after an abort, and ends on an abort later", async () => {
    const abort = new AbortController();
    const limits = { clock: virtualClock(), timeoutMs: 1000, signal: abort.signal };
    const later = exchange(() => new Promise(() => {}), REQUEST, limits);
    abort.abort();
    await expect(later).rejects.toMatchObject({ isSent: true });
    let calls = 0;
    const never: HttpHandler = async () => {
      calls += 1;
      return { status: 200, headers: {}, body: Buffer.from("") };
    };
    await expect(exchange(never, REQUEST, limits)).rejects.toMatchObject({ isSent: false });
    expect(calls).toBe(0);
  });
});

describe("jsonOf and isRecord", () => {
  it("tell JSON from text, objects from the rest", () => {
    expect([jsonOf("null"), jsonOf("<html>"), jsonOf("")]).toEqual([{ value: null }, undefined, undefined]);
    expect([{}, [], null, "x", 1].map(isRecord)).toEqual([true, false, false, false, false]);
  });
});
