import type { Clock, Timer } from "../../../../platform/clock.js";
import type { TaskStatus } from "../../driver.js";
import { isTerminal } from "../mapping/status.js";

/** A task to ask for; the agent is left out only when it is not known. */
export interface TaskKey {
  readonly taskId: string;
  readonly agentId: string | undefined;
}

/** Knows which tasks should exist and asks the master for them until it has answered for each. */
export interface Reconciler {
  /** A new subscription: every known task is asked for again. */
  begin(): void;
  /** The subscription is lost: no question is open, all will be asked anew. */
  end(): void;
  /** From now on known, without a question. */
  learn(key: TaskKey): void;
  /** It was never there after all. */
  forget(taskId: string): void;
  /** From now on known, and asked for until it answers; an open question is not repeated for this. */
  ask(keys: readonly TaskKey[]): void;
  /** Any status answers the question; a terminal or unknown task need not be known any longer. */
  heard(status: TaskStatus): void;
  /** Tasks known since before `at` that are not in `listed`. */
  missing(listed: ReadonlySet<string>, at: number): readonly TaskKey[];
  openQuestions(): number;
}

/** What a reconciler needs. `send` may reject: the question is repeated anyway. */
export interface ReconcilerOptions {
  readonly clock: Clock;
  send(keys: readonly TaskKey[]): Promise<void>;
}

const REPEAT_MIN_MS = 1_000;
const REPEAT_MAX_MS = 60_000;
const IMPLICIT_PERIOD_MS = 15 * 60_000;

/** Tasks of one RECONCILE call. */
const BATCH_MAX = 1_000;

interface KnownTask {
  readonly agentId: string | undefined;
  readonly since: number;
}

/** Absence of an answer is no answer: questions are repeated with truncated exponential back-off. */
export function createReconciler({ clock, send }: ReconcilerOptions): Reconciler {
  const known = new Map<string, KnownTask>();
  const open = new Set<string>();
  let isActive = false;
  let repeatMs = REPEAT_MIN_MS;
  let repeatTimer: Timer | undefined;
  let implicitTimer: Timer | undefined;

  function learn({ taskId, agentId }: TaskKey): void {
    const before = known.get(taskId);
    known.set(taskId, { agentId: agentId ?? before?.agentId, since: before?.since ?? clock.monotonic() });
  }

  function ask(keys: readonly TaskKey[]): void {
    const fresh = keys.filter(({ taskId }) => !open.has(taskId));
    for (const key of fresh) {
      learn(key);
      open.add(key.taskId);
    }
    if (!isActive || fresh.length === 0) return;
    repeatMs = REPEAT_MIN_MS;
    sendAll(fresh.map(({ taskId }) => taskId));
    armRepeat();
  }

  function sendAll(taskIds: readonly string[]): void {
    for (let at = 0; at < taskIds.length; at += BATCH_MAX) {
      const batch = taskIds.slice(at, at + BATCH_MAX);
      const keys = batch.map((taskId) => ({ taskId, agentId: known.get(taskId)?.agentId }));
      // a failed call is repeated by the timer
      send(keys).catch(() => {});
    }
  }

  function armRepeat(): void {
    repeatTimer?.cancel();
    repeatTimer = clock.schedule(repeatMs, () => {
      repeatTimer = undefined;
      if (open.size === 0) return;
      repeatMs = Math.min(repeatMs * 2, REPEAT_MAX_MS);
      sendAll([...open]);
      armRepeat();
    });
  }

  function armImplicit(): void {
    implicitTimer = clock.schedule(IMPLICIT_PERIOD_MS, () => {
      send([]).catch(() => {});
      armImplicit();
    });
  }

  function end(): void {
    isActive = false;
    repeatTimer?.cancel();
    implicitTimer?.cancel();
  }

  return {
    begin() {
      end();
      isActive = true;
      open.clear();
      armImplicit();
      ask([...known].map(([taskId, { agentId }]) => ({ taskId, agentId })));
    },
    end,
    learn,
    forget(taskId) {
      known.delete(taskId);
      open.delete(taskId);
    },
    ask,
    heard(status) {
      open.delete(status.taskId);
      if (isTerminal(status.state) || status.state === "Unknown") known.delete(status.taskId);
      else learn(status);
    },
    missing: (listed, at) =>
      [...known].flatMap(([taskId, { agentId, since }]) =>
        since < at && !listed.has(taskId) ? [{ taskId, agentId }] : [],
      ),
    openQuestions: () => open.size,
  };
}
