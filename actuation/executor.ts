import { isStatus } from "../api-types/meta/status-error.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import { TransportError } from "../platform/transport.js";
import type { Action, Execute, Outcome, RefusalReason } from "./action.js";
import { type BudgetStore, createAdmission, type Overrides } from "./admission.js";
import { faultOfGround } from "./grounds.js";
import { actionRecorder } from "./record.js";

/** A back end as the executor sees it: how one kind of action is performed and read back. */
export interface Backend {
  /** Rejects with StatusError (refused) or TransportError (`isSent` tells whether the outcome is unknown). */
  apply(action: Action, signal: AbortSignal): Promise<void>;
  /** Reads back whether the outside is as the action wants it. */
  isDone(action: Action): Promise<"done" | "notDone" | "unknown">;
  /** Whether success is believed only when read back. */
  readonly verifies?: boolean;
}

/** The back ends of all racks. */
export interface Backends {
  get(rack: string, actionType: string): Backend | undefined;
}

export interface ExecutorOptions {
  readonly backends: Backends;
  /** A Leadership of the runtime, or what stands for it. */
  readonly leadership: { readonly term: string; isFresh(): boolean };
  readonly budget: BudgetStore;
  readonly overrides: Overrides;
  /** The period of the safety rules on a rack: `spec.intervals.observeSeconds`. */
  readonly periodMs: (rack: string) => number;
  /** Why this removal is frozen, if it is: too much turned bad at once (R3), or the store went back. */
  readonly freezeReason?: (action: Action) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** After so long without an answer an action's outcome counts as unknown; default 10 s. */
  readonly deadlineMs?: number;
}

/**
 * The only way from a plan to a back end. Refuses what lacks a ground or a budget, checks the fence before each send,
 * and reads back instead of repeating what has an unknown outcome. Never rejects.
 */
export function createExecutor(options: ExecutorOptions): Execute {
  const executor: Executor = {
    ...options,
    admit: createAdmission(options),
    record: actionRecorder(options),
    unsettled: new Map(),
  };
  return async (actions) => {
    const refusals = new Map<Action, Outcome | undefined>();
    for (const action of actions) refusals.set(action, await refusalBeforeBudget(executor, action));
    const isSound = (action: Action) => refusals.get(action) === undefined;
    const held = await executor.admit(actions.filter(isSound));
    const outcomes: Outcome[] = [];
    let fenced: Outcome | undefined;
    for (const action of actions) {
      const refusal =
        refusals.get(action) ?? (fenced && { ...fenced, action }) ?? refusalToSend(executor, action, held);
      const startedAt = options.clock.monotonic();
      const outcome = refusal ?? (await perform(executor, action));
      executor.record(outcome, options.clock.monotonic() - startedAt);
      outcomes.push(outcome);
      if (outcome.type === "refused" && outcome.reason === "Fenced") fenced = outcome;
    }
    return outcomes;
  };
}

const DEADLINE_MS = 10_000;
/** So many targets with an unknown outcome are remembered; the oldest is forgotten first. */
const UNSETTLED_MAX = 10_000;

interface Executor extends ExecutorOptions {
  readonly admit: ReturnType<typeof createAdmission>;
  readonly record: ReturnType<typeof actionRecorder>;
  /** The last action on a target whose outcome nobody knows. */
  readonly unsettled: Map<string, Action>;
}

async function refusalBeforeBudget(executor: Executor, action: Action): Promise<Outcome | undefined> {
  const fault = faultOfGround(action, executor.periodMs(action.rack));
  if (fault !== undefined) return refused(action, "GroundMissing", fault);
  if (action.ground === undefined) return undefined;
  const frozen = await executor.freezeReason?.(action);
  return frozen === undefined ? undefined : refused(action, "Frozen", frozen);
}

function refusalToSend(executor: Executor, action: Action, held: string | undefined): Outcome | undefined {
  if (held !== undefined && action.budgetClass !== undefined) return refused(action, "BudgetExceeded", held);
  if (!executor.leadership.isFresh()) return refused(action, "Fenced", "the lease is too old for an external action");
  return undefined;
}

