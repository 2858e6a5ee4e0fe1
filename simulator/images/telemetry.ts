import { createSocket } from "node:dgram";
import type { Clock } from "../../platform/clock.js";

/** What a stand-in program tells its agent, as one JSON datagram: everything since its start. */
export interface TelemetryReport {
  readonly taskId: string;
  readonly netRxBytes: number;
  readonly netTxBytes: number;
  /**
   * Packets that others sent unasked since the last report, and wall time of the first and the last of them,
   * milliseconds. Replies are left out: a client asks until it is killed, and that is after its route went.
   */
  readonly received: { readonly packets: number; readonly firstAt: number; readonly lastAt: number };
  /** Counters of the program's own, e.g. queries sent, answered, lost. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Ethernet, IPv4 and UDP headers and checksum around a payload. */
export const DATAGRAM_OVERHEAD_BYTES = 42;

const REPORT_PERIOD_MS = 50;

/** Counts what a program sends and receives and tells its agent, if `target` (`host:port`) names one, 20 times a second. */
export function createTelemetry(options: {
  readonly taskId: string;
  readonly target: string | undefined;
  readonly clock: Clock;
}) {
  const { taskId, target, clock } = options;
  const counters: Record<string, number> = {};
  let netRxBytes = 0;
  let netTxBytes = 0;
  let received = { packets: 0, firstAt: 0, lastAt: 0 };
  let isDirty = true;

  const socket = createSocket("udp4");
  // an agent that is away misses a report; the next one holds everything but the packet times
  socket.on("error", () => {});
  const [host = "", port = ""] = target?.split(":") ?? [];
  const report = () => {
    clock.schedule(REPORT_PERIOD_MS, report);
    if (!isDirty || target === undefined) return;
    const message: TelemetryReport = { taskId, netRxBytes, netTxBytes, received, counters };
    socket.send(JSON.stringify(message), Number(port), host);
    received = { packets: 0, firstAt: 0, lastAt: 0 };
    isDirty = false;
  };
  report();

  return {
    /** A datagram with `payloadBytes` came in that the program did not ask for. */
    receive(payloadBytes: number): void {
      const at = clock.now();
      netRxBytes += payloadBytes + DATAGRAM_OVERHEAD_BYTES;
      received = { packets: received.packets + 1, firstAt: received.firstAt || at, lastAt: at };
      isDirty = true;
    },
    /** A datagram with `payloadBytes` came in that answers one of the program's own. */
    receiveReply(payloadBytes: number): void {
      netRxBytes += payloadBytes + DATAGRAM_OVERHEAD_BYTES;
      isDirty = true;
    },
    send(payloadBytes: number): void {
      netTxBytes += payloadBytes + DATAGRAM_OVERHEAD_BYTES;
      isDirty = true;
    },
    count(name: string, by = 1): void {
      counters[name] = (counters[name] ?? 0) + by;
      isDirty = true;
    },
  };
}

export type Telemetry = ReturnType<typeof createTelemetry>;
