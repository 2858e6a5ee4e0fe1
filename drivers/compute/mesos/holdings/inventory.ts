import type { Observable } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import type { Observation } from "../../../observation.js";
import type { Agent, Task, TaskStatus } from "../../driver.js";
import { createView, type View } from "../../view.js";
import { type AgentContext, agentOf, recoveringAgentOf } from "../mapping/agent.js";
import { type ContainerFacts, containerFacts, isTerminal, statusOf, taskOf } from "../mapping/status.js";
import type { WireTaskStatus } from "../wire.js";
import type { WireWindow } from "../wire-operator.js";
import type { Inspection } from "./operator.js";
import type { UnlistedTask } from "./reconcile.js";
import { type VanishedAgents, vanishedAgents } from "./vanished.js";

/** What was launched, before the master lists it. */
export type LaunchedTask = Omit<Task, "status">;

/** When and under which authority a listing was asked for; `doubt` undefined: it is complete. */
export interface Listing {
  readonly epoch: string;
  readonly askedAt: number;
  /** By which agents are reached: `http:` or `https:`. */
  readonly scheme: string;
  /** Known tasks that it leaves out: they are held on until somebody says what became of them. */
  readonly unlisted: readonly UnlistedTask[];
  readonly doubt: string | undefined;
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
  /** A listing asked for at `askedAt`. */
  confirm(seen: Seen, about: Listing): void;
  /** Whether nothing of ours lives on the agent, or on any. */
  isFree(agentId: string | undefined): boolean;
  /** Held, but not complete any more. */
  weaken(doubt: string): void;
  /** Nothing can be said. */
  lose(reason: string): void;
  close(): void;
}

/** Periods without a listing after which the last one counts for nothing. */
const STALE_PERIODS = 3;

/** What is remembered of one task between listings. */
interface Memory {
  readonly facts: ContainerFacts;
  readonly status: TaskStatus;
  readonly heardAt: number;
}

interface Holdings {
  readonly clock: Clock;
  readonly tasks: View<Task>;
  readonly agents: View<Agent>;
  readonly memories: Map<string, Memory>;
  readonly launches: Map<string, LaunchedTask>;
  readonly vanished: VanishedAgents;
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
  const holdings: Holdings = {
    clock,
    tasks,
    agents,
    memories: new Map(),
    launches,
    vanished: vanishedAgents(clock),
    epoch: undefined,
    windows: [],
  };
  return {
    tasks$: tasks.observe$,
    agents$: agents.observe$,
    launched: (task) => launches.set(task.id, task),
    forget: (taskId) => launches.delete(taskId),
    heard: (status) => heard(holdings, status),
    isFree: (agentId) => isFree(holdings, agentId),
    confirm: (seen, about) => confirm(holdings, seen, about),
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

function isFree({ tasks, launches }: Holdings, agentId: string | undefined): boolean {
  const living = [...tasks.items().values()].filter(({ status }) => !isTerminal(status.state));
  return ![...living, ...launches.values()].some((task) => agentId === undefined || task.agentId === agentId);
}

function confirm(holdings: Holdings, seen: Seen, about: Listing): void {
  // both are translated before either is believed
  holdings.windows = seen.windows ?? holdings.windows;
  const agents = agentsOf(seen, { windows: holdings.windows, scheme: about.scheme });
  const translated = seen.tasks.map((wire) => taskOf(wire, holdings.memories.get(wire.task_id.value)));
  const tasks = new Map(translated.map((task) => [task.id, merged(holdings, task, about.askedAt)]));
  for (const task of about.unlisted) {
    const kept = keptTask(holdings, task);
    if (kept !== undefined) tasks.set(kept.id, kept);
  }
  forgetOthers(holdings, tasks, about.askedAt);
  holdings.tasks.confirm({ items: tasks, epoch: about.epoch, doubt: about.doubt });
  confirmAgents(holdings, agents, { epoch: about.epoch, recovering: seen.recovered.length });
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

function confirmAgents(
  holdings: Holdings,
  listed: ReadonlyMap<string, Agent>,
  about: { readonly epoch: string; readonly recovering: number },
): void {
  const before = about.epoch === holdings.epoch ? holdings.agents.items() : new Map<string, Agent>();
  const isEmptied = listed.size === 0 && before.size > 0;
  const items = new Map([...holdings.vanished.update(before, listed), ...listed]);
  const doubt = about.recovering > 0 ? `${about.recovering} agents are not back yet` : undefined;
  holdings.agents.confirm({ items, epoch: about.epoch, doubt: isEmptied ? "no agent is listed any more" : doubt });
}

function agentsOf(seen: Seen, context: AgentContext): ReadonlyMap<string, Agent> {
  const present = seen.agents.flatMap((agent) => agentOf(agent, context) ?? []);
  const recovering = seen.recovered.flatMap((info) => recoveringAgentOf(info, context) ?? []);
  return new Map([...recovering, ...present].map((agent) => [agent.id, agent]));
}