async function perform(executor: Executor, action: Action): Promise<Outcome> {
  const backend = executor.backends.get(action.rack, action.type);
  if (backend === undefined) return { type: "failed", action, message: `rack ${action.rack} has no ${action.type}` };
  const settled = await settle(executor, backend, action);
  if (settled !== undefined) return settled;
  // reading back took time
  const refusal = refusalToSend(executor, action, undefined);
  if (refusal !== undefined) return refusal;
  const answer = await send(executor, backend, action);
  const outcome = await outcomeOf(executor, backend, { action, answer });
  remember(executor, outcome);
  return outcome;
}

/** A target whose last outcome is unknown is read first: held while that stays so, never blindly repeated. */
async function settle(executor: Executor, backend: Backend, action: Action): Promise<Outcome | undefined> {
  const before = executor.unsettled.get(targetOf(action));
  if (before === undefined) return undefined;
  const former = executor.backends.get(before.rack, before.type) ?? backend;
  const state = await readBack(executor, former, before);
  if (state === "unknown") {
    return { type: "unknown", action, message: `held: the outcome of ${before.type} ${before.key} is still unknown` };
  }
  executor.unsettled.delete(targetOf(action));
  const isSame = before.type === action.type && JSON.stringify(before.change) === JSON.stringify(action.change);
  return state === "done" && isSame ? { type: "verified", action } : undefined;
}

type Answer =
  | { readonly type: "acknowledged" }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "lost"; readonly message: string };

async function send(executor: Executor, backend: Backend, action: Action): Promise<Answer> {
  const { deadlineMs = DEADLINE_MS, leadership } = executor;
  const stamped: Action = { ...action, term: leadership.term };
  const apply = async (signal: AbortSignal): Promise<Answer> => {
    await backend.apply(stamped, signal);
    return { type: "acknowledged" };
  };
  return within(executor, apply, { type: "lost", message: `no answer in ${deadlineMs} ms` }).catch(answerOfError);
}

/** The result of `call`, or `otherwise` when it takes too long; its signal aborts then. */
function within<T>(executor: Executor, call: (signal: AbortSignal) => Promise<T>, otherwise: T): Promise<T> {
  const abort = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = executor.clock.schedule(executor.deadlineMs ?? DEADLINE_MS, () => {
      resolve(otherwise);
      abort.abort();
    });
    defer(() => call(abort.signal))
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

/** What a failure tells: only a refusal and a request that never left are certain. */
function answerOfError(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TransportError && !error.isSent) return { type: "failed", message };
  if (isStatus(error, "TooManyRequests")) return { type: "failed", message };
  if (isStatus(error) && !isStatus(error, "Timeout", "InternalError", "ServiceUnavailable")) {
    return { type: "refused", message };
  }
  return { type: "lost", message };
}

async function outcomeOf(
  executor: Executor,
  backend: Backend,
  { action, answer }: { readonly action: Action; readonly answer: Answer },
): Promise<Outcome> {
  switch (answer.type) {
    case "refused":
      return refused(action, "BackendRefused", answer.message);
    case "failed":
      return { type: "failed", action, message: answer.message };
    case "acknowledged":
      if (!backend.verifies) return { type: "verified", action };
      return outcomeOfReading(
        action,
        await readBack(executor, backend, action),
        "acknowledged, but not so when read back",
      );
    case "lost":
      return outcomeOfReading(action, await readBack(executor, backend, action), answer.message);
    default:
      return answer satisfies never;
  }
}

function outcomeOfReading(action: Action, state: Awaited<ReturnType<Backend["isDone"]>>, message: string): Outcome {
  if (state === "done") return { type: "verified", action };
  return { type: state === "notDone" ? "failed" : "unknown", action, message };
}

function readBack(executor: Executor, backend: Backend, action: Action): ReturnType<Backend["isDone"]> {
  return within(executor, () => backend.isDone(action), "unknown").catch(() => "unknown" as const);
}

function remember({ unsettled }: Executor, { type, action }: Outcome): void {
  unsettled.delete(targetOf(action));
  if (type !== "unknown") return;
  const [oldest] = unsettled.keys();
  if (unsettled.size >= UNSETTLED_MAX && oldest !== undefined) unsettled.delete(oldest);
  unsettled.set(targetOf(action), action);
}

function targetOf({ rack, type, key }: Action): string {
  return `${rack}/${type.slice(0, type.lastIndexOf("."))}/${key}`;
}

function refused(action: Action, reason: RefusalReason, message: string): Outcome {
  return { type: "refused", action, reason, message };
}

/** A call whose synchronous exception is a rejection too. */
async function defer<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
