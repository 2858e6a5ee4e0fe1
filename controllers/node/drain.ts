import type { Instance } from "../../api-types/instance.js";
import { conditionOf, isTerminal } from "../../api-types/life.js";
import type { Node } from "../../api-types/node.js";
import { type ConditionUpdate, formatTime } from "../../runtime/conditions.js";
import type { AgentOfNode } from "./plan.js";

/** Maintenance that starts within this time empties a node like a drain without a deadline. */
const MAINTENANCE_LEAD_MS = 10 * 60_000;
/** So many instances a message names. */
const NAMES_MAX = 3;

export interface DrainView {
  readonly node: Node;
  readonly agent: AgentOfNode;
  /** Instances that were placed on it. */
  readonly instances: readonly Instance[];
  /** Wall time. */
  readonly now: number;
}

/** What is told to people once. */
export interface DrainEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** How far a drain is. */
export interface DrainReport {
  /** RFC 3339; undefined: the node is not drained. */
  readonly drainingSince: string | undefined;
  readonly condition: ConditionUpdate | undefined;
  readonly events: readonly DrainEvent[];
  /** When it has to be looked at again although nothing happens. */
  readonly requeueAfterMs: number | undefined;
}

/**
 * | wanted by                                     | since          | Drained                              |
 * |-----------------------------------------------|----------------|--------------------------------------|
 * | nobody                                        |                | no condition                         |
 * | spec.drain, maintenance, a Mesos drain        | kept, else now | True once no instance is placed here |
 * | as before, unknown whether maintenance is on  | kept           | as above                             |
 */
export function drainReport(view: DrainView): DrainReport {
  const { node, now } = view;
  const cause = causeOf(view);
  const known = node.status?.drainingSince;
  const changesAt = maintenanceTimes(view).filter((time) => time > now);
  if (cause === undefined) {
    const ended: DrainEvent = { type: "Normal", reason: "DrainEnded", message: "the node takes instances again" };
    const events = known === undefined ? [] : [ended];
    return { drainingSince: undefined, condition: undefined, events, requeueAfterMs: earliest(changesAt, now) };
  }
  const drainingSince = known ?? formatTime(now);
  const seconds = node.spec.drain?.deadlineSeconds;
  const deadline = seconds === undefined ? undefined : Date.parse(drainingSince) + seconds * 1000;
  const condition = drainedCondition(view, deadline);
  const times = deadline !== undefined && deadline > now ? [...changesAt, deadline] : changesAt;
  const started: DrainEvent = { type: "Normal", reason: "DrainStarted", message: startText(cause, deadline) };
  const events = [...(known === undefined ? [started] : []), ...progressEvents(node, condition)];
  return { drainingSince, condition, events, requeueAfterMs: earliest(times, now) };
}

/** Instances whose task may run here; one that ended holds nothing. */
export function placedHere(instances: readonly Instance[]): readonly Instance[] {
  return instances.filter((instance) => !isTerminal(instance));
}

/** Why the node is to become empty, in words; undefined: it is not. */
function causeOf({ node, agent: { agent, isAnswered }, now }: DrainView): string | undefined {
  if (node.spec.drain !== undefined) return "drained by its spec";
  const isKept = node.status?.drainingSince !== undefined;
  // no answer is no reason to begin or to end anything
  if (agent === undefined) return isKept && !isAnswered ? "drained before" : undefined;
  if (agent.state === "Draining") return "Mesos drains its agent";
  if (agent.maintenance === undefined) return undefined;
  const { start, end } = agent.maintenance;
  const isNear = now >= start - MAINTENANCE_LEAD_MS && (end === undefined || now < end);
  return isNear ? `its agent has maintenance from ${formatTime(start)}` : undefined;
}

function maintenanceTimes({ agent: { agent } }: DrainView): readonly number[] {
  if (agent?.maintenance === undefined) return [];
  const { start, end } = agent.maintenance;
  return [start - MAINTENANCE_LEAD_MS, ...(end === undefined ? [] : [end])];
}

function drainedCondition({ instances, now }: DrainView, deadline: number | undefined): ConditionUpdate {
  const left = placedHere(instances);
  if (left.length === 0)
    return { type: "Drained", status: "True", reason: "NodeEmpty", message: "no instance is left" };
  const isOverdue = deadline !== undefined && now >= deadline;
  const reason = isOverdue ? "DrainOverdue" : "InstancesRemain";
  return { type: "Drained", status: "False", reason, message: remainText(left, deadline) };
}

function remainText(left: readonly Instance[], deadline: number | undefined): string {
  const names = left.slice(0, NAMES_MAX).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const more = left.length > names.length ? ` and ${left.length - names.length} more` : "";
  const count = left.length === 1 ? "1 instance is" : `${left.length} instances are`;
  const until = deadline === undefined ? "" : `; deadline ${formatTime(deadline)}`;
  return `${count} left: ${names.join(", ")}${more}${until}`;
}

function startText(cause: string, deadline: number | undefined): string {
  const until = deadline === undefined ? "without a deadline" : `until ${formatTime(deadline)}`;
  return `${cause}: instances move away, ${until}`;
}

/** The node became empty, or its deadline passed with instances left: told when the condition turns. */
function progressEvents(node: Node, condition: ConditionUpdate): readonly DrainEvent[] {
  if (conditionOf(node, "Drained")?.reason === condition.reason) return [];
  const { message } = condition;
  if (condition.status === "True") return [{ type: "Normal", reason: "DrainFinished", message }];
  return condition.reason === "DrainOverdue" ? [{ type: "Warning", reason: "DrainDeadlinePassed", message }] : [];
}

function earliest(times: readonly number[], now: number): number | undefined {
  return times.length === 0 ? undefined : Math.max(1, Math.min(...times) - now);
}
