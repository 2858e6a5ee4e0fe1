import { TASK_LABEL } from "../api-types/well-known.js";
import type { Task } from "../drivers/compute/driver.js";
import type { Observation } from "../drivers/observation.js";
import { isLiving } from "./orphans.js";

/** An address with the pool that it was claimed from. */
export interface ClaimedAddress {
  readonly pool: string;
  readonly address: string;
}

/** The address as a label of its task. */
export function addressLabel({ pool, address }: ClaimedAddress): string {
  return `${pool}/${address}`;
}

/** The address that a task was launched with, as its labels tell. */
export function labelledAddress(labels: Readonly<Record<string, string>>): ClaimedAddress | undefined {
  const [pool = "", address = ""] = (labels[TASK_LABEL.address] ?? "").split("/");
  return pool === "" || address === "" ? undefined : { pool, address };
}

/** Addresses that tasks were launched with which may still run; an agent that is out of reach ends none. */
export function addressesInUse(tasks: Observation<Task>): ReadonlySet<string> {
  if (tasks.type === "Unknown") return new Set();
  const living = [...tasks.items.values()].filter(isLiving);
  return new Set(living.flatMap(({ labels }) => labelledAddress(labels)?.address ?? []));
}
