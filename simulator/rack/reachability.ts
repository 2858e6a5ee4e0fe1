import type { TelemetryReport } from "../images/telemetry.js";

interface Interval {
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
}

/** Counts packets that routed tasks received while the switch had no /32 for them (SAFETY R6: it must stay 0). */
export function createReachability() {
  const absences = new Map<string, Interval[]>();
  const violations = new Map<string, number>();

  return {
    /** A routed task runs at `address` from `at` (wall milliseconds) on; `isRouted`: its /32 is in the table already. */
    begin(address: string, { at, isRouted }: { readonly at: number; readonly isRouted: boolean }): void {
      absences.set(address, isRouted ? [] : [{ from: at, to: Number.POSITIVE_INFINITY }]);
    },
    routeAdded(address: string, at: number): void {
      const last = absences.get(address)?.at(-1);
      if (last !== undefined && last.to === Number.POSITIVE_INFINITY) last.to = at;
    },
    routeRemoved(address: string, at: number): void {
      absences.get(address)?.push({ from: at, to: Number.POSITIVE_INFINITY });
    },
    received(address: string, { taskId, received }: TelemetryReport): void {
      if (received.packets === 0) return;
      const isAbsent = (absences.get(address) ?? []).some(
        (gap) => received.firstAt < gap.to && received.lastAt > gap.from,
      );
      if (isAbsent) violations.set(taskId, (violations.get(taskId) ?? 0) + received.packets);
    },
    /** Packets by task. */
    violations: (): Readonly<Record<string, number>> => Object.fromEntries(violations),
  };
}

export type Reachability = ReturnType<typeof createReachability>;
