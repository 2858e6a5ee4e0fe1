import { type Clock, sleep } from "../../../../platform/clock.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import type { HostPort } from "./address.js";
import { runConnection, type SessionMemory, type ZooKeeperConnection } from "./session.js";
import type { ConnectSocket } from "./socket.js";

/** What it takes to stay connected to an ensemble. */
export interface EnsembleOptions {
  /** At least one. */
  readonly servers: readonly HostPort[];
  readonly connect: ConnectSocket;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  onConnected(connection: ZooKeeperConnection): void;
  /** Not connected (any more); another attempt follows. */
  onLost(reason: string): void;
}

const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 5_000;
const BACKOFF_STEPS_MAX = 8;

/** Rounds over all servers that refuse us before we forget what we have seen: the ensemble was made anew. */
const ROUNDS_MAX = 3;

/** Keeps one connection open, over all servers in turn, until `signal` aborts. Never rejects. */
export async function runEnsemble(options: EnsembleOptions, signal: AbortSignal): Promise<void> {
  const { servers, clock, random, log } = options;
  const memory: SessionMemory = { session: undefined, lastZxid: 0n };
  let turn = random.integer(servers.length);
  let failures = 0;
  while (!signal.aborted) {
    const server = servers[turn++ % servers.length];
    if (server === undefined) return;
    const hadFailures = failures;
    failures += 1;
    const onConnected = (connection: ZooKeeperConnection) => {
      failures = 0;
      options.onConnected(connection);
    };
    const reason = await runConnection(server, { ...options, memory, onConnected }, signal);
    if (signal.aborted) return;
    if (hadFailures >= ROUNDS_MAX * servers.length) {
      memory.session = undefined;
      memory.lastZxid = 0n;
    }
    const told = `ZooKeeper ${server.host}:${server.port}: ${reason}`;
    log.info("lost ZooKeeper", { reason: told });
    options.onLost(told);
    await sleep(clock, backoffMs(failures, random), signal);
  }
}

/** Full jitter above a floor; at once to the next server after the first fault. */
function backoffMs(failures: number, random: Random): number {
  const limit = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(failures, BACKOFF_STEPS_MAX));
  return BACKOFF_MIN_MS + random.next() * (limit - BACKOFF_MIN_MS);
}
