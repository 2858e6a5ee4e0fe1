import type { Launch } from "../cluster/tasks.js";
import { isCapable, type Node, type NodeTask, taskKey, type World } from "../cluster/world.js";
import type { RunnerEvent } from "../task-runner.js";
import { watchCheck } from "./check.js";
import { companionsOf, endExecutorSoon, runningExecutor } from "./group.js";
import { watchHealth } from "./health.js";
import { inspectData } from "./inspect.js";
import { dockerProblem, failed, lacksCommand, limitContent, refusalOf } from "./refusal.js";
import { networkNameOf, runnableOf } from "./runnable.js";
import { agentStatus, executorStatus, exitMessage, type StatusContent } from "./status.js";
import { forgetUpdates, keepCompleted, report } from "./updates.js";

/** Takes a task that the master sent. */
export function startTask(world: World, node: Node, launch: Launch): void {
  const { framework, executor } = launch;
  const executorRuns = executor === undefined ? undefined : runningExecutor(node, framework.id, executor.id);
  const task = newTask(world, node, launch);
  node.tasks.set(task.key, task);
  const refusal = refusalOf(task);
  if (refusal !== undefined) {
    end(world, task, agentStatus(world, task, refusal));
    return;
  }
  world.running.set(task.info.task_id.value, task);
  const isUp = executorRuns !== undefined && executorRuns.phase !== "Queued";
  const delayMs = isUp ? world.timing.executorStartMs / 3 : world.timing.executorStartMs;
  later(world, task, { delayMs, run: () => void prepare(world, task) });
}

function newTask(world: World, node: Node, { framework, role, info, executor, group }: Launch): NodeTask {
  const running = executor === undefined ? undefined : runningExecutor(node, framework.id, executor.id);
  const ownId = world.random.uuid();
  const sharedId = running === undefined ? undefined : (running.parentId ?? running.containerId);
  const isNested = executor?.type === "DEFAULT";
  return {
    key: taskKey(framework.id, info.task_id.value),
    node,
    frameworkId: framework.id,
    role,
    isCheckpointed: framework.info.checkpoint === true,
    reportsKilling: isCapable(framework, "TASK_KILLING_STATE"),
    info,
    containerId: isNested ? ownId : (sharedId ?? ownId),
    parentId: isNested ? (sharedId ?? world.random.uuid()) : undefined,
    executor,
    group,
    executorPid: world.counters.pid++,
    phase: "Queued",
    early: [],
    latestState: "TASK_STAGING",
    address: undefined,
    startedAt: world.clock.monotonic(),
    killReason: undefined,
    health: { isHealthy: undefined, failures: 0 },
    timers: new Set(),
    updates: [],
    history: [],
    retry: undefined,
    retryDelayMs: world.timing.statusRetryMs,
  };
}

/** Fetches what the task wants in its sandbox, then starts it; it may be killed meanwhile. */
async function prepare(world: World, task: NodeTask): Promise<void> {
  const runnable = runnableOf(task);
  if (world.runner.prepare !== undefined && (runnable.fetch ?? []).length > 0) {
    const problem = await world.runner.prepare(runnable);
    if (task.phase !== "Queued") return;
    if (problem !== undefined) {
      world.log.warn("fetching files of a task", { task: runnable.taskId, problem });
      const fetching = `Failed to fetch all URIs for container '${task.containerId}': exited with status 1`;
      endUnlaunched(world, task, fetching);
      return;
    }
  }
  begin(world, task);
}

function endUnlaunched(world: World, task: NodeTask, message: string): void {
  const content = failed(`Failed to launch container: ${message}`, "REASON_CONTAINER_LAUNCH_FAILED");
  end(world, task, agentStatus(world, task, content));
}

function begin(world: World, task: NodeTask): void {
  task.phase = "Launching";
  const problem = dockerProblem(task.info);
  if (problem === undefined && !lacksCommand(task.info)) world.runner.launch(runnableOf(task));
  const early = task.early[0];
  if (early?.type === "failed") {
    endUnlaunched(world, task, early.message);
    return;
  }
  task.phase = "Starting";
  if (!startsWithAddress(task)) report(world, task, executorStatus(world, task, { state: "TASK_STARTING" }));
  if (problem !== undefined) {
    end(world, task, executorStatus(world, task, failed(problem)));
    return;
  }
  if (lacksCommand(task.info)) {
    const content = failed("Executor terminated", "REASON_EXECUTOR_TERMINATED");
    end(world, task, agentStatus(world, task, content));
    return;
  }
  for (const event of task.early.splice(0)) onRunnerEvent(world, event);
}

