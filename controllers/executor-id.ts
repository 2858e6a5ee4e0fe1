import type { Instance } from "../api-types/instance.js";
import type { ServiceExecutor } from "../api-types/service-group.js";

/** The id of the executor that runs an instance's task: its own, or one for all of a revision on a node. */
export function executorIdOf({ metadata, spec }: Instance, { shared }: ServiceExecutor, taskId: string): string {
  return shared ? `${metadata.namespace}.${spec.serviceGroup}.${spec.service}.${spec.revisionName}` : taskId;
}
