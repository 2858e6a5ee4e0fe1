import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { COMPUTE_SCENARIOS } from "../test/simulation/compute/scenarios.js";
import type { Report } from "./simulation/worker.js";

// A seed that fails is printed with what was drawn and the last requests; `--seed N` repeats it.

interface Flags {
  readonly seeds: string;
  readonly from: string;
  readonly seed?: string;
  readonly scenario: string;
  readonly workers: string;
}

const values = new Command("npx tsx hack/simulate.ts")
  .description("Plays seeded schedules of the simulated rack, as many at once as there are cores.")
  .option("--seeds <count>", "how many schedules of each scenario", "100")
  .option("--from <seed>", "the first seed", "1")
  .option("--seed <seed>", "this one schedule only")
  .option("--scenario <name>", "dns-example, small-rack, one of compute, or all of compute; all: the first two", "all")
  .option("--workers <count>", "how many at once", String(availableParallelism()))
  .parse()
  .opts<Flags>();
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const COMPUTE = COMPUTE_SCENARIOS.map(({ name }) => name);
const SETS: Readonly<Record<string, readonly string[]>> = { all: ["dns-example", "small-rack"], compute: COMPUTE };
const scenarios = SETS[values.scenario] ?? [values.scenario];
let hasFailed = false;
for (const scenario of scenarios) {
  if (!(await simulate(scenario))) hasFailed = true;
}
process.exit(hasFailed ? 1 : 0);

/** Plays all seeds of one scenario; false when one of them failed. */
async function simulate(scenario: string): Promise<boolean> {
  const startedAt = performance.now();
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const reports: Report[] = [];
  const workers = Array.from({ length: Math.min(Number(values.workers), count) }, () => work(scenario, seeds, reports));
  await Promise.all(workers);
  const failed = reports.filter((report) => report.faults.length > 0);
  const minutes = (performance.now() - startedAt) / 60_000;
  const times = reports.map((report) => report.convergedAfterMs).sort((a, b) => a - b);
  const at = (part: number) => ((times[Math.floor(part * (times.length - 1))] ?? 0) / 1000).toFixed(1);
  console.log(
    `${scenario}: ${reports.length} schedules, ${failed.length} failed, ${Math.round(reports.length / minutes)} a minute; ` +
      `converged after p50 ${at(0.5)} s, p99 ${at(0.99)} s, at most ${at(1)} s of virtual time`,
  );
  return failed.length === 0 && reports.length === count;
}

/** One child process, given a seed whenever it is idle. Resolves when no seed is left, or it died. */
function work(scenario: string, seeds: number[], reports: Report[]): Promise<void> {
  const child = fork(fileURLToPath(new URL("./simulation/worker.ts", import.meta.url)), [scenario]);
  let current: number | undefined;
  const next = () => {
    current = seeds.shift();
    if (current === undefined) child.disconnect();
    else child.send(current);
  };
  return new Promise((resolve) => {
    child.on("message", (report: Report) => {
      reports.push(report);
      if (report.faults.length > 0) tell(scenario, report);
      next();
    });
    child.on("exit", (code) => {
      if (current !== undefined) {
        console.error(`${scenario}: seed ${current} ended the process with code ${code}`);
        hasFailed = true;
      }
      resolve();
    });
    next();
  });
}

function tell(scenario: string, { seed, faults, script, lastEntries }: Report): void {
  const text = [
    `${scenario}: seed ${seed} failed; repeat it with: npx tsx hack/simulate.ts --scenario ${scenario} --seed ${seed}`,
    "drawn:",
    ...script.map((line) => `  ${line}`),
    "broken:",
    ...faults.map((line) => `  ${line}`),
    "last on the wire:",
    lastEntries,
  ];
  console.error(text.join("\n"));
}
