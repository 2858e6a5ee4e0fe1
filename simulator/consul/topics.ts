import type { Clock } from "../../platform/clock.js";

/** Which part of the state a query reads: it wakes when that part changes, and only then. */
export type Topic =
  | `node:${string}`
  | `service:${string}`
  | `agent:${string}`
  | "nodes"
  | "services"
  | "kv"
  | `key:${string}`;

interface Waiter {
  readonly topic: Topic;
  readonly minIndex: number;
  readonly wake: () => void;
}

/** The index of every topic, and the blocking queries that wait for one to pass theirs. */
export interface Topics {
  /** The index of the last write. */
  current(): number;
  /** Index of the topic's last change; of a topic without one, the last change of anything. */
  indexOf(topic: Topic): number;
  /** Counts one write that changed `changed` and emptied `emptied`; returns its index. */
  commit(changed: readonly Topic[], emptied?: readonly Topic[]): number;
  /** Resolves when the topic's index exceeds `minIndex`, after `waitMs`, or on abort. */
  wait(
    topic: Topic,
    minIndex: number,
    limit: { readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Wakes everyone and starts over at `index`. */
  reset(index: number): void;
}

/** Begins at `index`. */
export function createTopics(clock: Clock, index: number): Topics {
  const indexes = new Map<Topic, number>();
  const waiters = new Set<Waiter>();
  let current = index;
  const indexOf = (topic: Topic) => indexes.get(topic) ?? current;

  return {
    current: () => current,
    indexOf,
    commit(changed, emptied = []) {
      current += 1;
      for (const topic of changed) indexes.set(topic, current);
      for (const topic of emptied) indexes.delete(topic);
      for (const waiter of [...waiters]) if (indexOf(waiter.topic) > waiter.minIndex) waiter.wake();
      return current;
    },
    wait(topic, minIndex, { waitMs, signal }) {
      if (indexOf(topic) > minIndex || signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          timer.cancel();
          signal?.removeEventListener("abort", wake);
          waiters.delete(waiter);
          resolve();
        };
        const waiter: Waiter = { topic, minIndex, wake };
        const timer = clock.schedule(waitMs, wake);
        signal?.addEventListener("abort", wake, { once: true });
        waiters.add(waiter);
      });
    },
    reset(next) {
      current = next;
      indexes.clear();
      for (const waiter of [...waiters]) waiter.wake();
    },
  };
}
