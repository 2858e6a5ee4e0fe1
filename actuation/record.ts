import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import type { Outcome } from "./action.js";

/** Writes down what became of an action: one log line with its cause and evidence, and the metrics. */
export type RecordOutcome = (outcome: Outcome, durationMs: number) => void;

/** A refusal that stays the same is written down again after this time only, however often it is asked for. */
const SAME_REFUSAL_MS = 300_000;
/** So many refusals are remembered; then all are forgotten, which costs one line each. */
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

/** Tells whether a target was refused for the same reason a short while ago. */
function refusalMemory({ monotonic }: Clock): (outcome: Outcome) => boolean {
  const told = new Map<string, number>();
  return (outcome) => {
    if (outcome.type !== "refused") return false;
    const { rack, type, key } = outcome.action;
    const what = `${rack}/${type}/${key} ${outcome.reason}`;
    if (monotonic() - (told.get(what) ?? Number.NEGATIVE_INFINITY) < SAME_REFUSAL_MS) return true;
    if (told.size >= REFUSALS_MAX) told.clear();
    told.set(what, monotonic());
    return false;
  };
}
