import { setMaxListeners } from "node:events";
import type { Clock } from "../../platform/clock.js";
import type { MeterTarget, NodeMeter, NodeReading } from "./driver.js";

export interface SweepOptions {
  readonly clock: Clock;
  /** One node; a rejection is a failed reading. */
  readonly measure: (target: MeterTarget, signal: AbortSignal) => Promise<NodeReading>;
  /** What is remembered of nodes that are asked no more. */
  readonly forget?: (isAsked: (node: string) => boolean) => void;
}

/** Nodes that are asked at once. */
const AT_ONCE = 32;
/** Many nodes that hang must not hold up the next round for ever: who was not asked by then has failed. */
const ROUND_MS_MAX = 30_000;

/** A meter that measures node by node, some at a time. */
export function sweepingMeter(options: SweepOptions): NodeMeter {
  const closing = new AbortController();
  // one listener per open request, taken off when it ends
  setMaxListeners(0, closing.signal);
  return {
    read: (targets) => sweep(options, targets, closing.signal),
    close: () => closing.abort(),
  };
}

async function sweep(
  { clock, measure, forget }: SweepOptions,
  targets: readonly MeterTarget[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NodeReading>> {
  const readings = new Map<string, NodeReading>();
  const waiting = targets.values();
  const endsAt = clock.monotonic() + ROUND_MS_MAX;
  const work = async () => {
    // the iterator is shared: each worker takes the next node
    for (const target of waiting) {
      const isLate = clock.monotonic() >= endsAt;
      const reading = isLate ? NOT_IN_TIME : await measure(target, signal).catch(failureOf);
      readings.set(target.node, reading);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, work));
  forget?.((node) => readings.has(node));
  return readings;
}

const NOT_IN_TIME: NodeReading = { type: "failed", reason: "other nodes took too long: it was not asked in time" };

function failureOf(error: unknown): NodeReading {
  return { type: "failed", reason: error instanceof Error ? error.message : String(error) };
}
