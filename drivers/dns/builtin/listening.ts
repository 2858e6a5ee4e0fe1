import { isIpv4 } from "../../../api-types/format/address.js";
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
/** Where every address of the machine is meant. */
export const ALL_ADDRESSES = "0.0.0.0";

/** Listens nowhere until told where to. */
export function createListening(options: ListeningOptions): Listening {
  const { clock, log, changed } = options;
  const ends = new AbortController();
  const place = createPlace(options);
  let wanted: SocketAddress | undefined;
  let problem: string | undefined;
  let moving: Promise<void> | undefined;

  const settle = async () => {
    while (!isSame(wanted, place.address()) && !ends.signal.aborted) {
      const address = wanted;
      const failure = await place.moveTo(address).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (failure === undefined) continue;
      problem = failure;
      log.warn("DNS address not listened on", { reason: failure });
      changed();
      if (wanted === address) await sleep(clock, RETRY_MS, ends.signal);
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
    isReachable: () => place.address() !== undefined,
    problem: () => problem,
    async close() {
      ends.abort();
      await moving;
      await place.moveTo(undefined);
    },
  };
}

/** Where is listened now; a move that fails leaves it as it was. */
function createPlace({ network, handler, log }: ListeningOptions) {
  let current: { readonly address: SocketAddress; readonly listener: MessageListener } | undefined;

  const listen = async (address: SocketAddress) => {
    if (!isIpv4(address.host)) throw new Error(`${addressText(address)} is no IPv4 address and port`);
    const listener = await network.listen(address, handler);
    current = { address, listener };
    log.info("answering DNS", { address: addressText(address) });
  };
  const leave = async () => {
    const { listener } = current ?? {};
    current = undefined;
    await listener?.close();
  };
  const moveInto = async (address: SocketAddress, before: SocketAddress) => {
    await leave();
    await listen(address).catch(async (error: unknown) => {
      await listen(before);
      throw error;
    });
  };
  return {
    address: () => current?.address,
    async moveTo(address: SocketAddress | undefined) {
      if (address === undefined) return leave();
      const before = current;
      try {
        await listen(address);
      } catch (error) {
        // we may stand in our own way
        if (before !== undefined && doMeet(before.address, address)) return moveInto(address, before.address);
        throw error;
      }
      await before?.listener.close();
    },
  };
}

/** All addresses of the machine, and one of them, at one port. */
function doMeet(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && [a.host, b.host].includes(ALL_ADDRESSES);
}

function isSame(a: SocketAddress | undefined, b: SocketAddress | undefined): boolean {
  return a?.host === b?.host && a?.port === b?.port;
}
