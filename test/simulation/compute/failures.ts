import type { Scenario } from "../schedule/scenario.js";
import { NAMESPACE } from "../world/lab.js";
import { isRemoval, wireText } from "../world/wire.js";
import type { World } from "../world/world.js";
import {
  availableOf,
  changeGroup,
  computeWorld,
  instancesOf,
  machines,
  sentSince,
  tasksOf,
  webGroup,
} from "./compute-world.js";
import { instanceOf } from "./invariants.js";
import { afterwards } from "./upgrades.js";

const WEB = { names: ["web"], routedTasks: new RegExp(`^${NAMESPACE}\\.web-`) };

/** 30 of 40 turn critical at once, and are well again a minute later: that is one's own blindness, nobody is ended. */
export const mostCriticalAtOnce: Scenario = {
  name: "most-critical-at-once",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(10), groups: [webGroup("web", { instances: 40 })] }),
  watch: (world) => afterwards(world, 40_000, () => removalsOf(world)),
  steps: [
    { atMs: 41_000, run: (world) => setHealth(world, tasksOf(world, "web").slice(0, 30), false) },
    { atMs: 101_000, run: (world) => setHealth(world, tasksOf(world, "web"), true) },
  ],
  async check(world) {
    const available = await availableOf(world, "web");
    return available === 40 ? [] : [`${available} of 40 are available`];
  },
  sparesTasks: true,
  faultsFromMs: 60_000,
  faultsUntilMs: 100_000,
  endMs: 110_000,
};

/** An agent is away for longer than its instances are waited for, and comes back: each ends up once. */
export const agentAwayAndBack: Scenario = {
  name: "agent-away-and-back",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(4), groups: [webGroup("web", { instances: 6 })] }),
  watch: (world) => killedOnce(world),
  steps: [
    { atMs: 20_000, run: async (world) => world.mesos.partitionAgent("n2") },
    { atMs: 170_000, run: async (world) => world.mesos.returnAgent("n2") },
  ],
  async check(world) {
    const tasks = tasksOf(world, "web");
    return tasks.length === 6 ? [] : [`${tasks.length} tasks run instead of 6: ${tasks.join()}`];
  },
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 200_000,
  endMs: 210_000,
};

/** The machine of the only instance burns down: its name leads to it until its successor answers. */
export const lastInstanceLost: Scenario = {
  name: "last-instance-lost",
  ...WEB,
  createWorld: (options) =>
    computeWorld({ ...options, nodes: machines(3), groups: [webGroup("web", { instances: 1 })] }),
  steps: [
    {
      atMs: 20_000,
      async run(world) {
        const [instance] = await world.ask(() => instancesOf(world, "web"));
        world.mesos.crashAgent(instance?.status?.placement?.node ?? "n1");
      },
    },
  ],
  isDone: async (world) => (await availableOf(world, "web")) === 1 && tasksOf(world, "web").length === 1,
  // a master that restarts meanwhile waits ten minutes for the machine before it says anything of its tasks
  convergenceMs: 900_000,
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 100_000,
  endMs: 130_000,
};

/** Exits with 0 every 25 seconds: started again each time, at the same pace for ever. */
export const exitsEvery25Seconds: Scenario = {
  name: "exits-every-25-seconds",
  names: [],
  routedTasks: WEB.routedTasks,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(2),
      groups: [webGroup("web", { instances: 1 })],
      behaviour: () => ({ exit: { afterMs: 25_000, code: 0 } }),
    }),
  steps: [],
  isRestless: true,
  async check(world) {
    const launches = new Set(sentSince(world, "launch", { group: "web", from: 0 })).size;
    const minutes = world.clock.monotonic() / 60_000;
    const perMinute = launches / minutes;
    return perMinute > 1.5 && perMinute < 2.6
      ? []
      : [`${launches} launches in ${minutes.toFixed(1)} minutes: ${perMinute.toFixed(2)} a minute`];
  },
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 60_000,
  endMs: 600_000,
};

/** Three of ten fail their checks for good, and are not replaced for it: scaling down by three takes just these. */
export const scaleDownTakesUnhealthy: Scenario = {
  name: "scale-down-takes-unhealthy",
  ...WEB,
  createWorld: (options) =>
    computeWorld({
      ...options,
      nodes: machines(4),
      groups: [
        webGroup("web", { instances: 10 }).replace("timeoutSeconds: 1 }", "timeoutSeconds: 1, failureThreshold: 0 }"),
      ],
    }),
  watch: (world) => onlySickAreEnded(world),
  steps: [
    { atMs: 20_000, run: (world) => setHealth(world, sickOf(world), false) },
    { atMs: 45_000, run: (world) => changeGroup(world, "web", { scale: { web: 7 } }) },
  ],
  async check(world) {
    const running = tasksOf(world, "web");
    return running.length === 7 ? [] : [`${running.length} tasks run instead of 7`];
  },
  sparesTasks: true,
  faultsFromMs: 500,
  faultsUntilMs: 40_000,
  endMs: 60_000,
};

async function setHealth(world: World, taskIds: readonly string[], isHealthy: boolean): Promise<void> {
  for (const taskId of taskIds) world.runner.setHealthy(taskId, isHealthy);
}

/** Those of number 2, 5 and 8. */
function sickOf(world: World): readonly string[] {
  return tasksOf(world, "web").filter((taskId) => /-(2|5|8)-[^-]*$/.test(instanceOf(taskId)));
}

function onlySickAreEnded(world: World) {
  return {
    get breaches() {
      const killed = sentSince(world, "kill", { group: "web", from: 0 });
      return killed
        .filter((taskId) => !/-(2|5|8)-[^-]*$/.test(instanceOf(taskId)))
        .map((taskId) => `${taskId}, which was well, was ended`);
    },
    look() {},
  };
}

/** No task is ended and no name taken away. */
function removalsOf(world: World) {
  const from = world.wire.length;
  return {
    get breaches() {
      return wireText(world.wire.slice(from).filter(isRemoval)).split("\n").filter(Boolean);
    },
    look() {},
  };
}

/** A task is asked to end again and again until it does, but of two tasks of one number only one ever is. */
function killedOnce(world: World) {
  return {
    get breaches() {
      const killed = new Map<string, Set<string>>();
      for (const taskId of sentSince(world, "kill", { group: "web", from: 0 })) {
        const number = instanceOf(taskId).replace(/-[^-]*$/, "");
        killed.set(number, (killed.get(number) ?? new Set()).add(taskId));
      }
      return [...killed]
        .filter(([, tasks]) => tasks.size > 1)
        .map(([number, tasks]) => `${tasks.size} tasks of ${number} were ended: ${[...tasks].join()}`);
    },
    look() {},
  };
}
