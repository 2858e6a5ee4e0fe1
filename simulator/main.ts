import { systemClock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import { seededRandom, systemRandom } from "../platform/random.js";
import { type Simulator, startSimulator } from "./rack/rack.js";
import { holderOf } from "./rack/store/state-file.js";

export interface SimulateOptions {
  readonly directory: string;
  readonly dns: { readonly host: string; readonly port: number };
  /** Repeats the random choices of an earlier run. */
  readonly seed: number | undefined;
  readonly log: Logger;
  /** Nodes on paper, and how many of their tasks fail a second. */
  readonly pretended?: { readonly agents: number; readonly churn: number };
  /** How long the master waits for an agent that says nothing; default: Mesos' own 75 s. */
  readonly agentTimeoutMs?: number;
}

/** The simulated rack as a process of its own: on the system's clock, until it is closed. */
export function simulate({ seed, ...options }: SimulateOptions): Promise<Simulator> {
  const random = seed === undefined ? systemRandom() : seededRandom(seed);
  const path = process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
  return startSimulator({ ...options, path, clock: systemClock(), random });
}

export { endSimulator, type FoundSimulator, findSimulator } from "./rack/find.js";
export type { Outage, PartState } from "./rack/outages.js";

/** The process that runs, or starts, on a directory. */
export function simulatorPid(directory: string): number | undefined {
  return holderOf(directory)?.pid;
}
