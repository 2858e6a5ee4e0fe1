import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import { type Clock, sleep } from "../../platform/clock.js";
import { type FoundSimulator, findSimulator, simulatorPid } from "../../simulator/main.js";

export interface SimulatorStart {
  /** Its data directory. */
  readonly directory: string;
  readonly dns: { readonly host: string; readonly port: number };
  readonly seed: number | undefined;
  /** This program: what is started again with the verb `simulate`. */
  readonly entry: string;
  readonly execArgv: readonly string[];
  readonly clock: Clock;
}

/** A simulator that runs now. */
export interface StartedSimulator {
  readonly found: FoundSimulator;
  /** It ran already when we came. */
  readonly isAttached: boolean;
}

const START_TIMEOUT_MS = 20_000;
const LOOK_PERIOD_MS = 50;

/**
 * Starts the simulated rack as a process of its own, so that it outlives this one; attaches to the one that runs on the
 * directory, or waits for it while it starts.
 */
export async function startSimulator(start: SimulatorStart): Promise<StartedSimulator> {
  const { directory, clock } = start;
  const end = clock.monotonic() + START_TIMEOUT_MS;
  let child: SpawnedSimulator | undefined;
  while (clock.monotonic() < end) {
    const found = findSimulator(directory);
    if (found !== undefined) return { found, isAttached: found.pid !== child?.pid };
    if (simulatorPid(directory) === undefined) {
      if (child?.hasExited()) throw startFailure(child.lastWords());
      child ??= spawnSimulator(start);
    }
    await sleep(clock, LOOK_PERIOD_MS);
  }
  throw startFailure(`it was not ready after ${START_TIMEOUT_MS / 1000} s (see ${logFileOf(directory)})`);
}

interface SpawnedSimulator {
  readonly pid: number | undefined;
  hasExited(): boolean;
  /** Why it ended, as it said itself. */
  lastWords(): string;
}

/** In a session of its own: the terminal's Ctrl-C is for `up`, which then ends it. */
function spawnSimulator({ directory, dns, seed, entry, execArgv }: SimulatorStart): SpawnedSimulator {
  mkdirSync(directory, { recursive: true });
  const logFile = logFileOf(directory);
  const output = openSync(logFile, "a");
  const logStart = fstatSync(output).size;
  const seedFlags = seed === undefined ? [] : ["--seed", String(seed)];
  const host = dns.host.includes(":") ? `[${dns.host}]` : dns.host;
  const args = [...execArgv, entry, "simulate", "--data", directory, "--dns", `${host}:${dns.port}`, ...seedFlags];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  child.unref();
  let hasExited = false;
  child.on("exit", () => {
    hasExited = true;
  });
  return {
    pid: child.pid,
    hasExited: () => hasExited,
    lastWords() {
      const lines = readFileSync(logFile).subarray(logStart).toString().trim().split("\n");
      const own = lines.findLast((line) => line.startsWith("rackctl: "))?.slice("rackctl: ".length);
      return `${own ?? lines.at(-1) ?? ""} (see ${logFile})`;
    },
  };
}

function logFileOf(directory: string): string {
  return join(directory, "simulator.log");
}

function startFailure(reason: string): StatusError {
  return new StatusError("ServiceUnavailable", `the simulated rack did not start: ${reason}`);
}
