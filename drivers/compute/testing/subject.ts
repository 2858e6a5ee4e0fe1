import { expect } from "vitest";
import type { VirtualClock } from "../../../platform/virtual-clock.js";
import type { Observation } from "../../observation.js";
import type { Agent, ComputeDriver, Connection, Offer, Task, TaskLaunch, TaskStatus } from "../driver.js";

/** A driver before a cluster with at least one agent that has 2 cpus and 1 GiB, all of it free. */
export interface ComputeSubject {
  readonly driver: ComputeDriver;
  readonly clock: VirtualClock;
  /** Cuts the driver off from the cluster, and back on. */
  disconnect(): void;
  reconnect(): void;
  /** Another process takes our place. */
  takeOver(): void;
  /** The task ends by itself, with an exit code or by a signal. */
  end(taskId: string, how: { readonly exitCode: number } | { readonly signal: string }): void;
}

/** The period of listings; the subject's driver uses it. */
export const SUITE_PERIOD_MS = 5_000;

/** Longest virtual time for anything to happen. */
const PATIENCE_MS = 120_000;

/** A settled driver and what it says. */
export async function readyOf(make: () => ComputeSubject, isAcknowledging = true) {
  const subject = make();
  const seen = watch(subject.driver, isAcknowledging);
  const until = async (isDone: () => boolean, what: string) => {
    expect(await subject.clock.advanceUntil(isDone, PATIENCE_MS), what).toBe(true);
  };
  await until(() => seen.isSettled() && seen.offers().length > 0, "settled, with offers");
  return { ...subject, ...seen, until };
}

export type Ready = Awaited<ReturnType<typeof readyOf>>;

/** Launches one task on the first offer and waits until it runs. */
export async function running(subject: Ready, taskId = "default.web-0.aaaaaaaa"): Promise<TaskLaunch> {
  await subject.until(() => subject.offers().length > 0, "an offer");
  const launch = smallTask(taskId, firstOffer(subject.offers()));
  await subject.driver.launch([firstOffer(subject.offers()).id], [launch]);
  await subject.until(() => subject.statesOf(taskId).includes("Running"), `${taskId} runs`);
  return launch;
}

/** Keeps the last of every stream, and all statuses. */
export function watch(driver: ComputeDriver, isAcknowledging: boolean) {
  const statuses: TaskStatus[] = [];
  let connection: Connection | undefined;
  let offers: readonly Offer[] = [];
  let tasks: Observation<Task> | undefined;
  let agents: Observation<Agent> | undefined;
  driver.connection$.subscribe((value) => {
    connection = value;
  });
  driver.offers$.subscribe((value) => {
    offers = value;
  });
  driver.tasks$.subscribe((value) => {
    tasks = value;
  });
  driver.agents$.subscribe((value) => {
    agents = value;
  });
  driver.statuses$.subscribe((status) => {
    statuses.push(status);
    // while disconnected it fails, and the status is told again later
    if (isAcknowledging) driver.acknowledge(status).catch(() => {});
  });
  return {
    statuses,
    statesOf: (taskId: string) => statuses.filter((status) => status.taskId === taskId).map(({ state }) => state),
    connection: () => connection,
    isSettled: () => connection?.type === "subscribed" && connection.isSettled,
    offers: () => offers,
    tasks: () => tasks,
    agents: () => agents,
  };
}

/** The first of the offers held; there is one. */
export function firstOffer(offers: readonly Offer[]): Offer {
  return offers[0] ?? expect.fail("no offer is held");
}

/** What was observed; nothing when that is unknown. */
export function itemsOf<Item>(observation: Observation<Item> | undefined): readonly Item[] {
  return observation === undefined || observation.type === "Unknown" ? [] : [...observation.items.values()];
}

/** A task that runs until it is killed, on the agent of this offer. */
export function smallTask(taskId: string, { agentId }: Offer): TaskLaunch {
  return {
    taskId,
    name: "web",
    agentId,
    resources: { cpu: 0.5, memoryMiB: 64, diskMiB: 0, gpu: 0, ports: [] },
    containerizer: "Mesos",
    image: undefined,
    forcePull: false,
    command: { type: "shell", script: "sleep 1000" },
    user: undefined,
    env: { A: "b" },
    labels: { "rackwright.dev/stamp": "a/b" },
    volumes: [],
    isPrivileged: false,
    dockerParameters: [],
    network: { mode: "Host" },
    ports: [],
    check: undefined,
    killGraceSeconds: 1,
  };
}
