import { describe, expect, it } from "vitest";
import { type HttpHandler, type HttpRequest, TransportError } from "../../../platform/transport.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { Point } from "../driver.js";
import { createInfluxSink } from "./sink.js";

const POINT: Point = { series: "machine", tags: { hostname: "a" }, fields: { memory_usage: 1 }, at: 5 };
const LINE = "machine,hostname=a memory_usage=1 5";
const NOT_FOUND = { status: 404, text: '{"error":"database not found: \\"torc\\""}' };

/** A database that gives these answers one after the other; the integration tests ask a real one. */
function open(...answers: readonly { readonly status: number; readonly text?: string }[]) {
  const asked: HttpRequest[] = [];
  const next = answers.values();
  const transport: HttpHandler = async (request) => {
    asked.push(request);
    const { status, text = "" } = next.next().value ?? { status: 500, text: "asked too often" };
    return { status, headers: {}, body: Buffer.from(text) };
  };
  const sink = createInfluxSink({ transport, address: "http://db:8086/", database: "torc", clock: virtualClock() });
  const texts = () =>
    asked.map(({ method, url, body }) => [method, url, decodeURIComponent(Buffer.from(body ?? "").toString())]);
  return { sink, texts };
}

const WRITE = ["POST", "http://db:8086/write?db=torc&precision=ms", LINE];
const CREATE = ["POST", "http://db:8086/query", 'q=CREATE DATABASE "torc"'];

describe("createInfluxSink", () => {
  it("writes lines in milliseconds", async () => {
    const { sink, texts } = open({ status: 204 });
    expect(await sink.write([POINT])).toEqual({ type: "written" });
    expect(texts()).toEqual([WRITE]);
  });

  it("asks nothing of the server when there is nothing to write", async () => {
    const { sink, texts } = open();
    expect(await sink.write([{ ...POINT, fields: {} }])).toEqual({ type: "written" });
    expect(texts()).toEqual([]);
  });

  it("makes the database when it is missing, and writes again", async () => {
    const { sink, texts } = open(NOT_FOUND, { status: 200, text: '{"results":[{"statement_id":0}]}' }, { status: 204 });
    expect(await sink.write([POINT])).toEqual({ type: "written" });
    expect(texts()).toEqual([WRITE, CREATE, WRITE]);
  });

  it.each([
    [403, '{"error":"not authorized"}', "making database torc: status 403: not authorized"],
    [200, '{"results":[{"error":"disk full"}]}', "making database torc: status 200: disk full"],
  ])("tries again later when the database is refused with status %i", async (status, text, reason) => {
    expect(await open(NOT_FOUND, { status, text }).sink.write([POINT])).toEqual({ type: "failed", reason });
  });

  it.each([
    [
      400,
      '{"error":"partial write: x dropped=1"}',
      { type: "refused", count: 1, reason: "status 400: partial write: x dropped=1" },
    ],
    [400, '{"error":"unable to parse"}', { type: "refused", count: 2, reason: "status 400: unable to parse" }],
    [413, "", { type: "refused", count: 2, reason: "status 413: " }],
    [401, '{"error":"authorization failed"}', { type: "failed", reason: "status 401: authorization failed" }],
    [404, "no such path", { type: "failed", reason: "making database torc: status 500: asked too often" }],
    [500, '{"error":"timeout"}', { type: "failed", reason: "status 500: timeout" }],
    [503, `<html>${"x".repeat(500)}`, { type: "failed", reason: `status 503: <html>${"x".repeat(194)}` }],
  ])("takes status %i with %s for what it is", async (status, text, expected) => {
    expect(await open({ status, text }).sink.write([POINT, POINT])).toEqual(expected);
  });

  it("fails for now when it cannot be reached, or does not answer within ten seconds", async () => {
    const refusing: HttpHandler = async () => Promise.reject(new TransportError("refused", { isSent: false }));
    const clock = virtualClock();
    const options = { address: "http://db:8086", database: "torc", clock };
    const failed = { type: "failed", reason: expect.stringMatching(/./) };
    expect(await createInfluxSink({ ...options, transport: refusing }).write([POINT])).toEqual(failed);
    const hanging: HttpHandler = () => new Promise(() => {});
    const writing = createInfluxSink({ ...options, transport: hanging }).write([POINT]);
    await clock.advance(10_000);
    expect(await writing).toEqual({ type: "failed", reason: expect.stringMatching(/timed out after 10000 ms/) });
  });
});
