import { readFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

/** How long the event loop stood still between two turns of a timer, in milliseconds of the main thread's processor time. */
export interface Block {
  readonly ms: number;
  /** The part of it that was garbage collection. */
  readonly collectedMs: number;
}

/** Looks every millisecond until `end`, which gives every block. */
export function watchBlocks(): { end(): Promise<readonly Block[]> } {
  const turns: Turn[] = [];
  const pauses: Pause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ at: startTime, ms: duration });
  });
  observer.observe({ entryTypes: ["gc"] });
  let isEnded = false;
  let since = mainThreadMs();
  const look = () => {
    const now = mainThreadMs();
    turns.push({ endedAt: performance.now(), ms: now - since });
    since = now;
    if (!isEnded) setTimeout(look, 1);
  };
  setTimeout(look, 1);
  return {
    async end() {
      isEnded = true;
      // pauses are told a turn later
      await new Promise((resolve) => setTimeout(resolve, 10));
      observer.disconnect();
      return blocksOf(turns, pauses);
    },
  };
}

interface Turn {
  /** By the clock of `performance`. */
  readonly endedAt: number;
  readonly ms: number;
}

interface Pause {
  readonly at: number;
  readonly ms: number;
}

/** Each pause belongs to the turn in which it began; it cannot have taken more than the turn. */
export function blocksOf(turns: readonly Turn[], pauses: readonly Pause[]): readonly Block[] {
  const waiting = [...pauses].sort((a, b) => a.at - b.at);
  let next = 0;
  return turns.map(({ endedAt, ms }) => {
    let pausedMs = 0;
    for (let pause = waiting[next]; pause !== undefined && pause.at < endedAt; pause = waiting[++next])
      pausedMs += pause.ms;
    return { ms, collectedMs: Math.min(ms, pausedMs) };
  });
}

/**
 * Milliseconds that the main thread has run; on other systems than Linux the time of the clock. A process that waits for a
 * processor, or whose other threads work, blocks nothing itself.
 */
export function mainThreadMs(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ", 1)[0]) / 1e6;
  } catch {
    return performance.now();
  }
}