/** Takes what the runner says of a task. */
export function onRunnerEvent(world: World, event: RunnerEvent): void {
  const task = world.running.get(event.taskId);
  if (task === undefined) return;
  if (task.phase === "Launching") {
    task.early.push(event);
    return;
  }
  switch (event.type) {
    case "started":
      onStarted(world, task, event.address);
      return;
    case "exited":
      onExited(world, task, event);
      return;
    case "failed":
      end(world, task, executorStatus(world, task, failed(event.message)));
      return;
    case "limited":
      end(world, task, agentStatus(world, task, limitContent(task, event)));
      return;
    default:
      throw new Error(`runner event not known: ${JSON.stringify(event satisfies never)}`);
  }
}

/** The command executor itself is in the task's network, so its first update has the address already. */
function startsWithAddress({ info, executor }: NodeTask): boolean {
  return executor === undefined && info.container?.type === "MESOS" && networkNameOf(info) !== undefined;
}

function onStarted(world: World, task: NodeTask, address: string): void {
  task.address = address;
  if (task.phase !== "Starting") return;
  if (task.history.length === 0) report(world, task, executorStatus(world, task, { state: "TASK_STARTING" }));
  task.phase = "Running";
  task.startedAt = world.clock.monotonic();
  const isDocker = task.info.container?.type === "DOCKER";
  const data = isDocker ? { data: inspectData(task, world.clock.now()) } : {};
  report(world, task, executorStatus(world, task, { state: "TASK_RUNNING", ...data }));
  supervise(world, task);
}

/** Takes a task up again after the simulator's own restart. */
export function resumeTask(world: World, task: NodeTask, address: string | undefined): void {
  if (task.phase === "Queued") {
    later(world, task, { delayMs: world.timing.executorStartMs, run: () => void prepare(world, task) });
    return;
  }
  if (task.phase === "Starting" && address !== undefined) {
    onStarted(world, task, address);
    return;
  }
  if (task.phase === "Running") supervise(world, task);
  if (task.phase === "Killing") world.runner.kill(task.info.task_id.value, graceOf(world, task, {}));
}

/** Starts what watches a running task: its health check and its deadline. */
function supervise(world: World, task: NodeTask): void {
  watchHealth(world, task, ({ healthy, isFatal }) => {
    const reason = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED";
    const content = { state: "TASK_RUNNING", reason, ...(healthy === undefined ? {} : { healthy }) };
    report(world, task, executorStatus(world, task, content));
    if (isFatal) killTask(world, task, { reason: "Health" });
  });
  watchCheck(world, task, (checkStatus) => {
    const reason = "REASON_TASK_CHECK_STATUS_UPDATED";
    report(world, task, executorStatus(world, task, { state: "TASK_RUNNING", reason, checkStatus }));
  });
  if (task.info.check !== undefined && task.info.container?.type === "DOCKER") {
    later(world, task, { delayMs: DOCKER_CHECK_CRASH_MS, run: () => crashExecutor(world, task) });
  }
  const limit = task.info.max_completion_time;
  if (limit !== undefined) {
    const run = () => killTask(world, task, { reason: "MaxCompletionTime" });
    later(world, task, { delayMs: limit.nanoseconds / 1e6, run });
  }
}

/** Recorded: the docker executor does not survive a task with a check. */
const DOCKER_CHECK_CRASH_MS = 230;

function crashExecutor(world: World, task: NodeTask): void {
  const content = failed("Container terminated", "REASON_EXECUTOR_TERMINATED");
  world.runner.kill(task.info.task_id.value, 0);
  end(world, task, agentStatus(world, task, content));
}

/** Why a task is killed, and what overrides its own grace period. */
export interface KillOrder {
  readonly reason?: NonNullable<NodeTask["killReason"]>;
  readonly graceSeconds?: number;
}

