import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { Clock } from "../../platform/clock.js";
import { type ProbeDriver, type ProbeRequest, type ProbeResult, probeText } from "./driver.js";

type HttpRequest = Extract<ProbeRequest, { readonly type: "http" }>;

/** Longer headers fail a probe. */
const HEADER_BYTES_MAX = 16_384;

/**
 * Probes over sockets, a new connection for each. HTTPS is spoken without verifying the certificate, as Mesos and
 * Marathon do: a probe asks whether a program answers, not who it is, and tells it nothing.
 */
export function createNetworkProber(clock: Clock): ProbeDriver {
  return {
    probe: (request, signal) =>
      new Promise((resolve) => {
        let isSettled = false;
        const close: (() => void)[] = [];
        const settle = (result: ProbeResult) => {
          if (isSettled) return;
          isSettled = true;
          for (const step of close) step();
          resolve(result);
        };
        const fail = (why: string) => settle({ type: "failed", message: `${probeText(request)}: ${why}` });
        const attempt: Attempt = { settle, fail, information: undefined };
        const timer = clock.schedule(request.timeoutMs, () =>
          attemptEnd(attempt, `no answer within ${request.timeoutMs} ms`),
        );
        const giveUp = () => fail("given up");
        signal?.addEventListener("abort", giveUp, { once: true });
        close.push(timer.cancel, () => signal?.removeEventListener("abort", giveUp));
        if (signal?.aborted) return giveUp();
        try {
          close.push(request.type === "tcp" ? connect(request, attempt) : ask(request, attempt));
        } catch (error) {
          fail(textOf(error)); // e.g. a path that HTTP cannot carry
        }
      }),
  };
}

interface Attempt {
  settle(result: ProbeResult): void;
  fail(why: string): void;
  /** The last status below 200. */
  information: number | undefined;
}

/** Nothing more comes: what was said before counts. */
function attemptEnd({ settle, fail, information }: Attempt, why: string): void {
  if (information === undefined) fail(why);
  else settle({ type: "answer", status: information });
}

/** Returns what ends it. */
function connect({ host, port }: ProbeRequest, attempt: Attempt): () => void {
  const socket = net.connect({ host, port });
  socket.on("connect", () => attempt.settle({ type: "connected" }));
  socket.on("error", (error) => attempt.fail(textOf(error)));
  return () => socket.destroy();
}

/** Returns what ends it; the body is never read. */
function ask({ scheme, host, port, path }: HttpRequest, attempt: Attempt): () => void {
  const options = {
    host,
    port,
    path,
    agent: false,
    maxHeaderSize: HEADER_BYTES_MAX,
    headers: { "user-agent": "rackwright-probe", accept: "*/*", connection: "close" },
  } as const;
  const sent = scheme === "https" ? https.get({ ...options, rejectUnauthorized: false }) : http.get(options);
  sent.on("information", ({ statusCode }) => {
    attempt.information = statusCode;
  });
  sent.on("upgrade", (_, socket) => {
    socket.destroy();
    attempt.settle({ type: "answer", status: 101 });
  });
  sent.on("response", (response) => attempt.settle({ type: "answer", status: response.statusCode ?? 0 }));
  // also after it was ended: what a broken connection says then concerns nobody
  sent.on("error", (error) => attemptEnd(attempt, textOf(error)));
  return () => sent.destroy();
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
