import { type Clock, sleep } from "../../platform/clock.js";
import { type ProbeDriver, type ProbeRequest, type ProbeResult, probeText } from "./driver.js";

/** How a server in memory behaves. */
export interface MemoryServer {
  /** The status it answers HTTP with; undefined: it accepts connections and says nothing. */
  readonly status?: number;
  /** A status below 200 that it sends before. */
  readonly information?: number;
  readonly delayMs?: number;
}

/** Servers in memory, for simulation and tests. */
export interface MemoryProber extends ProbeDriver {
  /** From now on something listens there; undefined: nothing any more. */
  serve(host: string, port: number, server: MemoryServer | undefined): void;
  /** Everything that was asked, in order. */
  readonly asked: readonly ProbeRequest[];
  /** How many wait for an answer. */
  inFlight(): number;
}

/** A network on which nobody listens until told. */
export function createMemoryProber(clock: Clock): MemoryProber {
  const servers = new Map<string, MemoryServer>();
  const asked: ProbeRequest[] = [];
  let inFlight = 0;
  return {
    asked,
    inFlight: () => inFlight,
    serve(host, port, server) {
      if (server === undefined) servers.delete(`${host}:${port}`);
      else servers.set(`${host}:${port}`, server);
    },
    async probe(request, signal) {
      asked.push(request);
      inFlight += 1;
      const result = await answer(clock, request, { server: servers.get(`${request.host}:${request.port}`), signal });
      inFlight -= 1;
      return result;
    },
  };
}

interface Asked {
  readonly server: MemoryServer | undefined;
  readonly signal: AbortSignal | undefined;
}

async function answer(clock: Clock, request: ProbeRequest, { server, signal }: Asked): Promise<ProbeResult> {
  const failed = (why: string): ProbeResult => ({ type: "failed", message: `${probeText(request)}: ${why}` });
  if (signal?.aborted) return failed("given up");
  if (server === undefined) return failed("connect ECONNREFUSED");
  const { status, information, delayMs = 0 } = server;
  const isLate = delayMs >= request.timeoutMs || (request.type === "http" && status === undefined);
  if (delayMs > 0 || isLate) await sleep(clock, isLate ? request.timeoutMs : delayMs, signal);
  if (signal?.aborted) return failed("given up");
  if (isLate && information === undefined) return failed(`no answer within ${request.timeoutMs} ms`);
  if (request.type === "tcp") return { type: "connected" };
  return { type: "answer", status: (isLate ? undefined : status) ?? information ?? 0 };
}
