import type { Condition } from "../../../api-types/meta/object.js";
import type { NodeReading } from "../../../drivers/metrics/driver.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";

/** How the last round and the last write went. */
export interface Evidence {
  readonly readings: ReadonlyMap<string, NodeReading>;
  /** Why the last write did not succeed; undefined: it did, or there is none. */
  readonly writing: { readonly type: "refused" | "failed"; readonly reason: string } | undefined;
}

/** Nodes that a message names. */
const NAMED_MAX = 3;

/**
 * | nodes that did not answer | the last write | MetricsReady           |
 * |---------------------------|----------------|------------------------|
 * | more than half            |                | False, SourceSilent    |
 * | half or fewer             | failed         | False, DatabaseAway    |
 * | half or fewer             | refused        | False, PointsRefused   |
 * | half or fewer             | succeeded      | True, MetricsCollected |
 */
export function verdictOf({ readings, writing }: Evidence): ConditionUpdate {
  const silent = [...readings].flatMap(([node, reading]) =>
    reading.type === "failed" ? [`${node}: ${reading.reason}`] : [],
  );
  if (silent.length * 2 > readings.size) {
    const more = silent.length > NAMED_MAX ? `; and ${silent.length - NAMED_MAX} more` : "";
    return no("SourceSilent", `most nodes give no measurements: ${silent.slice(0, NAMED_MAX).join("; ")}${more}`);
  }
  if (writing === undefined) return { type: TYPE, status: "True", reason: "MetricsCollected", message: "" };
  if (writing.type === "refused")
    return no("PointsRefused", `the database does not take some points: ${writing.reason}`);
  return no("DatabaseAway", `points are kept until they can be written: ${writing.reason}`);
}

const TYPE = "MetricsReady";

function no(reason: string, message: string): ConditionUpdate {
  return { type: TYPE, status: "False", reason, message };
}

/** A verdict that the Rack does not show yet, and how many rounds in a row came to it. */
export interface Doubt {
  readonly reason: string;
  readonly rounds: number;
}

/** As many rounds must agree before what the Rack shows changes: one lost answer is no news. */
const ROUNDS_MIN = 3;

/**
 * What the Rack is to show after a round: while the reason is the one that it shows, nothing new is written, whatever the
 * details; collecting that begins well is told at once.
 */
export function settle(
  verdict: ConditionUpdate,
  { shown, doubt }: { readonly shown: Condition | undefined; readonly doubt: Doubt | undefined },
): { readonly show: ConditionUpdate | undefined; readonly doubt: Doubt | undefined } {
  if (shown?.reason === verdict.reason && shown.status === verdict.status) return { show: shown, doubt: undefined };
  const rounds = doubt?.reason === verdict.reason ? doubt.rounds + 1 : 1;
  const isCertain = rounds >= ROUNDS_MIN || (shown === undefined && verdict.status === "True");
  if (isCertain) return { show: verdict, doubt: undefined };
  return { show: shown, doubt: { reason: verdict.reason, rounds } };
}
