import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProbeDriver, ProbeRequest, ProbeResult } from "./driver.js";

/** Servers that a test may start, and the prober that asks them. */
export interface ProbeHarness {
  readonly driver: ProbeDriver;
  /** A server that answers so; resolves with where it listens. A status unset: it accepts and says nothing. */
  serve(server: {
    readonly status?: number;
    readonly information?: number;
    readonly scheme?: "http" | "https";
    /** Headers of its answer. */
    readonly location?: string;
    /** Its body never ends. */
    readonly isEndless?: boolean;
  }): Promise<Address>;
  /** Where nothing listens. */
  nowhere(): Promise<Address>;
  /** Resolves with the result, letting time pass until there is one. */
  settle(result: Promise<ProbeResult>): Promise<ProbeResult>;
  close(): Promise<void>;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** The promises of every ProbeDriver. */
export function probeDriverSuite(name: string, open: () => Promise<ProbeHarness>): void {
  describe(`ProbeDriver: ${name}`, () => {
    let harness: ProbeHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const ask = (
      address: Address,
      fields: Partial<Extract<ProbeRequest, { type: "http" }>> = {},
      signal?: AbortSignal,
    ) => harness.settle(harness.driver.probe(httpRequest(address, fields), signal));

    it.each([200, 204, 302, 404, 500, 503])("tells the status %i as it is", async (status) => {
      expect(await ask(await harness.serve({ status }))).toEqual({ type: "answer", status });
    });

    it("follows no redirect", async () => {
      const good = await harness.serve({ status: 200 });
      const address = await harness.serve({ status: 307, location: `http://${good.host}:${good.port}/` });
      expect(await ask(address)).toEqual({ type: "answer", status: 307 });
    });

    it("does not verify certificates", async () => {
      const address = await harness.serve({ status: 200, scheme: "https" });
      expect(await ask(address, { scheme: "https" })).toEqual({ type: "answer", status: 200 });
    });

    it("reads no body", async () => {
      expect(await ask(await harness.serve({ status: 200, isEndless: true }))).toEqual({ type: "answer", status: 200 });
    });

    it("tells the answer that follows an informational one", async () => {
      expect(await ask(await harness.serve({ status: 200, information: 102 }))).toEqual({
        type: "answer",
        status: 200,
      });
    });

    it("tells an informational answer that nothing follows", async () => {
      const address = await harness.serve({ information: 102 });
      expect(await ask(address, { timeoutMs: 200 })).toEqual({ type: "answer", status: 102 });
    });

    it("fails without an answer in time", async () => {
      const result = await ask(await harness.serve({}), { timeoutMs: 200 });
      expect(result).toEqual({
        type: "failed",
        message: expect.stringMatching(/^GET http:.*no answer within 200 ms$/),
      });
    });

    it("fails where nothing listens, without telling the query", async () => {
      const result = await ask(await harness.nowhere(), { path: "/health?token=secret" });
      expect(result).toEqual({
        type: "failed",
        message: expect.stringMatching(/^GET http:.*\/health: .*ECONNREFUSED/),
      });
    });

    it("connects to what accepts, whatever it says", async () => {
      const address = await harness.serve({});
      expect(await harness.settle(harness.driver.probe(tcpRequest(address)))).toEqual({ type: "connected" });
    });

    it("does not connect where nothing listens", async () => {
      const address = await harness.nowhere();
      const result = await harness.settle(harness.driver.probe(tcpRequest(address)));
      expect(result).toEqual({ type: "failed", message: expect.stringMatching(/^connect to .*ECONNREFUSED/) });
    });

    it("is given up at once when aborted", async () => {
      const address = await harness.serve({});
      const abort = new AbortController();
      const result = harness.driver.probe(httpRequest(address, { timeoutMs: 60_000 }), abort.signal);
      abort.abort();
      expect(await result).toEqual({ type: "failed", message: expect.stringContaining("given up") });
      expect(await ask(address, {}, abort.signal)).toEqual({
        type: "failed",
        message: expect.stringContaining("given up"),
      });
    });
  });
}

function httpRequest(address: Address, fields: Partial<Extract<ProbeRequest, { type: "http" }>>): ProbeRequest {
  return { type: "http", scheme: "http", path: "/", timeoutMs: 5000, taskId: "t", ...address, ...fields };
}

function tcpRequest(address: Address): ProbeRequest {
  return { type: "tcp", timeoutMs: 5000, taskId: "t", ...address };
}
