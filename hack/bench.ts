import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { apiWrites } from "./bench/api-writes.js";
import { coldStart } from "./bench/cold-start.js";
import { fanOut } from "./bench/fan-out.js";
import { idleReconciles } from "./bench/idle-reconciles.js";
import { launchLatency } from "./bench/launch-latency.js";
import { memory } from "./bench/memory.js";
import { placement } from "./bench/place.js";
import { simulatedScale } from "./bench/simulated-scale.js";
import { statusUpdates } from "./bench/status-updates.js";
import { storeWrites } from "./bench/store-writes.js";
import type { Benchmark, Findings } from "./bench/table/benchmark.js";
import { pageOf, textOf } from "./bench/table/report.js";

// Measures the product, as ratios within one run. Usage: bench.ts [NAME…] [--write] [--prof]

const BENCHMARKS: readonly Benchmark[] = [
  { name: "api-writes", run: apiWrites },
  { name: "launch-latency", run: launchLatency },
  { name: "cold-start", run: coldStart },
  { name: "idle-reconciles", run: idleReconciles },
  { name: "store-writes", run: storeWrites },
  { name: "status-updates", run: statusUpdates },
  { name: "place", run: placement },
  { name: "memory", run: memory },
  { name: "fan-out", run: fanOut },
  { name: "simulated-scale", run: simulatedScale },
];

const BUILT = join(".cache", "bench");
/** As the product runs: what the first line of its entry asks of Node. */
const NODE_FLAGS = readFileSync(join("cli", "main.ts"), "utf8").split("\n", 1)[0]?.match(/--\S+/g) ?? [];
const PROFILES = join(".cache", "profiles");
/** No benchmark may take longer: all of them together stay below four minutes. */
const TIMEOUT_MS = 120_000;

const flags = process.argv.slice(2);
const names = flags.filter((flag) => !flag.startsWith("--"));

if (flags[0] === "--one") await runHere(names[0]);
else process.exit(await runAll());

/** In the child: runs one benchmark and tells the parent. */
async function runHere(name: string | undefined): Promise<void> {
  const findings = await BENCHMARKS.find((benchmark) => benchmark.name === name)?.run();
  // what a benchmark left open must not keep the process
  process.send?.(findings, undefined, undefined, () => process.exit());
}

async function runAll(): Promise<number> {
  if (flags.includes("--write") && names.length > 0) {
    console.error("bench: --write makes the whole page; give no names with it");
    return 2;
  }
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = BENCHMARKS.map(({ name }) => name).join(", ");
    console.error(`bench: there is no benchmark ${unknown.join(", ")}; there are ${known}`);
    return 2;
  }
  // compiled as it is delivered: a loader that rewrites sources would be measured, too
  execFileSync(join("node_modules", ".bin", "tsc"), ["-p", join("hack", "bench", "tsconfig.json")], {
    stdio: "inherit",
  });
  const chosen = BENCHMARKS.filter(({ name }) => names.length === 0 || names.includes(name));
  const all: Findings[] = [];
  for (const { name } of chosen) {
    process.stderr.write(`${name} …`);
    const since = performance.now();
    all.push(await runApart(name));
    process.stderr.write(` ${((performance.now() - since) / 1000).toFixed(0)} s\n`);
  }
  console.log(`\n${textOf(all)}`);
  if (flags.includes("--write"))
    writeFileSync(join("docs", "benchmarks.md"), pageOf(all, `npx tsx hack/bench.ts ${flags.join(" ")}`));
  const failures = all.flatMap((findings) => findings.failures ?? []);
  for (const failure of failures) console.error(`\nFAILED: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

/** Runs a benchmark in a process of its own: its heap and its compiled code are nobody else's. */
function runApart(name: string): Promise<Findings> {
  mkdirSync(PROFILES, { recursive: true });
  const profiling = flags.includes("--prof")
    ? ["--cpu-prof", `--cpu-prof-dir=${PROFILES}`, `--cpu-prof-name=${name}.cpuprofile`]
    : [];
  const main = join(BUILT, "hack", "bench.js");
  const child = spawn(process.execPath, [...NODE_FLAGS, "--expose-gc", ...profiling, main, "--one", name], {
    stdio: ["ignore", 2, 2, "ipc"],
    // a group of its own, so that servers that it started can be ended with it
    detached: true,
    env: { ...process.env, PATH: [join(process.cwd(), ".tools", "bin"), process.env.PATH ?? ""].join(delimiter) },
  });
  const endAll = () => endGroup(child.pid);
  const timer = setTimeout(endAll, TIMEOUT_MS);
  const interrupt = () => {
    endAll();
    process.exit(130);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  return new Promise((resolve) => {
    let findings: Findings = { rows: [], failures: [`${name} ended without a result`] };
    child.on("message", (message) => {
      findings = message as Findings; // sent by runHere
    });
    child.on("exit", () => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
      endAll();
      resolve(findings);
    });
  });
}

/** Ends a process and all that it started; what is gone already is fine. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // ESRCH: nothing of the group is left
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
