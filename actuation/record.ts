import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import type { Outcome } from "./action.js";

/** Writes down what became of an action: one log line with its cause and evidence, and the metrics. */
export type RecordOutcome = (outcome: Outcome, durationMs: number) => void;

/** A refusal that stays the same is written down again after this time only, however often it is asked for. */
const SAME_REFUSAL_MS = 300_000;
/** So many refusals are remembered; the oldest is forgotten first, which costs one line. */
const REFUSALS_MAX = 10_000;

/** A recorder; lines are numbered within this process. */
export function actionRecorder(options: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  readonly leadership: { readonly term: string };
}): RecordOutcome {
  const { log, metrics, leadership } = options;
  const counter = metrics?.counter({
    name: "rackwright_actions_total",
    help: "Actions by type, rack and outcome",
    labelNames: ["type", "rack", "outcome"],
  });
  const durations = metrics?.histogram({
    name: "rackwright_action_duration_seconds",
    help: "Time from the send of an action to its verdict",
    labelNames: ["type"],
  });
  let id = 0;
  const isOldNews = refusalMemory(options.clock);
  return (outcome, durationMs) => {
    const { action } = outcome;
    const verdict = outcome.type === "refused" ? outcome.reason : outcome.type;
    counter?.inc({ type: action.type, rack: action.rack, outcome: verdict });
    if (outcome.type !== "refused") durations?.observe({ type: action.type }, durationMs / 1000);
    if (isOldNews(outcome)) return;
    const { change: _, message, ...fields } = action;
    const detail = outcome.type === "verified" ? {} : { detail: outcome.message };
    const line = { ...fields, id: ++id, term: leadership.term, why: message, outcome: verdict, durationMs, ...detail };
    if (outcome.type === "verified") log.info("action", line);
    else log.warn("action", line);
  };
}

/** Tells whether the last word about a target was the same refusal, a short while ago. */
function refusalMemory(clock: Clock): (outcome: Outcome) => boolean {
  const told = new Map<string, { readonly reason: string; readonly at: number }>();
  return (outcome) => {
    const { rack, type, key } = outcome.action;
    const target = `${rack}/${type}/${key}`;
    const known = told.get(target);
    if (outcome.type !== "refused") {
      told.delete(target);
      return false;
    }
    const at = clock.monotonic();
    if (known?.reason === outcome.reason && at - known.at < SAME_REFUSAL_MS) return true;
    told.delete(target);
    told.set(target, { reason: outcome.reason, at });
    const [oldest] = told.keys();
    if (told.size > REFUSALS_MAX && oldest !== undefined) told.delete(oldest);
    return false;
  };
}
