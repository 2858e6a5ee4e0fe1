import { join } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import { type Clock, sleep } from "../../platform/clock.js";
import { isAlive, killLeftChildren } from "../process/child.js";
import type { StoredRack } from "./store/keeper.js";
import { type RackAddresses, rackFileIn, readRackFile } from "./store/rack-file.js";
import { holderOf, lockDirectory, readJson } from "./store/state-file.js";

/** A simulated rack that runs, as it tells of itself in `rack.yaml`. */
export interface FoundSimulator extends RackAddresses {
  readonly rackFile: string;
}

/** The simulator that runs on a directory and is ready; undefined when none does. */
export function findSimulator(directory: string): FoundSimulator | undefined {
  const pid = holderOf(directory)?.pid;
  if (pid === undefined) return undefined;
  const rackFile = rackFileIn(directory);
  const addresses = readRackFile(rackFile);
  // another pid: an earlier simulator's file, which ended without removing it
  return addresses?.pid === pid ? { ...addresses, rackFile } : undefined;
}

/** Asks the simulator of a directory to end with its tasks, and waits for that; ends the tasks of one that died. */
export async function endSimulator(directory: string, clock: Clock): Promise<void> {
  const holder = holderOf(directory);
  if (holder === undefined) return killLeftTasks(directory, clock);
  process.kill(holder.pid, "SIGTERM");
  const end = clock.monotonic() + STOP_TIMEOUT_MS;
  // its lock is gone a moment before itself
  while (isAlive(holder)) {
    if (clock.monotonic() > end) {
      const message = `process ${holder.pid} still runs after ${STOP_TIMEOUT_MS / 1000} s; kill it`;
      throw new StatusError("Timeout", `ending the simulated rack: ${message}`);
    }
    await sleep(clock, LOOK_PERIOD_MS);
  }
}

const STOP_TIMEOUT_MS = 20_000;
const LOOK_PERIOD_MS = 50;

async function killLeftTasks(directory: string, clock: Clock): Promise<void> {
  const lock = lockDirectory(directory);
  try {
    await killLeftChildren(readJson<StoredRack>(join(directory, "state.json"))?.children ?? [], clock);
  } finally {
    lock.release();
  }
}
