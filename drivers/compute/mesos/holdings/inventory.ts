import type { Observable } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import type { Observation } from "../../../observation.js";
import type { Agent, Task, TaskStatus } from "../../driver.js";
import { createView, type View } from "../../view.js";
import { inTurns } from "../listing/lists.js";
import { type AgentContext, agentOf, recoveringAgentOf } from "../mapping/agent.js";
import { containerFacts, isTerminal, statusOf } from "../mapping/status.js";
import type { WireTaskStatus } from "../wire.js";
import type { WireWindow } from "../wire-operator.js";
import type { Inspection } from "./operator.js";
import type { UnlistedTask } from "./reconcile.js";
import { type Memory, type TaskTranslator, taskTranslator } from "./translate.js";
import { type VanishedAgents, vanishedAgents } from "./vanished.js";

/** What was launched, before the master lists it. */
export type LaunchedTask = Omit<Task, "status">;

/** When and under which authority a listing was asked for; `doubt` undefined: it is complete. */
export interface Listing {
  readonly epoch: string;
  readonly askedAt: number;
  /** Known tasks that it leaves out: they are held on until somebody says what became of them. */
  readonly unlisted: readonly UnlistedTask[];
  readonly doubt: string | undefined;
}

/** A translated listing. */
export interface Listed {
  readonly tasks: readonly Task[];
  readonly agents: ReadonlyMap<string, Agent>;
  /** So many agents are not back yet. */
  readonly recovering: number;
}

/** Tasks and agents as the master's listings and the updates between them tell. */
export interface Inventory {
  readonly tasks$: Observable<Observation<Task>>;
  readonly agents$: Observable<Observation<Agent>>;
  /** So that its first update can be shown with name and labels. */
  launched(task: LaunchedTask): void;
  /** It was not launched after all. */
  forget(taskId: string): void;
  /** An update of the stream, completed by what earlier ones told. */
  heard(status: WireTaskStatus): TaskStatus;
  /** What a master listed, as it looks to us; nothing is believed yet. Rejects on what is damaged. */
  translate(seen: Seen, from: { readonly frameworkId: string; readonly scheme: string }): Promise<Listed>;
  /** A listing asked for at `askedAt` is believed. */
  confirm(listed: Listed, about: Listing): void;
  /** What is held still counts: the same master leads, and tells every change. */
  reaffirm(): void;
  /** Whether there is a listing that counts. */
  isKnown(): boolean;
  /** Agents on which something of ours lives, or is about to. */
  usedAgents(): ReadonlySet<string>;
  /** Held, but not complete any more. */
  weaken(doubt: string): void;
  /** Nothing can be said. */
  lose(reason: string): void;
  close(): void;
}

/** Periods without a listing after which the last one counts for nothing. */
const STALE_PERIODS = 3;

interface Holdings {
  readonly clock: Clock;
  readonly tasks: View<Task>;
  readonly agents: View<Agent>;
  readonly memories: Map<string, Memory>;
  readonly launches: Map<string, LaunchedTask>;
  readonly vanished: VanishedAgents;
  readonly translator: TaskTranslator;
  /** Of the last listing. */
  epoch: string | undefined;
  /** Planned maintenance as last told. */
  windows: readonly WireWindow[];
}

type Seen = Extract<Inspection, { type: "seen" }>;

/** An inventory that knows nothing yet. */
export function createInventory(options: {
  readonly clock: Clock;
  readonly source: string;
  readonly periodMs: number;
}): Inventory {
  const { clock, source, periodMs } = options;
  const tasks = createView<Task>({ clock, source, staleAfterMs: STALE_PERIODS * periodMs });
  const agents = createView<Agent>({ clock, source, staleAfterMs: STALE_PERIODS * periodMs });
  const launches = new Map<string, LaunchedTask>();
  const memories = new Map<string, Memory>();
  const holdings: Holdings = {
    clock,
    tasks,
    agents,
    memories,
    launches,
    vanished: vanishedAgents(clock),
    translator: taskTranslator(clock, memories),
    epoch: undefined,
    windows: [],
  };
  return {
    tasks$: tasks.observe$,
    agents$: agents.observe$,
    launched: (task) => launches.set(task.id, task),
    forget: (taskId) => launches.delete(taskId),
    heard: (status) => heard(holdings, status),
    isKnown: () => tasks.isKnown() && agents.isKnown(),
    usedAgents: () => usedAgents(holdings),
    translate: (seen, from) => translate(holdings, seen, from),
    confirm: (listed, about) => confirm(holdings, listed, about),
    reaffirm() {
      tasks.reaffirm();
      agents.reaffirm();
    },
    weaken(doubt) {
      tasks.weaken(doubt);
      agents.weaken(doubt);
    },
    lose(reason) {
      tasks.lose(reason);
      agents.lose(reason);
    },
    close() {
      tasks.close();
      agents.close();
    },
  };
}

