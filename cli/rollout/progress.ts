import { conditionOf } from "../../api-types/life.js";
import type { Service, ServiceGroup, ServiceStatus } from "../../api-types/service-group.js";
import type { Look } from "../access/follow.js";

/**
 * How far a group's update is.
 *
 * | state                                               | end     |
 * |-----------------------------------------------------|---------|
 * | the control plane has not seen the spec yet         | waited  |
 * | suspended, and nothing is left                      | done    |
 * | a service missed its deadline, or was rolled back   | failed  |
 * | a job gave up                                       | failed  |
 * | every service is updated, available, or at a canary | done    |
 * | as before, but instances are restarted, or leave    | waited  |
 * | else                                                | waited  |
 */
export function progressOf(group: ServiceGroup, only: string | undefined): Look {
  const { name, generation = 0 } = group.metadata;
  if ((group.status?.observedGeneration ?? 0) < generation) {
    return { text: `${name}: waiting for the control plane to take up the new spec`, code: undefined };
  }
  if (group.spec.suspend) return suspended(group);
  const services = group.spec.services.filter((service) => only === undefined || service.name === only);
  const states = services.map((service) => stateOf(group, service));
  const deadline = only === undefined ? deadlineText(group) : undefined;
  if (deadline !== undefined) return { text: deadline, code: 1 };
  const failed = states.find(({ end }) => end === "failed");
  if (failed !== undefined) return { text: failed.text, code: 1 };
  const pending = states.filter(({ end }) => end === undefined);
  if (pending.length > 0) {
    const texts = [...pending.map(({ text }) => text), ...hurdles(group)];
    return { text: [...new Set(texts)].join("; "), code: undefined };
  }
  const isMoving = only === undefined && conditionOf(group, "Progressing")?.status === "True";
  if (isMoving) {
    const moving = `${name}: all services are updated; instances still come or leave`;
    return { text: [moving, ...hurdles(group)].join("; "), code: undefined };
  }
  return { text: states.map(({ text }) => text).join("\n"), code: 0 };
}

interface ServiceState {
  readonly text: string;
  readonly end: "done" | "failed" | undefined;
}

function suspended(group: ServiceGroup): Look {
  const ready = conditionOf(group, "Ready");
  const { name } = group.metadata;
  if (ready?.status === "True") return { text: `${name} is suspended; rackctl resume sg/${name} starts it`, code: 0 };
  return { text: `${name} is being suspended: ${ready?.message || "instances leave"}`, code: undefined };
}

function stateOf(group: ServiceGroup, service: Service): ServiceState {
  const status = group.status?.services?.find(({ name }) => name === service.name) ?? { name: service.name };
  if (status.failedRevision !== undefined) return rolledBack(status);
  if (service.mode === "Job") return jobState(service, status);
  const held = heldText(group);
  if (held !== undefined && service.update.paused) {
    return { text: `${held} (rackctl rollout resume sg/${group.metadata.name} lets it go on)`, end: undefined };
  }
  const { desired = 0, updated = 0, available = 0, running = 0 } = status;
  const counts = `${service.name}: ${updated} of ${desired} updated, ${available} available`;
  if (updated >= desired && available >= desired && running <= Math.max(updated, desired)) {
    return { text: `${service.name}: ${doneText(status)}`, end: "done" };
  }
  const { canary, paused } = service.update;
  // instances of the canary may be there and not serve yet
  if (canary > 0 && updated >= canary && available >= desired && held !== undefined) {
    const hint = `rackctl rollout promote sg/${group.metadata.name} lets it go on`;
    return { text: `${counts}; held at its canary; ${hint}`, end: "done" };
  }
  if (paused) return { text: `${counts}, paused (rackctl rollout resume sg/${group.metadata.name})`, end: undefined };
  const old = Math.max(0, running - updated);
  return { text: old > 0 ? `${counts}, ${old} old running` : counts, end: undefined };
}

/** Said by the loop of groups while an update is paused, when its revision may not even be stored yet, or at its canary. */
const UPDATE_HELD = "UpdateHeld";

function heldText(group: ServiceGroup): string | undefined {
  const progressing = conditionOf(group, "Progressing");
  return progressing?.reason === UPDATE_HELD ? progressing.message : undefined;
}

function doneText({ desired = 0, revision }: ServiceStatus): string {
  const what = desired === 1 ? "1 instance is" : `${desired} instances are`;
  return `rolled out, ${what} available${revision === undefined ? "" : ` with ${revision}`}`;
}

function rolledBack({ name, failedRevision, availableRevision }: ServiceStatus): ServiceState {
  const back = availableRevision === undefined ? "" : ` to ${availableRevision}`;
  return { text: `${name}: ${failedRevision} missed its deadline and was rolled back${back}`, end: "failed" };
}

function jobState({ name, job, restart }: Service, { succeeded = 0, failed = 0 }: ServiceStatus): ServiceState {
  const completions = job?.completions ?? 1;
  // what is never started again is given up at its first failure
  const failuresMax = restart.policy === "Never" ? 0 : (job?.backoffLimit ?? 6);
  const text = `${name}: ${succeeded} of ${completions} done, ${failed} failed`;
  if (succeeded >= completions) return { text, end: "done" };
  return failed > failuresMax ? { text: `${text}; the job gave up`, end: "failed" } : { text, end: undefined };
}

/** Said by the loop of groups when an update makes no progress for too long. */
const DEADLINE_EXCEEDED = "DeadlineExceeded";

function deadlineText(group: ServiceGroup): string | undefined {
  const progressing = conditionOf(group, "Progressing");
  if (progressing?.reason !== DEADLINE_EXCEEDED) return undefined;
  return progressing.message || `no progress for ${group.spec.progressDeadlineSeconds} s`;
}

/** What keeps instances from starting, and what the first one that runs waits for. */
function hurdles(group: ServiceGroup): readonly string[] {
  const told = ["Blocked", "Unschedulable", "Held"].flatMap((type) => {
    const condition = conditionOf(group, type);
    return condition?.status === "True" ? [`${type.toLowerCase()}: ${condition.message}`] : [];
  });
  // the loop of groups tells the counts first, which are said already
  const [, ...obstacle] = conditionOf(group, "Ready")?.message.split("; ") ?? [];
  return obstacle.length === 0 ? told : [...told, obstacle.join("; ")];
}
