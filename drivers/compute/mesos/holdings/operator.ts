import type { Clock } from "../../../../platform/clock.js";
import { type ListedAgents, readAgents, readTasks } from "../listing/answers.js";
import type { Piece } from "../listing/pieces.js";
import { parseExecutors, parseFrameworks, parseMasterId, parseWindows } from "../mapping/event.js";
import { type Answer, type MasterClient, textOf } from "../session/master.js";
import type { Session } from "../session/subscription.js";
import type { WireExecutor, WireFramework, WireOperatorCall, WireWindow } from "../wire-operator.js";

/** What the master of a session holds, or why that is not known. */
export type Inspection =
  | ({
      readonly type: "seen";
      /** Planned maintenance; undefined: the master does not tell us. */
      readonly windows: readonly WireWindow[] | undefined;
      /** Of all frameworks. */
      readonly tasks: readonly Piece[];
    } & ListedAgents)
  | { readonly type: "unseen"; readonly reason: string };

/**
 * Lists agents, then tasks, of the session's own master; never rejects. Agents come first: with none of them still
 * expected, the list of tasks that follows is whole. The master's id, asked last, proves that one process gave all.
 */
export async function inspect(client: MasterClient, session: Session, clock: Clock): Promise<Inspection> {
  const url = operatorUrl(session);
  const ask = (type: WireOperatorCall["type"]) => client.post({ url, body: { type } }, session.signal).then(bytesOf);
  try {
    const agents = await readAgents(await ask("GET_AGENTS"), clock);
    if (agents === undefined) return unseen("GET_AGENTS was not answered as expected");
    const tasks = await readTasks(await ask("GET_TASKS"), clock);
    if (tasks === undefined) return unseen("GET_TASKS was not answered as expected");
    const windows = await ask("GET_MAINTENANCE_SCHEDULE").then(jsonOf).then(parseWindows, notTold);
    const doubt = await doubtOfMaster(client, session);
    return doubt === undefined ? { type: "seen", ...agents, windows, tasks } : unseen(doubt);
  } catch (error) {
    return unseen(error instanceof SyntaxError ? BROKEN : messageOf(error));
  }
}

/** The executors of our framework that run, as they were started. Rejects when the master does not tell. */
export async function listExecutors(client: MasterClient, session: Session): Promise<readonly WireExecutor[]> {
  const answer = await client.post({ url: operatorUrl(session), body: { type: "GET_EXECUTORS" } }, session.signal);
  const executors = parseExecutors(jsonOf(bytesOf(answer)));
  if (executors === undefined) throw new Error("GET_EXECUTORS was not answered as expected");
  return executors.filter(({ executor_info }) => executor_info.framework_id.value === session.frameworkId);
}

/** Why it is not certain that the session's own master answers; undefined: it is. Never rejects. */
export async function doubtOfMaster(client: MasterClient, session: Session): Promise<string | undefined> {
  const url = operatorUrl(session);
  try {
    const answer = await client.post({ url, body: { type: "GET_MASTER" } }, session.signal);
    return parseMasterId(jsonOf(bytesOf(answer))) === session.masterId ? undefined : "another master answered";
  } catch (error) {
    return messageOf(error);
  }
}

function operatorUrl({ url }: Session): string {
  return url.replace(/\/scheduler$/, "");
}

/** Who we are when no framework id is stored. */
export interface FrameworkSought {
  readonly name: string;
  readonly labelKey: string;
  readonly identity: string;
}

/**
 * The id of the disconnected framework that is ours by name and identity label; of several the one registered last.
 * Rejects while one of them is connected: a second one beside it would be two masters of one rack. And while there is none
 * and agents are awaited: a master that was restarted learns from them which frameworks there are.
 */
export async function findFramework(
  client: MasterClient,
  {
    master,
    sought,
    signal,
    clock,
  }: {
    readonly master: string;
    readonly sought: FrameworkSought;
    readonly signal: AbortSignal;
    readonly clock: Clock;
  },
): Promise<string | undefined> {
  const url = new URL("/api/v1", master).href;
  const ask = (type: WireOperatorCall["type"]) => client.postToLeader({ url, body: { type } }, signal).then(bytesOf);
  // agents first: with none of them awaited, the list of frameworks that follows is whole
  const agents = await readAgents(await ask("GET_AGENTS"), clock);
  if (agents === undefined) throw new Error("GET_AGENTS was not answered as expected");
  const frameworks = parseFrameworks(jsonOf(await ask("GET_FRAMEWORKS")));
  if (frameworks === undefined) throw new Error("GET_FRAMEWORKS was not answered as expected");
  const ours = frameworks.filter((framework) => isOurs(framework, sought));
  const live = ours.find((framework) => framework.connected);
  if (live !== undefined) {
    throw new Error(`framework ${live.framework_info.id?.value} of our name and identity is connected`);
  }
  const latest = ours.toSorted((a, b) => registeredAt(b) - registeredAt(a))[0];
  const awaited = agents.recovered.length;
  if (latest === undefined && awaited > 0) {
    throw new Error(`${awaited} agents are not back yet: they may run tasks of a framework ${sought.name} of ours`);
  }
  return latest?.framework_info.id?.value;
}

function isOurs({ framework_info }: WireFramework, sought: FrameworkSought): boolean {
  const labels = framework_info.labels?.labels ?? [];
  const isLabelled = labels.some(({ key, value }) => key === sought.labelKey && value === sought.identity);
  return framework_info.name === sought.name && isLabelled && framework_info.id !== undefined;
}

function registeredAt(framework: WireFramework): number {
  return framework.reregistered_time?.nanoseconds ?? framework.registered_time?.nanoseconds ?? 0;
}

function unseen(reason: string): Inspection {
  return { type: "unseen", reason };
}

/** We may not be allowed to see it, which must not hide all the rest. */
function notTold(): undefined {
  return undefined;
}

/** Throws on everything but status 200 and what says that it is JSON. */
function bytesOf(answer: Answer): Uint8Array {
  if (answer.status !== 200) throw new Error(`the operator API answered ${answer.status}`);
  const type = answer.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) throw new Error(`the operator API answered with ${type || "no type"}`);
  return answer.bytes;
}

const BROKEN = "the operator API answered with broken JSON";

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf({ bytes }));
  } catch {
    throw new Error(BROKEN);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
