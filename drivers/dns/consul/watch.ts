import { Observable, type Subscriber } from "rxjs";
import { sleep, type Timer } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { Observation } from "../../observation.js";
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

/** A view not confirmed for this many periods is Unknown (R7). */
const PERIODS_MAX = 3;
/** Changes that come closer together than this are read once. */
const COALESCE_MS = 50;
const RETRY_MIN_MS = 100;

/** Blocking queries on our node, one after the other; starts when subscribed, never completes, cannot error, does not replay. */
export function watchNode$(options: WatchOptions): Observable<Observation<DnsEntry>> {
  let memory = NO_MEMORY;
  const look = async (signal: AbortSignal): Promise<Seen> => {
    const answer = await readNode(options, memory, signal);
    const judgement = judge(memory, answer, options.removed);
    memory = judgement.memory;
    if (judgement.type === "again") return { type: "failed", reason: judgement.reason };
    for (const key of [...options.removed]) if (!answer.items.has(key)) options.removed.delete(key);
    const origin = originOf(options, memory);
    if (judgement.type === "complete") return { type: "Complete", items: answer.items, origin };
    return { type: "Partial", items: answer.items, reason: judgement.reason, origin };
  };
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const view = createView(subscriber, options);
    void repeat(() => look(abort.signal), { ...options, view, signal: abort.signal });
    return () => {
      abort.abort();
      view.close();
    };
  });
}

type Seen = Exclude<Observation<DnsEntry>, { type: "Unknown" }> | { readonly type: "failed"; readonly reason: string };

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

function originOf({ connection, ownership }: WatchOptions, memory: WatchMemory) {
  return {
    source: `consul ${connection.address} node ${ownership.node}`,
    epoch: `${memory.leader}#${memory.resets}`,
    index: memory.index,
    takenAt: connection.clock.monotonic(),
  };
}

interface View {
  saw(seen: Exclude<Seen, { type: "failed" }>): void;
  failed(reason: string): void;
  close(): void;
}

/** Begins Unknown, and becomes it again when nothing was seen for three periods. */
function createView(subscriber: Subscriber<Observation<DnsEntry>>, options: WatchOptions): View {
  const { clock } = options.connection;
  let since = clock.monotonic();
  let reason = "not observed yet";
  let isUnknown = false;
  const becomeUnknown = () => {
    isUnknown = true;
    subscriber.next({ type: "Unknown", reason, since, source: `consul ${options.connection.address}` });
  };
  const arm = () => clock.schedule(PERIODS_MAX * options.periodMs, becomeUnknown);
  let timer: Timer = arm();
  becomeUnknown();
  return {
    saw(seen) {
      timer.cancel();
      timer = arm();
      since = clock.monotonic();
      isUnknown = false;
      subscriber.next(seen);
    },
    failed(why) {
      const isNews = why !== reason;
      reason = why;
      if (isUnknown && isNews) becomeUnknown();
    },
    close: () => timer.cancel(),
  };
}

/** Looks again and again until aborted; after a failure with full-jitter back-off up to one period. */
async function repeat(
  look: () => Promise<Seen>,
  options: WatchOptions & { readonly view: View; readonly signal: AbortSignal },
): Promise<void> {
  const { view, signal, random, periodMs, log } = options;
  let failures = 0;
  while (!signal.aborted) {
    const seen = await look().catch(failureOf);
    if (signal.aborted) return;
    if (seen.type === "failed") {
      failures += 1;
      view.failed(seen.reason);
      log.warn("consul catalogue not observed", { reason: seen.reason, failures });
    } else {
      failures = 0;
      view.saw(seen);
    }
    const ceiling = Math.min(periodMs, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
    const pauseMs = failures === 0 ? COALESCE_MS : RETRY_MIN_MS + random.next() * ceiling;
    await sleep(options.connection.clock, pauseMs, signal);
  }
}

function failureOf(error: unknown): Seen {
  return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
}
