import type { Connection } from "../../drivers/compute/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";

/** The word of the master after which a stored framework id is worth nothing. */
const REMOVED = "Framework has been removed";

/** Whether the rack's compute back end can be used, in one condition; `connection` undefined: the Rack names none. */
export function computeCondition(
  connection: Connection | undefined,
  tasks: Observation<unknown> | undefined,
): ConditionUpdate {
  const type = "ComputeReady";
  if (connection === undefined) return { type, status: "True", reason: "NotUsed", message: "" };
  if (connection.type !== "subscribed") {
    const status = connection.type === "stopped" ? "False" : "Unknown";
    return { type, status, reason: "NotSubscribed", message: `Mesos: ${connection.reason}` };
  }
  if (tasks?.type === "Unknown") {
    return { type, status: "Unknown", reason: "MasterSilent", message: `Mesos: ${tasks.reason}` };
  }
  return { type, status: "True", reason: "Subscribed", message: "" };
}

/** The framework id to store: the one in use, none after it was removed, else the known one. */
export function frameworkToStore(connection: Connection | undefined, stored: string | undefined): string | undefined {
  if (connection?.type === "subscribed") return connection.frameworkId;
  return isRemoved(connection) ? undefined : stored;
}

/** The master forgot the framework with all its tasks: only a new registration helps. */
export function isRemoved(connection: Connection | undefined): boolean {
  return connection?.type === "stopped" && connection.reason.includes(REMOVED);
}