function heard({ clock, tasks, memories, launches }: Holdings, status: WireTaskStatus): TaskStatus {
  const taskId = status.task_id.value;
  const before = memories.get(taskId);
  const facts = containerFacts(status, before?.facts);
  const base = tasks.get(taskId) ?? launches.get(taskId);
  const result = statusOf(status, facts, before?.status.state ?? tasks.get(taskId)?.status.state);
  memories.set(taskId, { facts, status: result, heardAt: clock.monotonic() });
  if (base !== undefined) tasks.change(taskId, { ...base, status: result });
  if (isTerminal(result.state) || result.state === "Unknown") launches.delete(taskId);
  return result;
}

function usedAgents({ tasks, launches }: Holdings): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { agentId, status } of tasks.items().values()) if (!isTerminal(status.state)) used.add(agentId);
  for (const { agentId } of launches.values()) used.add(agentId);
  return used;
}

async function translate(
  holdings: Holdings,
  seen: Seen,
  { frameworkId, scheme }: { readonly frameworkId: string; readonly scheme: string },
): Promise<Listed> {
  const tasks = await holdings.translator.translate(seen.tasks, frameworkId);
  holdings.windows = seen.windows ?? holdings.windows;
  const agents = await agentsOf(holdings, seen, { windows: holdings.windows, scheme });
  return { tasks, agents, recovering: seen.recovered.length };
}

function confirm(holdings: Holdings, listed: Listed, about: Listing): void {
  const tasks = new Map(listed.tasks.map((task) => [task.id, merged(holdings, task, about.askedAt)]));
  for (const task of about.unlisted) {
    const kept = keptTask(holdings, task);
    if (kept !== undefined) tasks.set(kept.id, kept);
  }
  forgetOthers(holdings, tasks, about.askedAt);
  holdings.tasks.confirm({ items: tasks, epoch: about.epoch, doubt: about.doubt });
  confirmAgents(holdings, listed, about.epoch);
  holdings.epoch = about.epoch;
}

/** An update that came after the question is newer than the answer. */
function merged({ memories, tasks }: Holdings, listed: Task, askedAt: number): Task {
  const heardAt = memories.get(listed.id)?.heardAt;
  const held = tasks.get(listed.id);
  return heardAt !== undefined && heardAt >= askedAt && held !== undefined
    ? { ...listed, status: held.status }
    : listed;
}

/**
 * A task that the master does not list, as it was last told of. One that is out of reach and was launched by another process
 * is held without name and labels; undefined: a launch of which nothing was heard.
 */
function keptTask({ tasks, memories }: Holdings, { taskId, agentId, isAway }: UnlistedTask): Task | undefined {
  const held = tasks.get(taskId);
  if (held !== undefined) return held;
  const status = memories.get(taskId)?.status;
  if (!isAway || status === undefined) return undefined;
  return { id: taskId, name: taskId, agentId: agentId ?? "", labels: {}, status };
}

/** Tasks that are neither held nor were heard of since need no memory. */
function forgetOthers({ memories, launches }: Holdings, held: ReadonlyMap<string, Task>, askedAt: number): void {
  for (const [taskId, { heardAt }] of memories) {
    if (heardAt < askedAt && !held.has(taskId)) memories.delete(taskId);
  }
  for (const taskId of launches.keys()) {
    if (held.has(taskId)) launches.delete(taskId);
  }
}

function confirmAgents(holdings: Holdings, { agents: listed, recovering }: Listed, epoch: string): void {
  const before = epoch === holdings.epoch ? holdings.agents.items() : new Map<string, Agent>();
  const isEmptied = listed.size === 0 && before.size > 0;
  const items = new Map([...holdings.vanished.update(before, listed), ...listed]);
  const doubt = recovering > 0 ? `${recovering} agents are not back yet` : undefined;
  holdings.agents.confirm({ items, epoch, doubt: isEmptied ? "no agent is listed any more" : doubt });
}

async function agentsOf({ clock }: Holdings, seen: Seen, context: AgentContext): Promise<ReadonlyMap<string, Agent>> {
  const present = await inTurns(seen.agents, clock, (agent) => agentOf(agent, context));
  const recovering = await inTurns(seen.recovered, clock, (info) => recoveringAgentOf(info, context));
  return new Map([...recovering, ...present].flatMap((agent) => (agent === undefined ? [] : [[agent.id, agent]])));
}
