import { StatusError } from "../../api-types/meta/status-error.js";
import type { Session } from "../access/session.js";
import type { Agents } from "./agents.js";
import type { TaskPlace } from "./place.js";

/** A task as the master lists it. */
interface ListedTask {
  readonly id: string;
  readonly slave_id: string;
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
  // an ended task is known to the master as long as it keeps its record
  const answer = JSON.parse(await master.ask("GET", "/master/tasks?limit=100000&order=desc")) as {
    readonly tasks?: readonly ListedTask[];
  };
  const own = `${session.namespace}.${replaces}.`;
  const found = answer.tasks?.find(({ id }) => id.startsWith(own) && !id.slice(own.length).includes("."));
  if (found === undefined)
    throw new StatusError(
      "NotFound",
      `the previous task of ${title} (instance ${replaces}) is not known to the Mesos master any more`,
    );
  return { title: `${title} (previous)`, taskId: found.id, agentID: found.slave_id, instance };
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
