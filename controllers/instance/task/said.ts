import type { TaskStatus } from "../../../drivers/compute/driver.js";

/**
 * What is to be stored after one more status was told: a repetition adds nothing, and of statements about now only the newest
 * of each task is kept. So it holds at most one change and one statement of each task, however long nothing can be stored.
 */
export function afterHearing(said: readonly TaskStatus[], told: TaskStatus): readonly TaskStatus[] {
  const { acknowledgement } = told;
  if (acknowledgement !== undefined && said.some((known) => known.acknowledgement === acknowledgement)) return said;
  return [...said.filter((known) => !isStatement(known, told)), told];
}

/** An earlier one of the same task that the new one makes old. */
function isStatement(known: TaskStatus, told: TaskStatus): boolean {
  return told.isReconciliation && known.isReconciliation && known.taskId === told.taskId;
}
