import type { Logger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { describeObjects } from "../world/describe.js";
import { type WireEntry, wireText } from "../world/wire.js";
import type { World } from "../world/world.js";
import { type Chaos, drawChaos } from "./chaos.js";
import { differences, isConverged, lastStir } from "./convergence.js";
import type { Scenario, Watch } from "./scenario.js";
import { type Watchdog, watchdog } from "./watchdog.js";

/** How one run of a scenario went. */
export interface RunResult {
  readonly seed: number;
  readonly traceHash: string;
  /** Virtual time from the last fault to convergence. */
  readonly convergedAfterMs: number;
  /** Every rule that did not hold; empty: all did. */
  readonly faults: readonly string[];
  /** What was drawn, for people. */
  readonly script: readonly string[];
  readonly lastEntries: string;
}

export interface RunOptions {
  readonly seed: number;
  readonly scenario: Scenario;
  /** Draws faults from the seed; default: none. */
  readonly isChaotic?: boolean;
  readonly log?: Logger;
}

const TICK_MS = 500;
/** The longest back-off, the longest delay before a restart, a lease that must run out, and three periods. */
const CONVERGENCE_MS = 240_000;
const QUIET_MS = 30_000;
const SHOWN_ENTRIES = 30;

/** Plays a scenario to its end, waits until all is Ready again, and then for a while that nothing happens. */
export async function runSchedule({ seed, scenario, isChaotic = false, log }: RunOptions): Promise<RunResult> {
  const world = await scenario.createWorld({ seed, ...(log === undefined ? {} : { log }) });
  const guard = watchdog(world, { names: scenario.names });
  const chaos = isChaotic ? drawChaos({ world, scenario, guard, random: seededRandom(seed ^ 0xc4a05) }) : undefined;
  const watch = scenario.watch?.(world, guard.isExcused);
  await play(world, { scenario, guard, chaos, watch });
  chaos?.end();
  const stoppedAt = world.clock.monotonic();
  const end = await settle(world, { scenario, guard, chaos, watch });
  const wrong = end.missing.length > 0 ? [] : await world.ask(async () => (await scenario.check?.(world)) ?? []);
  const result: RunResult = {
    seed,
    traceHash: world.traceHash(),
    convergedAfterMs: Math.max(0, end.at - stoppedAt),
    faults: [...guard.breaches, ...(watch?.breaches ?? []), ...end.missing, ...wrong],
    script: chaos?.script ?? [],
    lastEntries: lastEntries(world.wire),
  };
  await world.stop();
  return result;
}

interface Play {
  readonly scenario: Scenario;
  readonly guard: Watchdog;
  readonly chaos: Chaos | undefined;
  readonly watch: Watch | undefined;
}

async function play(world: World, { scenario, guard, chaos, watch }: Play): Promise<void> {
  const steps = [...scenario.steps];
  while (world.clock.monotonic() < scenario.endMs) {
    await world.clock.advance(TICK_MS);
    const now = world.clock.monotonic();
    guard.look();
    watch?.look();
    chaos?.strike(now);
    while ((steps[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now) await steps.shift()?.run(world);
  }
}

interface End {
  /** Since when everything was Ready and still. */
  readonly at: number;
  /** What never came to be. */
  readonly missing: readonly string[];
}

/** Waits until nothing has happened for a while, and all is Ready then. */
async function settle(world: World, { scenario, guard, watch }: Play): Promise<End> {
  if (scenario.isRestless === true) return { at: world.clock.monotonic(), missing: [] };
  const isDone = scenario.isDone ?? isConverged;
  const convergenceMs = scenario.convergenceMs ?? CONVERGENCE_MS;
  const limit = world.clock.monotonic() + convergenceMs;
  while (world.clock.monotonic() < limit) {
    await world.clock.advance(TICK_MS);
    guard.look();
    watch?.look();
    const at = lastStir(world);
    if (world.clock.monotonic() - at < QUIET_MS) continue;
    if (await world.ask(() => isDone(world))) return { at, missing: [] };
  }
  return { at: world.clock.monotonic(), missing: await explain(world, convergenceMs) };
}

async function explain(world: World, convergenceMs: number): Promise<readonly string[]> {
  const missing = await world.ask(() => differences(world));
  return [`not converged after ${convergenceMs} ms`, ...missing, await world.ask(() => describeObjects(world.client))];
}

function lastEntries(wire: readonly WireEntry[]): string {
  return wireText(wire.slice(-SHOWN_ENTRIES));
}
