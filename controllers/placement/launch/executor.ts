import type { Instance } from "../../../api-types/instance.js";
import type { ServiceExecutor } from "../../../api-types/service-group.js";
import type { TaskExecutor } from "../../../drivers/compute/driver.js";
import { executorIdOf } from "../../executor-id.js";
import { executorAmounts } from "./need.js";
import { fetchedFiles } from "./process.js";
import { environmentOf, type Values } from "./references.js";
import type { Variables } from "./variables.js";

/** An executor of one's own, and what it is made for. */
export interface ExecutorInput {
  readonly instance: Instance;
  readonly executor: ServiceExecutor;
  readonly taskId: string;
  /** What is in its environment beside its own: the task's, or of a shared one only what is the same for all who share it. */
  readonly around: Variables;
  readonly values: Values;
}

/** The executor of a task. All tasks of a revision on one node name the same when it is shared. */
export function executorOf({ instance, executor, taskId, around, values }: ExecutorInput): TaskExecutor {
  const { name, command, fetch = [], env, resources, data } = executor;
  return {
    id: executorIdOf(instance, executor, taskId),
    name,
    script: command,
    fetch: fetchedFiles(fetch),
    env: { ...around, ...environmentOf(env, values) },
    resources: { ...executorAmounts(resources), ports: [] },
    data,
  };
}
