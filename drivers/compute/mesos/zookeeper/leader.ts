import { BehaviorSubject, distinctUntilChanged, filter, firstValueFrom, map, type Observable, race } from "rxjs";
import { after$, type Clock, sleep } from "../../../../platform/clock.js";
import { isRecord } from "../../../../platform/is-record.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import { parseZooKeeperAddress, type ZooKeeperAddress } from "./address.js";
import { runEnsemble } from "./ensemble.js";
import type { ZooKeeperConnection } from "./session.js";
import type { ConnectSocket } from "./socket.js";

/** A master as it registered itself. */
export interface MasterAddress {
  readonly hostname: string | undefined;
  readonly ip: string | undefined;
  readonly port: number;
}

/** What ZooKeeper says of the masters. */
export type Leadership =
  | { readonly type: "leads"; readonly master: MasterAddress }
  | { readonly type: "unknown"; readonly reason: string };

/** Follows the leading master. */
export interface LeaderWatch {
  /** Replays the last; completes with `close`, cannot error. */
  readonly leader$: Observable<Leadership>;
  /** The leader, waiting a while for it; rejects with the reason when there is none. */
  leader(): Promise<MasterAddress>;
  close(): void;
}

/** What a leader watch needs. */
export interface LeaderWatchOptions {
  /** `zk://host:port,…/path` */
  readonly address: string;
  readonly connect: ConnectSocket;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How long an attempt waits for a leader: as long as ZooKeeper needs to notice that the last one died. */
const WAIT_MS = 10_000;

/** Everything is read anew so often even when no watch fires, and where there is nothing to watch. */
const REREAD_MS = 30_000;
const RETRY_MS = 2_000;

/** Connects at once and stays connected until `close`. A leader once known stays known while ZooKeeper is away. */
export function watchLeader({ address, connect, clock, random, log }: LeaderWatchOptions): LeaderWatch {
  const state = new BehaviorSubject<Leadership>({ type: "unknown", reason: "ZooKeeper has not answered yet" });
  const closing = new AbortController();
  const ensemble = parseZooKeeperAddress(address);
  const tell = (next: Leadership) => {
    if (JSON.stringify(next) !== JSON.stringify(state.value)) state.next(next);
  };
  const fail = (reason: string) => {
    if (state.value.type === "unknown") tell({ type: "unknown", reason });
  };
  if (ensemble === undefined)
    tell({ type: "unknown", reason: `${address} is not an address such as zk://host:2181/mesos` });
  else {
    void runEnsemble(
      {
        servers: ensemble.servers,
        connect,
        clock,
        random,
        log,
        onConnected: (connection) => void follow({ connection, ensemble, clock, tell, fail }),
        onLost: fail,
      },
      closing.signal,
    );
  }
  return {
    leader$: state.pipe(distinctUntilChanged()),
    async leader() {
      const known$ = state.pipe(
        filter((each) => each.type === "leads"),
        map(({ master }) => master),
      );
      const late$ = after$(clock, WAIT_MS).pipe(map(() => undefined));
      const master = await firstValueFrom(race(known$, late$), { defaultValue: undefined });
      if (master !== undefined) return master;
      throw new Error(state.value.type === "unknown" ? state.value.reason : "ZooKeeper was asked too late");
    },
    close() {
      closing.abort();
      state.complete();
    },
  };
}

interface Following {
  readonly connection: ZooKeeperConnection;
  readonly ensemble: ZooKeeperAddress;
  readonly clock: Clock;
  tell(next: Leadership): void;
  /** Nothing was learned: a leader once known stays known. */
  fail(reason: string): void;
}

/** Reads the leader again whenever the masters change, until the connection is lost. Never rejects. */
async function follow({ connection, ensemble, clock, tell, fail }: Following): Promise<void> {
  while (!connection.signal.aborted) {
    const pause = new AbortController();
    const wake = () => pause.abort();
    connection.signal.addEventListener("abort", wake, { once: true });
    const seen = await readLeader(connection, ensemble.path, wake).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      // what ended with its connection is told as the loss of that
      if (!connection.signal.aborted) fail(`reading ${ensemble.path} from ZooKeeper: ${why}`);
      return undefined;
    });
    if (seen !== undefined) tell(seen);
    await sleep(clock, seen?.type === "leads" ? REREAD_MS : RETRY_MS, pause.signal);
    connection.signal.removeEventListener("abort", wake);
  }
}

async function readLeader(connection: ZooKeeperConnection, path: string, onChange: () => void): Promise<Leadership> {
  const names = await connection.children(path, onChange);
  if (names === undefined) return { type: "unknown", reason: `ZooKeeper has no node ${path}` };
  const first = leadingNode(names);
  if (first === undefined) return { type: "unknown", reason: `no master is registered in ZooKeeper below ${path}` };
  const data = await connection.data(`${path}/${first}`);
  // gone between the two reads: the watch has fired
  if (data === undefined) return { type: "unknown", reason: "the leading master has just left ZooKeeper" };
  const master = parseMaster(data);
  return master === undefined
    ? { type: "unknown", reason: `ZooKeeper node ${path}/${first} names no address` }
    : { type: "leads", master };
}

/** The lowest sequence number leads. Older masters write protobuf (`info_…`), which no supported Mesos does. */
export function leadingNode(names: readonly string[]): string | undefined {
  return names
    .filter((name) => /^json\.info_\d{10}$/.test(name))
    .toSorted()
    .at(0);
}

/** Of MasterInfo only `address`: its own `ip` is a number in the byte order of the machine. */
export function parseMaster(data: Uint8Array): MasterAddress | undefined {
  try {
    const info: unknown = JSON.parse(Buffer.from(data).toString("utf8"));
    const address = isRecord(info) && isRecord(info.address) ? info.address : {};
    const { hostname, ip, port } = address;
    if (typeof port !== "number" || (typeof hostname !== "string" && typeof ip !== "string")) return undefined;
    return {
      hostname: typeof hostname === "string" && hostname !== "" ? hostname : undefined,
      ip: typeof ip === "string" && ip !== "" ? ip : undefined,
      port,
    };
  } catch {
    // not JSON: not a master
    return undefined;
  }
}
