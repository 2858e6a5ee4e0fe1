import { TERMINAL_STATES } from "../../../../api-types/life.js";
import type { Task, TaskState, TaskStatus } from "../../driver.js";
import type { WireLabels, WireNetworkInfo, WireTaskStatus } from "../wire.js";
import type { WireTask } from "../wire-operator.js";
import { exitOf } from "./exit.js";

/** What only some updates of a task tell, and what must outlive the others. */
export interface ContainerFacts {
  readonly addresses: readonly string[];
  readonly containerId: string | undefined;
  readonly mesosContainerId: string | undefined;
}

/** Nothing is known of the container. */
export const NO_CONTAINER: ContainerFacts = { addresses: [], containerId: undefined, mesosContainerId: undefined };

/**
 * The facts after `status`. Addresses and the docker id count from a running task only: before and after, a docker task
 * reports its agent's address.
 */
export function containerFacts(status: WireTaskStatus, before: ContainerFacts = NO_CONTAINER): ContainerFacts {
  const mesosContainerId = status.container_status?.container_id?.value ?? before.mesosContainerId;
  if (status.state !== "TASK_RUNNING") return { ...before, mesosContainerId };
  const docker = dockerInspectOf(status.data);
  const wasIsolated = before.containerId !== undefined && before.addresses.length === 0;
  const isIsolated = docker?.isIsolated ?? wasIsolated;
  const reported = docker?.addresses ?? addressesOf(status.container_status?.network_infos);
  const addresses = reported.length > 0 ? reported : before.addresses;
  return {
    addresses: isIsolated ? [] : addresses,
    containerId: docker === undefined ? before.containerId : `docker://${docker.id}`,
    mesosContainerId,
  };
}

/** One status as the loops see it; `before` is the state that the task was last known to be in. */
export function statusOf(status: WireTaskStatus, facts: ContainerFacts, before?: TaskState): TaskStatus {
  return {
    taskId: status.task_id.value,
    agentId: status.agent_id?.value,
    // a state that this build does not know tells nothing: Unknown would be the master's word that there is no such task
    state: STATES.get(status.state) ?? before ?? "Lost",
    reason: status.reason,
    message: status.message,
    timestamp: status.timestamp ?? 0,
    isHealthy: status.healthy,
    ...facts,
    ...exitOf(status.message),
    isReconciliation: status.reason === "REASON_RECONCILIATION",
    acknowledgement: status.uuid,
  };
}

/** A task of the master's list: a statement about now, so nothing of it is to be acknowledged. */
export function taskOf(task: WireTask, before?: { readonly facts: ContainerFacts; readonly status: TaskStatus }): Task {
  const statuses = task.statuses ?? [];
  const facts = statuses.reduce((known, status) => containerFacts(status, known), before?.facts ?? NO_CONTAINER);
  const latest = statuses.findLast((status) => status.state === task.state);
  const bare: WireTaskStatus = { task_id: task.task_id, agent_id: task.agent_id, state: task.state };
  return {
    id: task.task_id.value,
    name: task.name,
    agentId: task.agent_id.value,
    labels: labelsOf(task.labels),
    status: {
      ...statusOf({ agent_id: task.agent_id, ...(latest ?? bare) }, facts, before?.status.state),
      isReconciliation: true,
      acknowledgement: undefined,
    },
  };
}

/** Labels by key; of a repeated key the first counts. */
export function labelsOf(labels: WireLabels | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((labels?.labels ?? []).toReversed().map(({ key, value }) => [key, value ?? ""]));
}

/** States after which nothing more comes. Lost and Unknown are not among them: they say little. */
export function isTerminal(state: TaskState): boolean {
  return TERMINAL_STATES.includes(state);
}

const STATES: ReadonlyMap<string, TaskState> = new Map([
  ["TASK_STAGING", "Staging"],
  ["TASK_STARTING", "Starting"],
  ["TASK_RUNNING", "Running"],
  ["TASK_KILLING", "Killing"],
  ["TASK_FINISHED", "Finished"],
  ["TASK_FAILED", "Failed"],
  ["TASK_KILLED", "Killed"],
  ["TASK_ERROR", "Error"],
  ["TASK_DROPPED", "Dropped"],
  ["TASK_GONE", "Gone"],
  ["TASK_GONE_BY_OPERATOR", "GoneByOperator"],
  ["TASK_UNREACHABLE", "Unreachable"],
  ["TASK_UNKNOWN", "Unknown"],
  ["TASK_LOST", "Lost"],
]);

function addressesOf(networks: readonly WireNetworkInfo[] | undefined): readonly string[] {
  return (networks ?? []).flatMap((network) =>
    (network.ip_addresses ?? []).flatMap(({ ip_address }) => (ip_address === undefined ? [] : [ip_address])),
  );
}

interface DockerFacts {
  readonly id: string;
  /** Undefined: none of its own; then those of the container status count. */
  readonly addresses: readonly string[] | undefined;
  /** Network `none`: there is no address, whatever the container status says. */
  readonly isIsolated: boolean;
}

/** The answer of `docker inspect` in the data of a running docker task. Undefined for anything else. */
function dockerInspectOf(data: string | undefined): DockerFacts | undefined {
  const inspected = firstOf(parseBase64Json(data));
  const id = fieldOf(inspected, "Id");
  if (typeof id !== "string" || id === "") return undefined;
  const networks = fieldOf(fieldOf(inspected, "NetworkSettings"), "Networks");
  const names = typeof networks === "object" && networks !== null ? Object.keys(networks) : [];
  const isIsolated = names.length === 1 && names[0] === "none";
  const found = names.flatMap((name) => addressOf(fieldOf(networks, name)));
  return { id, addresses: found.length > 0 ? found : undefined, isIsolated };
}

function addressOf(network: unknown): readonly string[] {
  const address = fieldOf(network, "IPAddress");
  return typeof address === "string" && address !== "" ? [address] : [];
}

function parseBase64Json(data: string | undefined): unknown {
  if (data === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(data, "base64").toString("utf8"));
  } catch {
    // executors may put anything there: what is not JSON is not of docker
    return undefined;
  }
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
