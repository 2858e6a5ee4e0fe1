import { distinctUntilChanged, filter, map, NEVER, type Observable } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import type { Logger } from "../../../../platform/log.js";
import type { Random } from "../../../../platform/random.js";
import { type MasterAddress, watchLeader } from "../zookeeper/leader.js";
import type { ConnectSocket } from "../zookeeper/socket.js";

/** Names the master to try next. */
export interface MasterSource {
  /** Its base URL; rejects with the reason when none is known. */
  next(): Promise<string>;
  /** The master that leads, each time it is another one; never where that is not known. */
  readonly leader$: Observable<string>;
  close(): void;
}

/** What a source of masters needs. */
export interface MasterSourceOptions {
  /** URLs of masters, or one `zk://` address. */
  readonly masters: readonly string[];
  /** Whether masters in ZooKeeper are reached by https. */
  readonly isSecure: () => boolean;
  readonly connect: ConnectSocket;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The masters in turn, or the one that ZooKeeper says leads. */
export function masterSource(options: MasterSourceOptions): MasterSource {
  const { masters, isSecure } = options;
  const address = masters.find((master) => master.startsWith("zk://"));
  if (address === undefined) return rotation(masters);
  const watch = watchLeader({ ...options, address });
  return {
    next: async () => urlOf(await watch.leader(), isSecure()),
    leader$: watch.leader$.pipe(
      filter((each) => each.type === "leads"),
      map(({ master }) => urlOf(master, isSecure())),
      distinctUntilChanged(),
    ),
    close: watch.close,
  };
}

function rotation(masters: readonly string[]): MasterSource {
  let turn = 0;
  return { next: async () => masters[turn++ % masters.length] ?? "", leader$: NEVER, close: () => {} };
}

/** By name with TLS, whose certificates name hosts; else by address, which needs no resolver. */
function urlOf({ hostname, ip, port }: MasterAddress, isSecure: boolean): string {
  const host = (isSecure ? (hostname ?? ip) : (ip ?? hostname)) ?? "";
  return `${isSecure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
