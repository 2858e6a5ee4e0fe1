import { ReplaySubject, share, takeUntil } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import type { HttpHandler } from "../../../../platform/transport.js";
import type { Reading } from "../../../observation.js";
import { poll$, type Seen } from "../../../poll.js";
import type { Advertisement, AdvertisingDriver } from "../../driver.js";
import { createChangeSignal } from "../change-signal.js";
import type { SwitchConnection } from "../requests.js";
import { advertise, withdraw } from "./changes.js";
import { type AdvertisingContext, advertisementOf, readAll, readChain, readCondition } from "./read.js";

/** What it is made of. */
export interface SnaprouteAdvertisingOptions {
  readonly transport: HttpHandler;
  /** e.g. `http://10.250.3.20:8080`. */
  readonly address: string;
  /** The rack's: our policy carries it. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
}

/**
 * What FlexSwitch's BGP tells of static routes, by one policy that carries the identity of the rack. Changes of one
 * switch are carried out one after the other: each reads the policy, and adds to it what is missing.
 */
export function createSnaprouteAdvertising(options: SnaprouteAdvertisingOptions): AdvertisingDriver {
  const { clock, random, log, periodMs, transport, address, identity } = options;
  const connection: SwitchConnection = { transport, address, clock };
  const source = `snaproute ${address} advertising`;
  const closed = new ReplaySubject<void>(1);
  const changes = createChangeSignal(clock);
  const inTurn = createTurns();
  let index = 0;

  const look = async (signal: AbortSignal): Promise<Seen<Advertisement>> => {
    const items = await readAll({ connection, identity, signal });
    index += 1;
    // nothing is ever removed because it is missing here: no run of the agent has to be told from another
    return { type: "Complete", items, origin: { source, epoch: source, index, takenAt: clock.monotonic() } };
  };

  return {
    observe$: poll$({
      source,
      clock,
      random,
      log,
      periodMs,
      look,
      pause: (signal) => changes.pause(periodMs, signal),
    }).pipe(takeUntil(closed), share({ connector: () => new ReplaySubject(1), resetOnRefCountZero: true })),
    read: (prefix) => readOne({ connection, identity, signal: undefined }, prefix).catch(unknownOf),
    apply: ({ type, prefix }, signal) =>
      inTurn(async () => {
        const context = { connection, identity, signal };
        await (type === "advertise" ? advertise(context, prefix) : withdraw(context, prefix)).finally(changes.tell);
      }),
    close: () => closed.next(),
  };
}

/** Runs what it is given one after the other, whatever becomes of it. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return (run: () => Promise<void>): Promise<void> => {
    const turn = last.then(run, run);
    last = turn.catch(() => undefined);
    return turn;
  };
}

async function readOne(context: AdvertisingContext, prefix: string): Promise<Reading<Advertisement>> {
  const chain = await readChain(context);
  if (chain === undefined) return { type: "absent" };
  const condition = await readCondition(context, prefix);
  const item = advertisementOf(context.identity, { prefix, condition, chain });
  return item === undefined ? { type: "absent" } : { type: "present", item };
}

function unknownOf(error: unknown): Reading<Advertisement> {
  return { type: "unknown", reason: error instanceof Error ? error.message : String(error) };
}
