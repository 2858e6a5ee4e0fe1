import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import { systemClock } from "../../platform/clock.js";
import { applyGroup } from "./setup/group.js";
import type { Flowed } from "./setup/outside/flow.js";
import type { Target } from "./setup/outside/injecting-master.js";
import { startOutside } from "./setup/outside/process.js";
import { type BenchRack, startBenchRack } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { type Block, watchBlocks } from "./table/blocks.js";
import { format, percentile, rate } from "./table/measure.js";

const INSTANCES = 1000;
const GROUPS = 10;
const PER_SECOND = 1000;
const WARM_UP_MS = 5000;
const MEASURED_MS = 15_000;
/** The issue's own target. */
const BLOCK_MS_MAX = 20;
/** What leaves room for everything else in one thread that stores a thousand updates a second, on the reference machine. */
const CPU_MS_MAX = 0.8;

/**
 * A thousand statuses a second of a thousand instances, each one a change that is stored before it is acknowledged: the
 * product in one process, over sockets to its back ends in another, and how long its event loop stands still.
 */
export async function statusUpdates(): Promise<Findings> {
  const outside = await startOutside();
  const clock = systemClock();
  const rack = await startBenchRack({ clock, store: memoryStore({ clock }), transport: outside.transport });
  const targets = await runAll(rack);
  const flow = (forMs: number) => outside.flow({ targets, rate: { perSecond: PER_SECOND, forMs } });
  await flow(WARM_UP_MS);
  globalThis.gc?.();
  await pause(500);
  const measured = await measure(() => flow(MEASURED_MS));
  const [instance] = await listed(rack);
  const text = JSON.stringify(instance);
  await rack.stop();
  await outside.end();
  const trips = await rate(() => JSON.stringify(JSON.parse(text)), { forMs: 500, warmUp: 1000 });
  const { sent, lost } = measured;
  const unstored = lost === 0 ? [] : [`${lost} of ${sent} status updates were not stored when they were long over`];
  return { rows: rowsOf(measured, 1000 / trips), failures: [...unstored, ...missedTargets(measured)] };
}

interface Measured extends Flowed {
  /** Of the whole process. */
  readonly cpuMs: number;
  readonly blocks: readonly Block[];
}

async function measure(run: () => Promise<Flowed>): Promise<Measured> {
  const watch = watchBlocks();
  const cpu = process.cpuUsage();
  const flowed = await run();
  const { user, system } = process.cpuUsage(cpu);
  return { ...flowed, cpuMs: (user + system) / 1000, blocks: await watch.end() };
}

/** Work in one turn of the event loop, without collection. */
function longestWork(blocks: readonly Block[]): number {
  return Math.max(...blocks.map(({ ms, collectedMs }) => ms - collectedMs));
}

/** In processor time: how many the machine stores while others use it says nothing about the product. */
function missedTargets({ stored, cpuMs, blocks }: Measured): readonly string[] {
  const [each, longest] = [cpuMs / stored, longestWork(blocks)];
  const cost = `storing a status update takes ${format(each)} ms of processor time, more than ${CPU_MS_MAX} ms: ${PER_SECOND} a second are not to be relied on`;
  const block = `the main thread worked ${format(longest)} ms in one turn of the event loop, collection not counted, more than ${BLOCK_MS_MAX} ms`;
  return [...(each > CPU_MS_MAX ? [cost] : []), ...(longest > BLOCK_MS_MAX ? [block] : [])];
}

function rowsOf({ stored, late, seconds, cpuMs, blocks }: Measured, tripMs: number): readonly Row[] {
  const work = blocks.map(({ ms, collectedMs }) => ms - collectedMs);
  const [longest, p99, whole] = [longestWork(blocks), percentile(work, 99.9), Math.max(...blocks.map(({ ms }) => ms))];
  const collected = blocks.reduce((sum, { collectedMs }) => sum + collectedMs, 0);
  const each = cpuMs / stored;
  return [
    {
      what: "status updates stored",
      measured: `${format(stored / seconds)} a second`,
      yardstick: `target ${format(PER_SECOND)} a second`,
      ratio: stored / seconds / PER_SECOND,
      meaning: `${INSTANCES} instances, every update a change of health that is stored before it is acknowledged; ${late} were on their way at the end. API server, memory store and all loops in this process; the simulated master in another, over sockets. On a machine that others use, too, only the processor time below tells.`,
    },
    {
      what: "longest block of the event loop meanwhile",
      measured: `${format(longest)} ms, 99.9 % below ${format(p99)} ms`,
      yardstick: `target ${BLOCK_MS_MAX} ms`,
      ratio: longest / BLOCK_MS_MAX,
      meaning: `Processor time of the main thread between two turns of a timer; 1 is the target. Collecting garbage came on top: ${format(collected / seconds)} ms a second, and ${format(whole)} ms for the longest block with it.`,
    },
    {
      what: "CPU of one status update",
      measured: `${format(each)} ms`,
      yardstick: `target ${CPU_MS_MAX} ms`,
      ratio: each / CPU_MS_MAX,
      meaning: `From the wire to the acknowledgement, with everything that looks at a changed Instance, and all threads of the process; ${format(each / tripMs)} JSON round trips of an Instance.`,
    },
  ];
}

/** Starts the instances and waits until each runs and has been checked. */
async function runAll(rack: BenchRack): Promise<readonly Target[]> {
  for (let group = 0; group < GROUPS; group++) {
    const options = { instances: INSTANCES / GROUPS, mode: "Host", hasHealthCheck: true } as const;
    await applyGroup(rack.client, `group${group}`, options);
  }
  const isDone = async () => (await listed(rack)).filter((instance) => isTrue(instance, "Ready")).length === INSTANCES;
  if (!(await until(isDone, 90_000, 1000))) throw new Error("the instances do not become ready");
  return (await listed(rack)).map(({ status }) => ({
    taskId: status?.placement?.taskID ?? "",
    agentId: status?.placement?.agentID ?? "",
  }));
}

async function listed(rack: BenchRack): Promise<readonly Instance[]> {
  return (await rack.client.list(Instance)).items;
}

async function until(isDone: () => Promise<boolean> | boolean, limitMs: number, everyMs = 50): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await isDone()) return true;
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
