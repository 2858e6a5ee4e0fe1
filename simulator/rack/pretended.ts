import { merge } from "rxjs";
import type { Clock } from "../../platform/clock.js";
import type { Random } from "../../platform/random.js";
import type { AgentSpec } from "../mesos/master.js";
import { type PretendRunner, pretendRunner } from "../mesos/pretend-runner.js";
import type { TaskRunner } from "../mesos/task-runner.js";

/** Nodes that exist on paper beside those whose tasks are processes. */
export interface PretendedOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** First two numbers of the rack's addresses. */
  readonly prefix: string;
  readonly agents: number;
  /** So many of their tasks fail each second. */
  readonly churn: number;
}

/** Pretended nodes and what runs on them. */
export interface Pretended {
  readonly agents: readonly AgentSpec[];
  /** Runs a task by its node: pretended, or as before. */
  beside(real: TaskRunner): TaskRunner;
  close(): void;
}

/** The addresses of the block that are left for them: from its third /24 on, 250 in each. */
export const PRETENDED_MAX = 250 * 250;
const PER_SUBNET = 250;
const FIRST_SUBNET = 2;

/**
 * Agents that only the master knows: nothing listens at their addresses, neither the agent nor its tasks, so probes of
 * the control plane and the agents' own pages fail there; checks by the agent succeed. They are new after a restart.
 */
export function createPretended(options: PretendedOptions): Pretended {
  const { clock, random, churn } = options;
  const agents = Array.from({ length: Math.min(options.agents, PRETENDED_MAX) }, (_, index) => agentOf(options, index));
  const ips = new Map(agents.map(({ name, ip }) => [name, ip]));
  const runner = pretendRunner({ clock, random, addresses: ({ nodeName }) => ips.get(nodeName) ?? "127.0.0.1" });
  const stop = churn > 0 ? failSome(runner, options) : () => {};
  return {
    agents,
    beside: (real) => beside(real, runner, new Set(ips.keys())),
    close: stop,
  };
}

function agentOf({ prefix }: PretendedOptions, index: number): AgentSpec {
  const ip = `${prefix}.${FIRST_SUBNET + Math.floor(index / PER_SUBNET)}.${1 + (index % PER_SUBNET)}`;
  const name = `pretended${index + 1}`;
  return {
    name,
    hostname: ip,
    ip,
    isEphemeral: true,
    attributes: { host: ip, "machine-name": name, "machine-type": "slave", "machine-function": "pretended" },
    resources: { cpus: "32", mem: "65536", disk: "100000", ports: "[31000-32000]" },
  };
}

/** Every period one task that runs is drawn. Returns what ends it. */
function failSome(runner: PretendRunner, { clock, random, churn }: PretendedOptions): () => void {
  let isStopped = false;
  const fail = () => {
    if (isStopped) return;
    const running = runner.running();
    for (let count = 0; count < Math.max(1, churn * (PERIOD_MS / 1000)); count++) {
      const victim = running.length === 0 ? undefined : running[random.integer(running.length)];
      if (victim !== undefined) runner.exit(victim.task.taskId, { code: 1 });
    }
    clock.schedule(Math.max(PERIOD_MS, 1000 / churn), fail);
  };
  clock.schedule(PERIOD_MS, fail);
  return () => {
    isStopped = true;
  };
}

const PERIOD_MS = 100;

function beside(real: TaskRunner, pretended: PretendRunner, nodes: ReadonlySet<string>): TaskRunner {
  const own = new Set<string>();
  pretended.events$.subscribe((event) => {
    if (event.type !== "started") own.delete(event.taskId);
  });
  const of = (taskId: string): TaskRunner => (own.has(taskId) ? pretended : real);
  return {
    events$: merge(real.events$, pretended.events$),
    prepare: async (task) => (nodes.has(task.nodeName) ? undefined : real.prepare?.(task)),
    launch(task) {
      const isPretended = nodes.has(task.nodeName);
      if (isPretended) own.add(task.taskId);
      (isPretended ? pretended : real).launch(task);
    },
    kill: (taskId, graceSeconds) => of(taskId).kill(taskId, graceSeconds),
    probe: (taskId, check, timeoutSeconds) => of(taskId).probe(taskId, check, timeoutSeconds),
    check: async (taskId, check, timeoutSeconds) => (await of(taskId).check?.(taskId, check, timeoutSeconds)) ?? {},
    session: (taskId, program, listener) => of(taskId).session?.(taskId, program, listener),
    sandboxes: {
      list: (taskId, path) => of(taskId).sandboxes?.list(taskId, path),
      read: (taskId, path, part) => of(taskId).sandboxes?.read(taskId, path, part),
    },
    statistics: (taskId) => of(taskId).statistics(taskId),
    running: () => [...real.running(), ...pretended.running()],
  };
}
