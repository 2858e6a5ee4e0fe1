import { filter, firstValueFrom, map, merge, Observable } from "rxjs";
import type { Reading } from "../../../observation.js";
import type { TaskStatus } from "../../driver.js";
import type { TaskKey } from "../holdings/reconcile.js";
import { isTerminal } from "../mapping/status.js";
import { callMaster, type Link, reconcileCall } from "./link.js";

/** A master that answers at all does so at once; silence says that it waits for the agent. */
const ANSWER_MS = 5000;

/** What the master says of one task, asked for now. Never rejects. */
export async function readTask(link: Link, key: TaskKey): Promise<Reading<TaskStatus>> {
  const { session, settling, statuses } = link;
  if (session === undefined) return { type: "unknown", reason: "not subscribed" };
  // until all agents had time to register again, "unknown" may mean "not known yet"
  if (!settling.isListed) return { type: "unknown", reason: "agents are not back yet" };
  const answer$ = statuses.pipe(
    filter((status) => isAnswer(status, key)),
    map(readingOf),
  );
  const reading = firstValueFrom(merge(answer$, silence$(link, session.signal)), { defaultValue: NO_ANSWER });
  try {
    await callMaster(link, `reading task ${key.taskId}`, reconcileCall([key]));
  } catch (error) {
    return { type: "unknown", reason: error instanceof Error ? error.message : String(error) };
  }
  return reading;
}

const NO_ANSWER: Reading<TaskStatus> = { type: "unknown", reason: "the master did not answer" };

/** Of a call that did not name the agent the master knows no task that is out of reach. */
function isAnswer({ taskId, agentId, state }: TaskStatus, key: TaskKey): boolean {
  if (taskId !== key.taskId) return false;
  return state !== "Unknown" || agentId !== undefined || (key.agentId ?? "") === "";
}

function readingOf(status: TaskStatus): Reading<TaskStatus> {
  const isAbsent = isTerminal(status.state) || status.state === "Unknown";
  return isAbsent ? { type: "absent" } : { type: "present", item: status };
}

/** That nothing came: in time, or before the stream ended. */
function silence$({ options: { clock } }: Link, signal: AbortSignal): Observable<Reading<TaskStatus>> {
  return new Observable((subscriber) => {
    const tell = () => subscriber.next(NO_ANSWER);
    const timer = clock.schedule(ANSWER_MS, tell);
    signal.addEventListener("abort", tell, { once: true });
    return () => {
      timer.cancel();
      signal.removeEventListener("abort", tell);
    };
  });
}