/** Kills a task: at once before its executor is up, else SIGTERM, grace, SIGKILL. */
export function killTask(world: World, task: NodeTask, order: KillOrder): void {
  if (task.phase === "Queued") {
    killQueued(world, task);
    return;
  }
  if (task.phase !== "Starting" && task.phase !== "Running") return;
  task.phase = "Killing";
  task.killReason = order.reason;
  clearTimers(task);
  const isDeadline = order.reason === "MaxCompletionTime";
  if (task.reportsKilling && !isDeadline) {
    report(world, task, executorStatus(world, task, { state: "TASK_KILLING", ...drainReason(task) }));
  }
  world.runner.kill(task.info.task_id.value, graceOf(world, task, order));
}

function killQueued(world: World, task: NodeTask): void {
  const message = "Killed before delivery to the executor";
  const reason = "REASON_TASK_KILLED_DURING_LAUNCH";
  end(world, task, agentStatus(world, task, { state: "TASK_KILLED", message, reason }));
}

/** A KILL's own policy counts for docker and groups only; the command executor never sees it. */
function graceOf(world: World, task: NodeTask, order: KillOrder): number {
  const own = task.info.kill_policy?.grace_period;
  const seconds = own === undefined ? world.timing.killGraceSeconds : own.nanoseconds / 1e9;
  if (order.graceSeconds === undefined) return seconds;
  if (order.reason === "Draining") return Math.min(seconds, order.graceSeconds);
  const isHeeded = task.info.container?.type === "DOCKER" || task.executor !== undefined;
  return isHeeded ? order.graceSeconds : seconds;
}

function onExited(world: World, task: NodeTask, exit: RunnerEvent & { readonly type: "exited" }): void {
  const wasKilled = task.phase === "Killing";
  const message = exitMessage(task, exit);
  const isDeadline = task.killReason === "MaxCompletionTime";
  const killed = isDeadline ? "TASK_FAILED" : "TASK_KILLED";
  const content: StatusContent = {
    state: wasKilled ? killed : exit.code === 0 ? "TASK_FINISHED" : "TASK_FAILED",
    message,
    ...(isDeadline ? { reason: "REASON_MAX_COMPLETION_TIME_REACHED" } : drainReason(task)),
    ...(task.killReason === "Health" ? { healthy: false } : {}),
  };
  end(world, task, executorStatus(world, task, content));
}

function drainReason(task: NodeTask): { readonly reason?: string } {
  return task.killReason === "Draining" ? { reason: "REASON_AGENT_DRAINING" } : {};
}

function end(world: World, task: NodeTask, status: Parameters<typeof report>[2]): void {
  task.phase = "Ended";
  clearTimers(task);
  if (world.running.get(task.info.task_id.value) === task) world.running.delete(task.info.task_id.value);
  report(world, task, status);
  if (status.state !== "TASK_FINISHED") killCompanions(world, task);
  endExecutorSoon(world, task);
}

/** A group ends together; recorded: with an unhealthy task the others count as unhealthy, too. */
function killCompanions(world: World, task: NodeTask): void {
  const order: KillOrder = task.killReason === "Health" ? { reason: "Health" } : {};
  for (const other of companionsOf(task)) killTask(world, other, order);
}

/** Ends a task without a word: its framework is gone, or its agent forgot it. */
export function shutDown(world: World, task: NodeTask, graceSeconds: number): void {
  const isInRunner = task.phase === "Starting" || task.phase === "Running" || task.phase === "Killing";
  task.phase = "Ended";
  clearTimers(task);
  forgetUpdates(world, task);
  task.node.tasks.delete(task.key);
  if (world.running.get(task.info.task_id.value) === task) world.running.delete(task.info.task_id.value);
  if (isInRunner) world.runner.kill(task.info.task_id.value, graceSeconds);
  keepCompleted(task);
}

function later(
  world: World,
  task: NodeTask,
  { delayMs, run }: { readonly delayMs: number; readonly run: () => void },
): void {
  const timer = world.clock.schedule(delayMs, () => {
    task.timers.delete(timer);
    run();
  });
  task.timers.add(timer);
}

function clearTimers(task: NodeTask): void {
  for (const timer of task.timers) timer.cancel();
  task.timers.clear();
}
