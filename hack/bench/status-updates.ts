import { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import { encodeRecord } from "../../drivers/compute/mesos/recordio.js";
import { systemClock } from "../../platform/clock.js";
import { type HttpHandler, inProcessTransport } from "../../platform/transport.js";
import { applyGroup } from "./setup/group.js";
import { type BenchRack, MESOS_HOST, startBenchRack } from "./setup/rack.js";
import type { Findings, Row } from "./table/benchmark.js";
import { type Block, watchBlocks } from "./table/blocks.js";
import { format, percentile, rate } from "./table/measure.js";

const INSTANCES = 1000;
const GROUPS = 10;
const PER_SECOND = 1000;
const STEP_MS = 10;
const WARM_UP_MS = 5000;
const MEASURED_MS = 15_000;
/** What is still on its way when the sending ends must be stored within this time. */
const DRAIN_MS = 10_000;
/** The issue's own target. */
const BLOCK_MS_MAX = 20;
/** What leaves room for everything else in one thread that stores a thousand updates a second, on the reference machine. */
const CPU_MS_MAX = 0.6;

/**
 * A thousand statuses a second of a thousand instances, each one a change that is stored before it is acknowledged: the
 * whole product in one process, and how long its event loop stands still.
 */
export async function statusUpdates(): Promise<Findings> {
  const master = injectingMaster();
  const clock = systemClock();
  const rack = await startBenchRack({
    clock,
    store: memoryStore({ clock }),
    transport: (handlers) => master.wrap(inProcessTransport(handlers)),
  });
  const instances = await runAll(rack);
  const send = sender(master, instances);
  await flow(send, WARM_UP_MS);
  await until(() => master.open() === 0, DRAIN_MS);
  globalThis.gc?.();
  await pause(500);
  const measured = await measure(master, () => flow(send, MEASURED_MS));
  const isDrained = await until(() => master.open() === 0, DRAIN_MS);
  const [instance] = await listed(rack);
  const text = JSON.stringify(instance);
  await rack.stop();
  const trips = await rate(() => JSON.stringify(JSON.parse(text)), { forMs: 500, warmUp: 1000 });
  const lost = isDrained
    ? []
    : [`${master.open()} of ${measured.sent} status updates were not stored within ${DRAIN_MS} ms`];
  return { rows: rowsOf(measured, 1000 / trips), failures: [...lost, ...missedTargets(measured)] };
}

interface Measured {
  readonly sent: number;
  readonly stored: number;
  /** On their way at the end. */
  readonly late: number;
  readonly seconds: number;
  /** Of the whole process. */
  readonly cpuMs: number;
  readonly blocks: readonly Block[];
}

async function measure(master: InjectingMaster, run: () => Promise<number>): Promise<Measured> {
  const watch = watchBlocks();
  const before = master.acknowledged();
  const cpu = process.cpuUsage();
  const since = performance.now();
  const sent = await run();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - since) / 1000;
  const [stored, late] = [master.acknowledged() - before, master.open()];
  return { sent, stored, late, seconds, cpuMs: (user + system) / 1000, blocks: await watch.end() };
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
      meaning: `${INSTANCES} instances, every update a change of health that is stored before it is acknowledged; ${late} were on their way at the end. Simulated master, API server, memory store and all loops in this process. On a machine that others use, too, only the processor time below tells.`,
    },
    {
      what: "longest block of the event loop meanwhile",
      measured: `${format(longest)} ms, 99.9 % below ${format(p99)} ms`,
      yardstick: `target ${BLOCK_MS_MAX} ms`,
      ratio: longest / BLOCK_MS_MAX,
      meaning: `Processor time of the main thread between two turns of a timer, the simulated back ends included; 1 is the target. Collecting garbage came on top: ${format(collected / seconds)} ms a second, and ${format(whole)} ms for the longest block with it.`,
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

interface Target {
  readonly taskId: string;
  readonly agentId: string;
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

/**
 * Sends the next updates and tells how many: each instance in turn, its health the opposite of what it was before. As an
 * agent does, it sends the next one of a task when the last one is acknowledged.
 */
function sender(master: InjectingMaster, targets: readonly Target[]): (count: number) => number {
  const health = new Map<string, boolean>();
  let next = 0;
  return (count) => {
    let sent = 0;
    for (let tries = 0; tries < targets.length && sent < count; tries++) {
      const target = targets[next++ % targets.length];
      if (target === undefined || master.isOpen(target.taskId)) continue;
      const isHealthy = !(health.get(target.taskId) ?? true);
      health.set(target.taskId, isHealthy);
      master.send(target, isHealthy);
      sent += 1;
    }
    return sent;
  };
}

/** Sends at the rate, however late a step comes; resolves with how many were sent. */
async function flow(send: (count: number) => number, forMs: number): Promise<number> {
  const since = performance.now();
  let sent = 0;
  while (performance.now() - since < forMs) {
    const due = Math.floor(((performance.now() - since) * PER_SECOND) / 1000) - sent;
    sent += send(due);
    await pause(STEP_MS);
  }
  return sent;
}

interface InjectingMaster {
  wrap(transport: HttpHandler): HttpHandler;
  send(target: Target, isHealthy: boolean): void;
  acknowledged(): number;
  /** Sent, and not yet acknowledged. */
  open(): number;
  isOpen(taskId: string): boolean;
}

/** Marks the statuses that come from here. */
const MARK = "bench-";

/** The simulated master, on whose stream further statuses are sent. */
function injectingMaster(): InjectingMaster {
  let push: (chunk: Uint8Array) => void = () => {};
  let sent = 0;
  let acknowledged = 0;
  const unanswered = new Set<string>();
  const onCall: (call: Call) => boolean = (call) => {
    if (call.type !== "ACKNOWLEDGE" || !call.acknowledge?.uuid.startsWith(MARK)) return false;
    acknowledged += 1;
    unanswered.delete(call.acknowledge.task_id.value);
    return true;
  };
  return {
    acknowledged: () => acknowledged,
    open: () => unanswered.size,
    isOpen: (taskId) => unanswered.has(taskId),
    send({ taskId, agentId }, isHealthy) {
      sent += 1;
      unanswered.add(taskId);
      push(encodeRecord(updateEvent({ taskId, agentId, isHealthy, uuid: `${MARK}${sent}` })));
    },
    wrap: (transport) => async (request) => {
      if (!request.url.startsWith(`http://${MESOS_HOST}/api/v1/scheduler`)) return transport(request);
      const call: Call = JSON.parse(Buffer.from(request.body ?? []).toString());
      if (onCall(call)) return { status: 202, headers: {}, body: new Uint8Array() };
      const response = await transport(request);
      if (call.type !== "SUBSCRIBE" || response.body instanceof Uint8Array) return response;
      const merged = mergedBody(response.body);
      push = merged.push;
      return { ...response, body: merged.body };
    },
  };
}

interface Call {
  readonly type: string;
  readonly acknowledge?: { readonly uuid: string; readonly task_id: { readonly value: string } };
}

function updateEvent(update: Target & { readonly isHealthy: boolean; readonly uuid: string }) {
  const { taskId, agentId, isHealthy, uuid } = update;
  const status = {
    task_id: { value: taskId },
    agent_id: { value: agentId },
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
    timestamp: Date.now() / 1000,
    healthy: isHealthy,
    uuid,
  };
  return { type: "UPDATE", update: { status } };
}

/** About 64 KiB, what one read of a socket holds. */
const RECORDS_A_READ = 150;

/** What the master sends, and what is pushed in between; the master ends each chunk with a record. */
function mergedBody(inner: AsyncIterable<Uint8Array>) {
  const pushed: Uint8Array[] = [];
  let wake = () => {};
  async function* merge(): AsyncGenerator<Uint8Array> {
    const source = inner[Symbol.asyncIterator]();
    let next = source.next();
    for (;;) {
      const woken = new Promise<undefined>((resolve) => {
        wake = () => resolve(undefined);
      });
      const found = pushed.length > 0 ? undefined : await Promise.race([next, woken]);
      if (found?.done) return;
      if (found !== undefined) {
        next = source.next();
        yield found.value;
      }
      // as a socket does: so much at a time, in a turn of its own
      await new Promise((resolve) => setImmediate(resolve));
      if (pushed.length > 0) yield Buffer.concat(pushed.splice(0, RECORDS_A_READ));
    }
  }
  const push = (chunk: Uint8Array) => {
    pushed.push(chunk);
    wake();
  };
  return { body: merge(), push };
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
