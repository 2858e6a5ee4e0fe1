import { Instance } from "../../api-types/instance.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Node } from "../../api-types/node.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { LABEL } from "../../api-types/well-known.js";
import type { Session } from "../access/session.js";
import { readTarget, type Target } from "../access/target.js";
import { serviceOf } from "../rollout/revisions.js";

/** One task, and where it is. */
export interface TaskPlace {
  /** For people: the instance, with the attached task if it is one. */
  readonly title: string;
  readonly taskId: string;
  readonly agentID: string;
  readonly instance: Instance;
}

export interface TaskChoice {
  /** Of a group: only this service. */
  readonly service?: string;
  /** A task that runs beside the instance. */
  readonly attached?: string;
}

/** The instances that a target means; of a group those that were placed. */
export async function instancesOf(session: Session, target: Target, service?: string): Promise<readonly Instance[]> {
  if (target.kind === Instance) return [await readTarget(session, Instance, target.name)];
  const group = await readTarget(session, ServiceGroup, target.name);
  if (service !== undefined) serviceOf(group, service);
  const { items } = await session.client.list(Instance, {
    namespace: session.namespace,
    labelSelector: `${LABEL.group}=${group.metadata.name}`,
  });
  const meant = items.filter(
    ({ spec, status }) => status?.placement !== undefined && (service === undefined || spec.service === service),
  );
  if (meant.length > 0) return meant;
  const what = service === undefined ? "" : ` of service ${service}`;
  const hint = `kubectl get inst -n ${session.namespace} shows why`;
  throw new StatusError("NotFound", `no instance${what} of ServiceGroup ${target.name} was placed yet; ${hint}`);
}

/** The task of an instance, or one attached to it. */
export function placeOf(instance: Instance, attached: string | undefined): TaskPlace {
  const { name } = instance.metadata;
  const placement = instance.status?.placement;
  if (placement === undefined) {
    const hint = `kubectl describe inst ${name} shows why`;
    throw new StatusError("BadRequest", `instance ${name} has no task: it was not placed yet; ${hint}`);
  }
  const { agentID, taskID } = placement;
  if (attached === undefined) return { title: name, taskId: taskID, agentID, instance };
  const all = instance.status?.attached ?? [];
  const found = all.find((task) => task.name === attached);
  if (found !== undefined) return { title: `${name}/${attached}`, taskId: found.taskID, agentID, instance };
  const names = all.map((task) => task.name).join(", ") || "none";
  throw new StatusError("BadRequest", `instance ${name} has no attached task ${attached}; it has: ${names}`);
}

/** The Node on whose agent a task is. */
export async function nodeOf(session: Session, { title, agentID, instance }: TaskPlace): Promise<Node> {
  const nodeName = instance.status?.placement?.node ?? "";
  const known = (await session.client.list(Node)).items;
  const node =
    known.find(({ status }) => status?.agent?.id === agentID) ??
    known.find(({ metadata }) => metadata.name === nodeName);
  if (node?.status?.agent?.id === agentID) return node;
  const why = node === undefined ? "is not there any more" : "has another agent now";
  throw new StatusError(
    "NotFound",
    `reaching the agent of ${title}: Node ${nodeName} ${why}, and its sandbox went with the former one`,
  );
}

/** Base of the API of a Node's agent. */
export function agentUrl({ metadata, status }: Node): string {
  const url = status?.agent?.url;
  if (url !== undefined) return url;
  const hint = `kubectl get nodes.rackwright.dev ${metadata.name} -o yaml shows its state`;
  throw new StatusError("ServiceUnavailable", `Node ${metadata.name}: the address of its agent is not known; ${hint}`);
}
