import { parseAgents, parseFrameworks, parseMasterId, parseTasks, parseWindows } from "../mapping/event.js";
import type { Answer, MasterClient } from "../session/master.js";
import type { Session } from "../session/subscription.js";
import type {
  WireAgent,
  WireAgentInfo,
  WireFramework,
  WireOperatorCall,
  WireTask,
  WireWindow,
} from "../wire-operator.js";

/** What the master of a session holds, or why that is not known. */
export type Inspection =
  | {
      readonly type: "seen";
      readonly agents: readonly WireAgent[];
      readonly recovered: readonly WireAgentInfo[];
      /** Planned maintenance; undefined: the master does not tell us. */
      readonly windows: readonly WireWindow[] | undefined;
      /** Of our framework only. */
      readonly tasks: readonly WireTask[];
    }
  | { readonly type: "unseen"; readonly reason: string };

/**
 * Lists agents, then tasks, of the session's own master; never rejects. Agents come first: with none of them still
 * expected, the list of tasks that follows is whole. The master's id, asked last, proves that one process gave all.
 */
export async function inspect(client: MasterClient, session: Session): Promise<Inspection> {
  const url = session.url.replace(/\/scheduler$/, "");
  const ask = (type: WireOperatorCall["type"]) => client.post({ url, body: { type } }, session.signal).then(jsonOf);
  try {
    const agents = parseAgents(await ask("GET_AGENTS"));
    if (agents === undefined) return unseen("GET_AGENTS was not answered as expected");
    const tasks = parseTasks(await ask("GET_TASKS"));
    if (tasks === undefined) return unseen("GET_TASKS was not answered as expected");
    const windows = parseWindows(await ask("GET_MAINTENANCE_SCHEDULE").catch(notTold));
    const masterId = parseMasterId(await ask("GET_MASTER"));
    if (masterId !== session.masterId) return unseen("another master answered");
    const ours = tasks.filter((task) => task.framework_id.value === session.frameworkId);
    return { type: "seen", ...agents, windows, tasks: ours };
  } catch (error) {
    return unseen(messageOf(error));
  }
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
  }: { readonly master: string; readonly sought: FrameworkSought; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const url = new URL("/api/v1", master).href;
  const ask = (type: WireOperatorCall["type"]) => client.postToLeader({ url, body: { type } }, signal).then(jsonOf);
  // agents first: with none of them awaited, the list of frameworks that follows is whole
  const agents = parseAgents(await ask("GET_AGENTS"));
  if (agents === undefined) throw new Error("GET_AGENTS was not answered as expected");
  const frameworks = parseFrameworks(await ask("GET_FRAMEWORKS"));
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

/** Throws on everything but JSON with status 200. */
function jsonOf(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`the operator API answered ${answer.status}`);
  const type = answer.headers["content-type"] ?? "";
  if (!type.startsWith("application/json")) throw new Error(`the operator API answered with ${type || "no type"}`);
  try {
    return JSON.parse(answer.text);
  } catch {
    throw new Error("the operator API answered with broken JSON");
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
