import { isTerminal, type World } from "../cluster/world.js";
import { milliOf } from "../wire/resources.js";

/** The metrics of the master that say something about its load. */
export function metricsOf(world: World): Readonly<Record<string, number>> {
  const agents = [...world.agents.values()];
  const registered = agents.filter((agent) => agent.status === "Registered");
  const frameworks = [...world.frameworks.values()];
  const connected = frameworks.filter((framework) => framework.subscription !== undefined).length;
  const tasks = frameworks.flatMap((framework) => [...framework.tasks.values()]);
  const live = tasks.filter((task) => !isTerminal(task.state));
  const sum = (name: string, of: readonly { readonly bundle: Parameters<typeof milliOf>[0] }[]) =>
    of.reduce((total, { bundle }) => total + milliOf(bundle, name), 0) / 1000;
  const totals = registered.map((agent) => ({ bundle: agent.total }));
  const used = live.map((task) => ({ bundle: task.resources }));
  return {
    "master/cpus_total": sum("cpus", totals),
    "master/cpus_used": sum("cpus", used),
    "master/elected": 1,
    "master/frameworks_active": connected,
    "master/frameworks_connected": connected,
    "master/frameworks_disconnected": frameworks.length - connected,
    "master/mem_total": sum("mem", totals),
    "master/mem_used": sum("mem", used),
    "master/outstanding_offers": world.offers.size,
    "master/slaves_active": registered.filter((agent) => agent.isConnected && !agent.isDeactivated).length,
    "master/slaves_connected": registered.filter((agent) => agent.isConnected).length,
    "master/slaves_disconnected": registered.filter((agent) => !agent.isConnected).length,
    "master/slaves_unreachable": agents.filter((agent) => agent.status === "Unreachable").length,
    "master/tasks_running": tasks.filter((task) => task.state === "TASK_RUNNING").length,
    "master/tasks_staging": tasks.filter((task) => task.state === "TASK_STAGING").length,
    "master/uptime_secs": (world.clock.monotonic() - world.startedAt) / 1000,
  };
}
