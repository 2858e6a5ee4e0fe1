import type { Action } from "../../../actuation/action.js";
import type { Instance } from "../../../api-types/instance.js";
import { isTerminal, keyOf } from "../../../api-types/life.js";
import type { ServiceExecutor } from "../../../api-types/service-group.js";
import { executorIdOf } from "../../executor-id.js";

/** Everything that the end of an executor rests on. */
export interface ExecutorEnd {
  /** Its task ended, and it is about to vanish. */
  readonly instance: Instance;
  readonly executor: ServiceExecutor;
  /** All Instances of its group. */
  readonly members: readonly Instance[];
  readonly rack: string;
}

/**
 * The action that ends the executor of an instance whose task ended; undefined while it runs, or may be about to run, a
 * task of another instance. Mesos would keep an executor that does not end by itself, and what it takes, for ever.
 */
export function executorEnd({ instance, executor, members, rack }: ExecutorEnd): Action | undefined {
  const placement = instance.status?.placement;
  if (placement === undefined) return undefined;
  const executorId = executorIdOf(instance, executor, placement.taskID);
  const { agentID: agentId } = placement;
  const isUsed = members.some(
    (other) =>
      other.metadata.uid !== instance.metadata.uid &&
      other.status?.placement?.agentID === agentId &&
      !isTerminal(other) &&
      executorIdOf(other, executor, other.status.placement.taskID) === executorId,
  );
  if (isUsed) return undefined;
  return {
    type: "task.withdraw",
    rack,
    key: executorId,
    change: { type: "shutDown", executorId, agentId },
    message: `end executor ${executorId} on agent ${agentId}: it has run the last task of Instance ${keyOf(instance)}`,
    ground: { type: "tombstone", owner: instance.metadata.uid ?? "" },
    cause: [`${instance.metadata.uid ?? ""}@${instance.metadata.generation ?? 0}`],
    evidence: [],
  };
}
