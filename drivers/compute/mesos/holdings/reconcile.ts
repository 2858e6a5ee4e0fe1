import type { Clock, Timer } from "../../../../platform/clock.js";
import type { TaskStatus } from "../../driver.js";
import { isTerminal } from "../mapping/status.js";

/** A task to ask for; the agent is left out only when it is not known. */
export interface TaskKey {
  readonly taskId: string;
  readonly agentId: string | undefined;
}

/** A task that is known and not in a listing. */
export interface UnlistedTask extends TaskKey {
  /** This master said that its agent is out of reach: such tasks it does not list after it was restarted. */
  readonly isAway: boolean;
  /** When it became known, monotonic. */
  readonly since: number;
  /** When it was last asked for, monotonic. */
  readonly askedAt: number;
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
  /** Known tasks that are not in `listed`: nobody said that they ended. */
  unlisted(listed: ReadonlySet<string>): readonly UnlistedTask[];
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
export const BATCH_MAX = 1_000;

type KnownTask = Omit<UnlistedTask, "taskId">;

interface Questions {
  readonly options: ReconcilerOptions;
  readonly known: Map<string, KnownTask>;
  readonly open: Set<string>;
  isActive: boolean;
  repeatMs: number;
  repeatTimer: Timer | undefined;
  implicitTimer: Timer | undefined;
}

/** Absence of an answer is no answer: questions are repeated with truncated exponential back-off. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const known = new Map<string, KnownTask>();
  const open = new Set<string>();
  const questions: Questions = {
    options,
    known,
    open,
    isActive: false,
    repeatMs: REPEAT_MIN_MS,
    repeatTimer: undefined,
    implicitTimer: undefined,
  };
  return {
    begin: () => begin(questions),
    end: () => end(questions),
    learn: (key) => learn(questions, key),
    forget(taskId) {
      known.delete(taskId);
      open.delete(taskId);
    },
    ask: (keys) => ask(questions, keys),
    heard(status) {
      // of a call that did not name the agent the master knows no task that is out of reach
      const isAgentKnown = known.get(status.taskId)?.agentId !== undefined;
      if (status.state === "Unknown" && status.agentId === undefined && isAgentKnown) return;
      open.delete(status.taskId);
      if (isTerminal(status.state) || status.state === "Unknown") known.delete(status.taskId);
      else learn(questions, status, AWAY_STATES.includes(status.state));
    },
    unlisted: (listed) => unlisted(known, listed),
    openQuestions: () => open.size,
  };
}

function unlisted(known: ReadonlyMap<string, KnownTask>, listed: ReadonlySet<string>): readonly UnlistedTask[] {
  const found: UnlistedTask[] = [];
  for (const [taskId, task] of known) if (!listed.has(taskId)) found.push({ taskId, ...task });
  return found;
}

function begin(questions: Questions): void {
  end(questions);
  questions.isActive = true;
  questions.open.clear();
  armImplicit(questions);
  for (const [taskId, task] of questions.known) questions.known.set(taskId, { ...task, isAway: false });
  ask(
    questions,
    [...questions.known].map(([taskId, { agentId }]) => ({ taskId, agentId })),
  );
}

function end(questions: Questions): void {
  questions.isActive = false;
  questions.repeatTimer?.cancel();
  questions.implicitTimer?.cancel();
}

const AWAY_STATES: readonly TaskStatus["state"][] = ["Unreachable", "Lost"];

function learn({ known, options }: Questions, { taskId, agentId }: TaskKey, isAway?: boolean): void {
  const before = known.get(taskId);
  known.set(taskId, {
    agentId: agentId ?? before?.agentId,
    since: before?.since ?? options.clock.monotonic(),
    askedAt: before?.askedAt ?? Number.NEGATIVE_INFINITY,
    isAway: isAway ?? before?.isAway ?? false,
  });
}

function ask(questions: Questions, keys: readonly TaskKey[]): void {
  const fresh = keys.filter(({ taskId }) => !questions.open.has(taskId));
  for (const key of fresh) {
    learn(questions, key);
    questions.open.add(key.taskId);
  }
  if (!questions.isActive || fresh.length === 0) return;
  questions.repeatMs = REPEAT_MIN_MS;
  const freshIds = fresh.map(({ taskId }) => taskId);
  void sendAll(questions, freshIds);
  armRepeat(questions);
}

/** In as many turns of the event loop as that takes; those that a lost subscription left over are asked for in the next. */
async function sendAll(questions: Questions, taskIds: readonly string[]): Promise<void> {
  const { known, options } = questions;
  const askedAt = options.clock.monotonic();
  for (let at = 0; at < taskIds.length; at += BATCH_MAX) {
    const keys = taskIds.slice(at, at + BATCH_MAX).map((taskId) => ({ taskId, agentId: known.get(taskId)?.agentId }));
    for (const { taskId } of keys) {
      const task = known.get(taskId);
      if (task !== undefined) known.set(taskId, { ...task, askedAt });
    }
    // a failed call is repeated by the timer
    options.send(keys).catch(() => {});
    const breath = options.clock.breathe?.();
    if (breath !== undefined) await breath;
    if (!questions.isActive) return;
  }
}

function armRepeat(questions: Questions): void {
  questions.repeatTimer?.cancel();
  questions.repeatTimer = questions.options.clock.schedule(questions.repeatMs, () => {
    if (questions.open.size === 0) return;
    questions.repeatMs = Math.min(questions.repeatMs * 2, REPEAT_MAX_MS);
    void sendAll(questions, [...questions.open]);
    armRepeat(questions);
  });
}

function armImplicit(questions: Questions): void {
  const { clock, send } = questions.options;
  questions.implicitTimer = clock.schedule(IMPLICIT_PERIOD_MS, () => {
    // a failed one is made up for by the next
    send([]).catch(() => {});
    armImplicit(questions);
  });
}
