import { BehaviorSubject, type Observable, skip } from "rxjs";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { AddressOverlay } from "../../controllers/connections.js";
import { sleep } from "../../platform/clock.js";
import { endSimulator, type FoundSimulator, simulatorPid } from "../../simulator/main.js";
import { type SimulatorStart, type StartedSimulator, startSimulator } from "./simulator.js";

/** The simulated rack beside `up`, started again when it ends. */
export interface GuardedSimulator {
  /** The process as it was found or started first. */
  readonly first: StartedSimulator;
  /** Where its back ends are; changes when a restarted one had to take other addresses. */
  readonly overlay: { value(): AddressOverlay; readonly changes$: Observable<AddressOverlay> };
  /** Starts it no more; it and its tasks are left as they are. */
  leave(): Promise<void>;
  /** Ends the simulator of the directory, whoever started it, and its tasks. */
  stop(): Promise<void>;
}

const LOOK_PERIOD_MS = 250;
/** Between attempts to start it again, after one failed. */
const RETRY_PERIOD_MS = 5000;

/** Starts the simulated rack, or attaches to it, and sees to it that one runs until `stop` or `leave`. */
export async function guardSimulator(start: SimulatorStart, say: (line: string) => void): Promise<GuardedSimulator> {
  const { directory, clock } = start;
  const first = await startSimulator(start);
  const overlay = new BehaviorSubject(overlayOf(first.found));
  const ending = new AbortController();
  let pid = first.found.pid;

  const look = async () => {
    if (simulatorPid(directory) === pid) return;
    try {
      const { found } = await startSimulator(start);
      say(`rack         simulator ${pid} ended; process ${found.pid} took over its tasks`);
      pid = found.pid;
      if (JSON.stringify(overlayOf(found)) !== JSON.stringify(overlay.value)) overlay.next(overlayOf(found));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      say(`rack         simulator ${pid} ended; ${error.message}; trying again`);
      await sleep(clock, RETRY_PERIOD_MS, ending.signal);
    }
  };
  const guarding = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await sleep(clock, LOOK_PERIOD_MS, ending.signal);
    }
  })();
  const leave = () => {
    ending.abort();
    return guarding;
  };
  return {
    first,
    overlay: { value: () => overlay.value, changes$: overlay.pipe(skip(1)) },
    leave,
    async stop() {
      await leave();
      await endSimulator(directory, clock);
    },
  };
}

function overlayOf({ rackFile, masters, dns, switch: tor, nodes }: FoundSimulator): AddressOverlay {
  return { source: rackFile, masters, dns, switch: tor, nodes };
}
