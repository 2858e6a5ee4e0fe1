import type { Action } from "../../../actuation/action.js";
import type { Rack } from "../../../api-types/rack.js";
import type { TaskLaunch } from "../../../drivers/compute/driver.js";

/** One ACCEPT: the tasks of one agent. */
export function launchAction(
  rack: Rack,
  launch: { readonly agentId: string; readonly offerIds: readonly string[]; readonly tasks: readonly TaskLaunch[] },
): Action {
  const names = launch.tasks.map((task) => task.name).join(", ");
  return {
    type: "task.launch",
    rack: rack.metadata.name,
    key: launch.tasks.map((task) => task.taskId).join(","),
    change: { type: "launch", ...launch },
    message: `launch ${names} on agent ${launch.agentId}`,
    cause: launch.tasks.map((task) => task.taskId),
    evidence: [],
  };
}
