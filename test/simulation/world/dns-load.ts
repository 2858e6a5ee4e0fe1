import type { Clock } from "../../../platform/clock.js";
import { every$ } from "../../../platform/clock.js";
import type { Consul } from "../../../simulator/consul/consul.js";
import type { PretendRunner } from "../../../simulator/mesos/pretend-runner.js";
import type { TaskStatistics } from "../../../simulator/mesos/task-runner.js";

/** Questions per second of one user with a mean pause of 1.04 s. */
const QUERIES_PER_USER = 0.96;
/** An average question of the demo on the wire, headers included. */
const QUERY_BYTES = 73;
const STEP_MS = 500;
const SERVERS = ["dns-sl1", "dns-sl2"];

/** The load generators' effect on the name servers, as arithmetic: what real ones measured, in virtual time. */
export function dnsLoad({ clock, consul }: { readonly clock: Clock; readonly consul: Consul }) {
  const received = new Map<string, number>();
  let runner: PretendRunner | undefined;

  const subscription = every$(clock, STEP_MS).subscribe(() => {
    const tasks = runner?.running() ?? [];
    const users = tasks
      .filter(({ task }) => task.image === "normalload")
      .map(({ task }) => Number(task.argv[task.argv.indexOf("-u") + 1]));
    const queries = users.reduce((sum, count) => sum + count, 0) * QUERIES_PER_USER * (STEP_MS / 1000);
    const addresses = SERVERS.flatMap((name) => addressesOf(consul, name));
    const servers = tasks.filter(({ task, address }) => task.image === "bind9" && addresses.includes(address));
    for (const { task } of servers) {
      received.set(task.taskId, (received.get(task.taskId) ?? 0) + (queries / servers.length) * QUERY_BYTES);
    }
  });

  return {
    watch(watched: PretendRunner): void {
      runner = watched;
    },
    statistics(taskId: string): TaskStatistics {
      return {
        netRxBytes: Math.round(received.get(taskId) ?? 0),
        netTxBytes: 0,
        netRxDropped: 0,
        netTxDropped: 0,
        cpuUserSeconds: 0,
        cpuSystemSeconds: 0,
        memoryBytes: 0,
      };
    },
    stop: () => subscription.unsubscribe(),
  };
}

function addressesOf(consul: Consul, name: string): readonly string[] {
  const { answers } = consul.answer({ name: `${name}.service.torc`, type: "A" });
  return answers.flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
}
