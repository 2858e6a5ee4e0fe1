import { describe, expect, it } from "vitest";
import { isConverged } from "../schedule/convergence.js";
import type { World } from "../world/world.js";
import { computeWorld, machines, sentSince, tasksOf, webGroup } from "./compute-world.js";

const WANTED = 3;
/** Requests of the loops that are tried as the last one of a process: nearly all that a start of three instances needs. */
const STEPS = { api: 40, mesos: 8 };

/** Kills the loops as the `step`-th of their writes, or of their calls to Mesos, is on its way, and starts others. */
function killAt(world: World, place: "api" | "mesos", step: number): void {
  let count = 0;
  const when = ({ method }: { readonly method: string }) => {
    if (method !== "GET") count += 1;
    if (count === step) {
      count += 1;
      world.restartControllers();
    }
    return false;
  };
  world.scripts[place].rules = [{ fault: { type: "refuse" }, when }];
}

async function faultsOf(place: "api" | "mesos", step: number): Promise<readonly string[]> {
  const group = webGroup("web", { instances: WANTED });
  const world = await computeWorld({ seed: step, nodes: machines(3), groups: [group] });
  killAt(world, place, step);
  await world.until("all is Ready", () => isConverged(world), 120_000);
  await world.clock.advance(30_000);
  const launches = sentSince(world, "launch", { group: "web", from: 0 });
  const running = tasksOf(world, "web");
  const processes = world.planes.length;
  await world.stop();
  const doubled = launches.filter((taskId, index) => launches.indexOf(taskId) !== index);
  return [
    ...(processes === 2 ? [] : [`${processes} processes ran: the request was never sent`]),
    ...doubled.map((taskId) => `${taskId} was launched twice`),
    ...(running.length === WANTED ? [] : [`${running.length} tasks run`]),
    ...running.filter((taskId) => !launches.includes(taskId)).map((taskId) => `nobody launched ${taskId}`),
  ];
}

describe("no launch is lost or doubled", () => {
  it.each(["api", "mesos"] as const)("wherever the loops die between two requests to %s", async (place) => {
    for (let step = 1; step <= STEPS[place]; step++) {
      expect(await faultsOf(place, step), `killed at request ${step}`).toEqual([]);
    }
  });
});
