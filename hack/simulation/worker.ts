import { COMPUTE_SCENARIOS } from "../../test/simulation/compute/scenarios.js";
import { dnsExample } from "../../test/simulation/schedule/dns-example.js";
import { type RunResult, runSchedule } from "../../test/simulation/schedule/run.js";
import { smallRack } from "../../test/simulation/schedule/small-rack.js";

/** What a worker says of one seed. */
export type Report = RunResult;

const scenario = [dnsExample, smallRack, ...COMPUTE_SCENARIOS].find(({ name }) => name === process.argv[2]);
if (scenario === undefined) throw new Error(`no scenario named ${process.argv[2]}`);

process.on("message", async (seed: number) => {
  const report: Report = await runSchedule({ seed, scenario, isChaotic: true }).catch((error: unknown) => ({
    seed,
    traceHash: "",
    convergedAfterMs: 0,
    faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    script: [],
    lastEntries: "",
  }));
  process.send?.(report);
});
