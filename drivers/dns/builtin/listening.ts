import { type Clock, sleep } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import {
  addressText,
  type MessageHandler,
  type MessageListener,
  type MessageNetwork,
  type SocketAddress,
} from "./network/message-network.js";

/** One listener that can be told to move, and keeps trying. */
export interface Listening {
  /** Undefined: it is to listen nowhere. */
  moveTo(address: SocketAddress | undefined): void;
  /** Whether questions arrive, at the wanted address or still at the one before. */
  isReachable(): boolean;
  /** Why the wanted address cannot be listened on; undefined: it can, as far as is known. */
  problem(): string | undefined;
  close(): Promise<void>;
}

export interface ListeningOptions {
  readonly network: MessageNetwork;
  readonly handler: MessageHandler;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called whenever `isReachable` or `problem` may have changed. */
  readonly changed: () => void;
}

const RETRY_MS = 2000;

/** Listens nowhere until told where to. */
export function createListening({ network, handler, clock, log, changed }: ListeningOptions): Listening {
  const ends = new AbortController();
  let wanted: SocketAddress | undefined;
  let current: { readonly address: SocketAddress; readonly listener: MessageListener } | undefined;
  let problem: string | undefined;
  let moving: Promise<void> | undefined;

  const isThere = () => isSame(wanted, current?.address);

  const move = async (address: SocketAddress | undefined) => {
    if (address === undefined) return leave();
    // of one port the old address may stand in the way of the new one
    if (current?.address.port === address.port) await leave();
    const before = current;
    const listener = await network.listen(address, handler);
    current = { address, listener };
    problem = undefined;
    log.info("answering DNS", { address: addressText(address) });
    await before?.listener.close();
  };
  const leave = async () => {
    const { listener } = current ?? {};
    current = undefined;
    await listener?.close();
  };
  const settle = async () => {
    while (!isThere() && !ends.signal.aborted) {
      const address = wanted;
      const failure = await move(address).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (failure !== undefined) {
        problem = failure;
        log.warn("DNS address not listened on", { reason: failure });
      }
      changed();
      if (failure !== undefined && wanted === address) await sleep(clock, RETRY_MS, ends.signal);
    }
    // it may be wanted again where it still is
    problem = undefined;
    moving = undefined;
    changed();
  };
  return {
    moveTo(address) {
      if (isSame(wanted, address)) return;
      wanted = address;
      moving ??= settle();
    },
    isReachable: () => current !== undefined,
    problem: () => problem,
    async close() {
      ends.abort();
      await moving;
      await leave();
    },
  };
}

function isSame(a: SocketAddress | undefined, b: SocketAddress | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}
