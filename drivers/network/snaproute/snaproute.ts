import { ReplaySubject, share, takeUntil } from "rxjs";
import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import type { Reading } from "../../observation.js";
import { poll$, type Seen } from "../../poll.js";
import type { NetworkDriver, SwitchRoute } from "../driver.js";
import { createSnaprouteAdvertising } from "./advertising/advertising.js";
import { createChangeSignal } from "./change-signal.js";
import { isMissing, removeRoute, setRoute } from "./changes.js";
import { judgeTable, NO_TABLE } from "./judge.js";
import { readPages } from "./read-pages.js";
import { call, refusal, type SwitchConnection } from "./requests.js";
import { parseShown } from "./wire.js";

/** What the driver of one switch is made of. */
export interface SnaprouteDriverOptions {
  /** The rack's: by it our policy is told from those of others. */
  readonly identity: string;
  readonly transport: HttpHandler;
  /** e.g. `http://10.250.3.20:8080`. */
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
}

/**
 * The table of a switch that runs SnapRoute's FlexSwitch. It holds no stamps: what is ours is decided above. A change
 * resolves when the switch accepted it; only `read` and the observation tell whether it is in effect.
 */
export function createSnaprouteDriver(options: SnaprouteDriverOptions): NetworkDriver {
  const { clock, random, log, periodMs, transport, address } = options;
  const connection: SwitchConnection = { transport, address, clock };
  const source = `snaproute ${address}`;
  const removed = new Set<string>();
  const closed = new ReplaySubject<void>(1);
  const changes = createChangeSignal(clock);
  const advertising = createSnaprouteAdvertising(options);
  const look = createLook({ connection, source, removed, changeCount: changes.count });

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
    read: (prefix) => readRoute(connection, prefix).catch(unknownOf),
    async apply(change, signal) {
      changes.tell();
      try {
        if (change.type === "set") {
          removed.delete(change.prefix);
          await setRoute({ connection, signal }, change);
        } else {
          removed.add(change.prefix);
          await removeRoute({ connection, signal }, change.prefix);
        }
      } finally {
        changes.tell();
      }
    },
    close() {
      closed.next();
      advertising.close();
    },
    advertising,
  };
}

const TABLE = { path: "state/IPv4Routes", what: "listing routes", parse: parseShown };

/** Lists the table and judges the list by what the lists before it held. */
function createLook(context: {
  readonly connection: SwitchConnection;
  readonly source: string;
  readonly removed: Set<string>;
  readonly changeCount: () => number;
}) {
  const { connection, source, removed, changeCount } = context;
  let memory = NO_TABLE;
  let index = 0;
  return async (signal: AbortSignal): Promise<Seen<SwitchRoute>> => {
    const before = changeCount();
    const table = await readPages(connection, TABLE, signal);
    const judgement = judgeTable(memory, table.items, removed);
    memory = judgement.memory;
    index += 1;
    for (const prefix of [...removed]) if (!judgement.items.has(prefix)) removed.delete(prefix);
    const origin = { source, epoch: memory.epoch, index, takenAt: connection.clock.monotonic() };
    const isMoved = table.pages > 1 && changeCount() !== before;
    const doubt = judgement.doubt ?? (isMoved ? "we changed the table between two pages" : undefined);
    if (doubt === undefined) return { type: "Complete", items: judgement.items, origin };
    return { type: "Partial", items: judgement.items, reason: doubt, origin };
  };
}

async function readRoute(connection: SwitchConnection, prefix: string): Promise<Reading<SwitchRoute>> {
  const keys = { DestinationNw: prefix };
  // early builds read the keys from the body, later ones from the query
  const path = `state/IPv4Route?${new URLSearchParams(keys)}`;
  const answer = await call(connection, { method: "GET", path, body: keys });
  if (answer.status === 404 && isMissing(answer.text)) return { type: "absent" };
  if (answer.status !== 200) throw refusal(`reading route ${prefix}`, answer);
  const shown = parseShown(answer.value);
  if (shown?.route.prefix !== prefix) throw refusal(`reading route ${prefix}: not what was asked for`, answer);
  return { type: "present", item: shown.route };
}

function unknownOf(error: unknown): Reading<SwitchRoute> {
  return { type: "unknown", reason: error instanceof Error ? error.message : String(error) };
}
