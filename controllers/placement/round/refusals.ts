import type { Instance } from "../../../api-types/instance.js";
import { conditionOf } from "../../../api-types/life.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { Loop, RackMemory } from "../loop.js";
import type { Refusal } from "../place/model.js";
import { isNewsOfRefusal, NO_NODE_FITS, WAITING_FOR_OFFERS } from "../refusal-news.js";
import { inParallel } from "./in-parallel.js";
import { HOLD_MS } from "./launch-all.js";
import { tryReport } from "./report.js";

/** Offers are asked for when something waits, and come soon: their absence is worth a write only when it lasts. */
const OFFER_PATIENCE_MS = 5000;
/** So many statuses are written at once. */
const WRITES_AT_ONCE = 64;

interface Refused {
  readonly refusals: readonly Refusal[];
  /** Those for which nothing can be asked, and why. */
  readonly unasked: ReadonlyMap<string, ConditionUpdate>;
}

/** Says why tasks wait, on news only; gives the times after which to say it of those whose offers may still come. */
export async function reportRefusals(
  loop: Loop,
  { heldUntil, turns }: RackMemory,
  { refusals, unasked }: Refused,
): Promise<readonly number[]> {
  const said: [string, ConditionUpdate][] = [...unasked];
  for (const key of unasked.keys()) heldUntil.set(key, loop.context.clock.monotonic() + HOLD_MS);
  const waits: number[] = [];
  for (const refusal of refusals) {
    const instance = loop.instances.get(refusal.key);
    if (instance === undefined) continue;
    const waitMs = refusal.counts.size > 0 ? 0 : patienceMs(loop, instance);
    const condition = conditionOfRefusal(refusal);
    if (waitMs > 0) {
      waits.push(waitMs);
      turns.forget(refusal.key);
    } else if (isNewsOfRefusal(conditionOf(instance, "Scheduled"), condition)) said.push([refusal.key, condition]);
  }
  await inParallel(said, WRITES_AT_ONCE, ([key, condition]) => tryReport(loop, key, { condition }));
  return waits;
}

function patienceMs({ context }: Loop, { metadata }: Instance): number {
  return (Date.parse(metadata.creationTimestamp ?? "") || 0) + OFFER_PATIENCE_MS - context.clock.now();
}

function conditionOfRefusal({ counts, message }: Refusal) {
  // without an offer nobody refused anything
  const reason = counts.size === 0 ? WAITING_FOR_OFFERS : NO_NODE_FITS;
  return { type: "Scheduled", status: "False", reason, message } as const;
}
