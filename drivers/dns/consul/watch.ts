import type { Observable } from "rxjs";
import { sleep } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { Observation } from "../../observation.js";
import { poll$, type Seen } from "../../poll.js";
import type { DnsEntry } from "../driver.js";
import { type Ownership, parseNodeServices } from "./catalog.js";
import { judge, NO_MEMORY, type WatchMemory } from "./judge.js";
import { type ConsulConnection, readIndexed, readLeader } from "./requests.js";

/** What watching our node needs. */
export interface WatchOptions {
  readonly connection: ConsulConnection;
  readonly ownership: Ownership;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
  /** Keys we deregistered and no answer has lacked since; the watch removes those it saw gone. */
  readonly removed: Set<string>;
}

/** Changes that come closer together than this are read once. */
const COALESCE_MS = 50;

/** Blocking queries on our node, one after the other; starts when subscribed, never completes, cannot error, does not replay. */
export function watchNode$(options: WatchOptions): Observable<Observation<DnsEntry>> {
  const { connection, removed } = options;
  const { clock } = connection;
  const source = `consul ${connection.address} node ${options.ownership.node}`;
  let memory = NO_MEMORY;
  const look = async (signal: AbortSignal): Promise<Seen<DnsEntry>> => {
    const answer = await readNode(options, memory, signal);
    const judgement = judge(memory, answer, removed);
    memory = judgement.memory;
    if (judgement.type === "again") return { type: "failed", reason: judgement.reason };
    for (const key of [...removed]) if (!answer.items.has(key)) removed.delete(key);
    const epoch = `${memory.leader}#${memory.resets}`;
    const origin = { source, epoch, index: memory.index, takenAt: clock.monotonic() };
    if (judgement.type === "complete") return { type: "Complete", items: answer.items, origin };
    return { type: "Partial", items: answer.items, reason: judgement.reason, origin };
  };
  return poll$({ ...options, source, clock, look, pause: (signal) => sleep(clock, COALESCE_MS, signal) });
}

/** One look at the node: an answer counts only when the same leader is named before and after it. */
async function readNode(options: WatchOptions, memory: WatchMemory, signal: AbortSignal) {
  const { connection, ownership, periodMs } = options;
  const timeoutMs = periodMs;
  const before = await readLeader(connection, { timeoutMs, signal });
  const path = `/v1/catalog/node-services/${encodeURIComponent(ownership.node)}`;
  // Consul adds up to a sixteenth to the wait, which must stay within one period
  const waitMs = Math.floor((periodMs * 15) / 16);
  const query = memory.index === 0 ? {} : { query: `index=${memory.index}&wait=${waitMs}ms` };
  const { value, index } = await readIndexed(connection, path, { ...query, timeoutMs: 2 * periodMs, signal });
  const leader = await readLeader(connection, { timeoutMs, signal });
  if (leader !== before) throw new Error(`the leader changed from ${before} to ${leader} during the query`);
  const items = parseNodeServices(value, ownership);
  if (items === undefined) throw new Error(`Consul's answer to ${path} has the wrong shape`);
  return { leader, index, items };
}
