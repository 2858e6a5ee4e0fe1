import { StatusError } from "../../api-types/meta/status-error.js";
import type { Session } from "../access/session.js";
import type { Agents } from "./agents.js";
import type { TaskPlace } from "./place.js";

/** A task as the master lists it. */
interface ListedTask {
  readonly task_id: { readonly value: string };
  readonly agent_id: { readonly value: string };
}

interface TaskList {
  readonly get_tasks: { readonly completed_tasks?: readonly ListedTask[]; readonly tasks?: readonly ListedTask[] };
}

/** The task that ran before, in the same place: of an attached task its last run, of an instance its predecessor's. */
export async function previousPlace(session: Session, agents: Agents, place: TaskPlace): Promise<TaskPlace> {
  const { instance, title } = place;
  const placement = instance.status?.placement;
  if (placement !== undefined && place.taskId !== placement.taskID) return previousRun(place, placement.taskID);
  const { replaces } = instance.spec;
  if (replaces === undefined)
    throw new StatusError("NotFound", `instance ${title} took nobody's place: it has no previous task`);
  const master = await agents.master(place);
  // an ended task is known to the master as long as it keeps its record: a thousand of each framework
  const answer = await master.post("/api/v1", { type: "call", call: { type: "GET_TASKS" } });
  // the shape of this answer is part of the API
  const { completed_tasks = [], tasks = [] } = (JSON.parse(answer) as TaskList).get_tasks;
  const own = `${session.namespace}.${replaces}.`;
  const found = [...completed_tasks, ...tasks].find(({ task_id: { value } }) => isRunOf(own, value));
  if (found === undefined)
    throw new StatusError(
      "NotFound",
      `the previous task of ${title} (instance ${replaces}) is not known to the Mesos master any more`,
    );
  return { title: `${title} (previous)`, taskId: found.task_id.value, agentID: found.agent_id.value, instance };
}

/** `<namespace>.<instance>.<uid>`; more parts: an attached task's. */
function isRunOf(prefix: string, taskId: string): boolean {
  return taskId.startsWith(prefix) && !taskId.slice(prefix.length).includes(".");
}

/** Runs of an attached task are numbered: `….log`, `….log.1`, `….log.2`. */
function previousRun(place: TaskPlace, instanceTask: string): TaskPlace {
  const rest = place.taskId.slice(instanceTask.length + 1);
  const [name = "", run] = rest.split(".");
  const number = Number(run ?? 0);
  if (number === 0) throw new StatusError("NotFound", `${place.title} was not started again: it has no previous task`);
  const former = number === 1 ? name : `${name}.${number - 1}`;
  return { ...place, title: `${place.title} (previous)`, taskId: `${instanceTask}.${former}` };
}
