import type { InjectingMaster, Target } from "./injecting-master.js";

const STEP_MS = 10;
/** What is still on its way when the sending ends must be stored within this time. */
const DRAIN_MS = 10_000;

/** What was sent in one flow and came back. */
export interface Flowed {
  readonly sent: number;
  /** Acknowledged while it flowed. */
  readonly stored: number;
  /** On their way at the end. */
  readonly late: number;
  /** Not acknowledged a good while later. */
  readonly lost: number;
  readonly seconds: number;
}

export interface Rate {
  readonly perSecond: number;
  readonly forMs: number;
}

/**
 * Statuses at a rate, however late a step comes: each task in turn, its health the opposite of what it was before. As an
 * agent does, it sends the next one of a task when the last one is acknowledged.
 */
export function createFlow(master: InjectingMaster): (targets: readonly Target[], rate: Rate) => Promise<Flowed> {
  const health = new Map<string, boolean>();
  let next = 0;
  const send = (targets: readonly Target[], count: number) => {
    let sent = 0;
    for (let tries = 0; tries < targets.length && sent < count; tries++) {
      const target = targets[next++ % targets.length];
      if (target === undefined || master.isOpen(target.taskId)) continue;
      const isHealthy = !(health.get(target.taskId) ?? true);
      health.set(target.taskId, isHealthy);
      master.send(target, isHealthy);
      sent += 1;
    }
    return sent;
  };
  return async (targets, { perSecond, forMs }) => {
    const since = performance.now();
    const before = master.acknowledged();
    let sent = 0;
    while (performance.now() - since < forMs) {
      sent += send(targets, Math.floor(((performance.now() - since) * perSecond) / 1000) - sent);
      await pause(STEP_MS);
    }
    const [seconds, stored, late] = [(performance.now() - since) / 1000, master.acknowledged() - before, master.open()];
    for (const end = performance.now() + DRAIN_MS; master.open() > 0 && performance.now() < end; ) await pause(STEP_MS);
    return { sent, stored, late, lost: master.open(), seconds };
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
