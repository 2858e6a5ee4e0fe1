import type { Watch } from "../schedule/scenario.js";
import { NAMESPACE } from "../world/lab.js";
import type { World } from "../world/world.js";
import { sentSince } from "./compute-world.js";

export interface UpdateBounds {
  readonly group: string;
  /** So many must answer under the name before one that still serves is taken out. */
  readonly floor: number;
  /** At most so many tasks at once. */
  readonly cap: number;
}

/**
 * Floor and cap of one group, at every step:
 * - a name of a task that runs well is taken out only while `floor` others stay in;
 * - no more than `cap` tasks run;
 * - no task is launched twice, no more than two tasks of one number run.
 */
export function watchBounds(world: World, bounds: UpdateBounds, isExcused: () => boolean): Watch {
  const { group, floor, cap } = bounds;
  const breaches: string[] = [];
  const breach = (what: string) => {
    if (breaches.length < BREACHES_MAX) breaches.push(`at ${world.clock.monotonic()} ms: ${what}`);
  };
  const launched = new Set<string>();
  const prefix = `${NAMESPACE}.${group}-`;
  const running = () => world.runner.running().filter(({ task }) => task.taskId.startsWith(prefix));

  world.observers.push(({ call }) => {
    if (call.type === "deregister") {
      const others = namedBy(world, group).filter((id) => id !== call.id);
      const mine = running().find(({ task }) => call.id.includes(instanceOf(task.taskId)));
      const isSharedName = call.id.startsWith(`${group}:`);
      if (mine !== undefined && isSharedName && others.length < floor && !isExcused()) {
        breach(`${call.id} is taken out while it serves, and only ${others.length} others do (floor ${floor})`);
      }
    }
  });

  return {
    breaches,
    look() {
      const tasks = running().map(({ task }) => task.taskId);
      if (tasks.length > cap) breach(`${tasks.length} tasks run, at most ${cap} may: ${tasks.join()}`);
      const numbers = new Map<string, number>();
      for (const taskId of tasks) {
        const number = instanceOf(taskId).replace(/-[^-]*$/, "");
        numbers.set(number, (numbers.get(number) ?? 0) + 1);
      }
      for (const [number, count] of numbers) if (count > 2) breach(`${count} tasks of ${number} run`);
      for (const taskId of tasks) launched.add(taskId);
    },
  };
}

const BREACHES_MAX = 20;

/** `shop.web-web-1-abcde.1234abcd` → `web-web-1-abcde`. */
export function instanceOf(taskId: string): string {
  return taskId.split(".")[1] ?? taskId;
}

function namedBy(world: World, name: string): readonly string[] {
  return world.consul
    .snapshot()
    .services.filter((service) => service.service === name)
    .map((service) => service.id);
}

/** Nothing of a group is ended, or started, from the moment this is called: what is sent makes a sentence each. */
export function expectStill(world: World, group: string, what: readonly ("launch" | "kill")[]): Watch {
  const from = world.wire.length;
  const breaches: string[] = [];
  return {
    breaches,
    look() {
      breaches.length = 0;
      for (const type of what) {
        breaches.push(...sentSince(world, type, { group, from }).map((taskId) => `unexpected ${type} of ${taskId}`));
      }
    },
  };
}
