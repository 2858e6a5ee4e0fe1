import type { Clock } from "../../platform/clock.js";

/** When a call about a task was last made, so that it is not repeated with every look at its Instance. */
export interface Pace {
  /** How long the call must wait still; 0: it may be made now. */
  dueMs(call: string, taskId: string, periodMs: number): number;
  made(call: string, taskId: string): void;
  isMade(call: string, taskId: string): boolean;
  /** The task is over. */
  forget(taskId: string | undefined): void;
  /** Whoever heard the calls is gone. */
  clear(): void;
}

/** So many tasks are remembered; the oldest is forgotten first, which costs one call that is made again. */
const TASKS_MAX = 100_000;

/** Entries live until their task is forgotten or the connection is new. */
export function createPace(clock: Clock): Pace {
  const made = new Map<string, Map<string, number>>();
  return {
    dueMs(call, taskId, periodMs) {
      const last = made.get(taskId)?.get(call);
      return last === undefined ? 0 : Math.max(0, last + periodMs - clock.monotonic());
    },
    made(call, taskId) {
      const calls = made.get(taskId) ?? new Map<string, number>();
      made.delete(taskId);
      made.set(taskId, calls.set(call, clock.monotonic()));
      const [oldest] = made.keys();
      if (made.size > TASKS_MAX && oldest !== undefined) made.delete(oldest);
    },
    isMade: (call, taskId) => made.get(taskId)?.has(call) ?? false,
    forget(taskId) {
      if (taskId !== undefined) made.delete(taskId);
    },
    clear: () => made.clear(),
  };
}
