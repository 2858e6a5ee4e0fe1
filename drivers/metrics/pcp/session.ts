import type { Clock } from "../../../platform/clock.js";
import { type HttpHandler, TransportError } from "../../../platform/transport.js";
import { exchange, jsonOf } from "../../exchange.js";
import { type Fetched, parseContext, parseFetched, parseNames } from "./wire.js";

export interface PcpOptions {
  readonly transport: HttpHandler;
  /** Port of pmproxy or pmwebd on every node. */
  readonly port: number;
  readonly clock: Clock;
}

/** What is known at one node's web API. */
export interface PcpSession {
  /** One fetch, in a new context where the old one is gone. Rejects with TransportError. */
  fetch(names: readonly string[], signal: AbortSignal): Promise<Fetched>;
  /** The names of a metric's instances; asked anew when a number is unknown, else every 30 s. Rejects as `fetch`. */
  names(metric: string, numbers: Iterable<number>, signal: AbortSignal): Promise<ReadonlyMap<number, string>>;
}

interface Names {
  readonly names: ReadonlyMap<number, string>;
  readonly askedAt: number;
}

const TIMEOUT_MS = 5000;
const NAMES_MS = 30_000;
/** A context that is not used for so long is dropped by its server. */
const CONTEXT_SECONDS = 120;

/** Nothing is asked before the first fetch. */
export function createPcpSession({ transport, port, clock }: PcpOptions, address: string): PcpSession {
  const base = `http://${address}:${port}/pmapi/`;
  const known = new Map<string, Names>();
  let context: number | undefined;

  const get = async (path: string, signal: AbortSignal) => {
    const answer = await exchange(
      transport,
      { method: "GET", url: base + path, headers: {} },
      { clock, timeoutMs: TIMEOUT_MS, signal },
    );
    return answer.status === 200 ? jsonOf(answer.text)?.value : undefined;
  };
  const open = async (signal: AbortSignal) => {
    known.clear();
    context = parseContext(await get(`context?hostspec=localhost&polltimeout=${CONTEXT_SECONDS}`, signal));
    if (context === undefined) throw malformed(`opening a context at ${base}`);
  };
  const tryFetch = async (names: readonly string[], signal: AbortSignal) =>
    parseFetched(await get(`${context}/_fetch?names=${names.join(",")}`, signal));

  return {
    async fetch(names, signal) {
      const isOld = context !== undefined;
      if (!isOld) await open(signal);
      let fetched = await tryFetch(names, signal);
      if (fetched === undefined && isOld) {
        await open(signal);
        fetched = await tryFetch(names, signal);
      }
      if (fetched !== undefined) return fetched;
      context = undefined;
      throw malformed(`fetching metrics at ${base}`);
    },
    async names(metric, numbers, signal) {
      const before = known.get(metric);
      const isFresh = before !== undefined && clock.monotonic() - before.askedAt < NAMES_MS;
      if (isFresh && [...numbers].every((number) => before.names.has(number))) return before.names;
      const names = parseNames(await get(`${context}/_indom?name=${metric}`, signal));
      if (names === undefined) throw malformed(`reading instances of ${metric} at ${base}`);
      known.set(metric, { names, askedAt: clock.monotonic() });
      return names;
    },
  };
}

function malformed(what: string): TransportError {
  return new TransportError(`${what}: no answer of Performance Co-Pilot`, { isSent: true });
}
