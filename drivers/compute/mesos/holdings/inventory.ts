import type { Observable } from "rxjs";
import type { Clock } from "../../../../platform/clock.js";
import type { Observation } from "../../../observation.js";
import type { Agent, Task, TaskStatus } from "../../driver.js";
import { createView } from "../../view.js";
import { agentOf, recoveringAgentOf } from "../mapping/agent.js";
import { type ContainerFacts, containerFacts, isTerminal, statusOf, taskOf } from "../mapping/status.js";
import type { WireTaskStatus } from "../wire.js";
import type { Inspection } from "./operator.js";

/** What was launched, before the master lists it. */
export type LaunchedTask = Omit<Task, "status">;

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
  confirm(
    seen: Extract<Inspection, { type: "seen" }>,
    about: { readonly epoch: string; readonly askedAt: number; readonly doubt: string | undefined },
  ): void;
  /** Held, but not complete any more. */
  weaken(doubt: string): void;
  /** Nothing can be said. */
  lose(reason: string): void;
  close(): void;
}

/** Periods without a listing after which the last one counts for nothing. */
const STALE_PERIODS = 3;

/** How long an agent that the master stopped listing is shown as unreachable. */
const VANISHED_KEPT_MS = 60 * 60_000;

/** What is remembered of one task between listings. */
interface Memory {
  facts: ContainerFacts;
  heardAt: number;
}

/** An inventory that knows nothing yet. */
export function createInventory(options: {
  readonly clock: Clock;
  readonly source: string;
  readonly periodMs: number;
}): Inventory {
  const { clock, source, periodMs } = options;
  const tasks = createView<Task>({ clock, source, staleAfterMs: STALE_PERIODS * periodMs });
  const agents = createView<Agent>({ clock, source, staleAfterMs: STALE_PERIODS * periodMs });
  const memories = new Map<string, Memory>();
  const launches = new Map<string, LaunchedTask>();
  const vanished = vanishedAgents(clock);
  let epoch: string | undefined;

  function heard(status: WireTaskStatus): TaskStatus {
    const taskId = status.task_id.value;
    const facts = containerFacts(status, memories.get(taskId)?.facts);
    memories.set(taskId, { facts, heardAt: clock.monotonic() });
    const result = statusOf(status, facts);
    const base = tasks.get(taskId) ?? launches.get(taskId);
    if (base !== undefined) tasks.change(taskId, { ...base, status: result });
    if (isTerminal(result.state) || result.state === "Unknown") launches.delete(taskId);
    return result;
  }

  /** An update that came after the question is newer than the answer. */
  function merged(listed: Task, askedAt: number): Task {
    const memory = memories.get(listed.id);
    const held = tasks.get(listed.id);
    return memory !== undefined && memory.heardAt >= askedAt && held !== undefined
      ? { ...listed, status: held.status }
      : listed;
  }

  /** Tasks that are neither listed nor were heard of since need no memory. */
  function forgetOthers(listed: ReadonlyMap<string, Task>, askedAt: number): void {
    for (const [taskId, { heardAt }] of memories) {
      if (heardAt < askedAt && !listed.has(taskId)) memories.delete(taskId);
    }
    for (const taskId of launches.keys()) {
      if (listed.has(taskId)) launches.delete(taskId);
    }
  }

  function confirm(
    seen: Extract<Inspection, { type: "seen" }>,
    about: { readonly epoch: string; readonly askedAt: number; readonly doubt: string | undefined },
  ): void {
    // both are translated before either is believed
    const listedAgents = agentsOf(seen);
    const listed = new Map(
      seen.tasks.map((wire) => {
        const task = merged(taskOf(wire, memories.get(wire.task_id.value)?.facts), about.askedAt);
        return [task.id, task] as const;
      }),
    );
    forgetOthers(listed, about.askedAt);
    tasks.confirm({ items: listed, epoch: about.epoch, doubt: about.doubt });
    confirmAgents(listedAgents, { ...about, recovering: seen.recovered.length });
    epoch = about.epoch;
  }

  function confirmAgents(
    listed: ReadonlyMap<string, Agent>,
    about: { readonly epoch: string; readonly recovering: number },
  ): void {
    const before = about.epoch === epoch ? agents.items() : new Map<string, Agent>();
    const isEmptied = listed.size === 0 && before.size > 0;
    const items = new Map([...vanished.update(before, listed), ...listed]);
    const doubt = about.recovering > 0 ? `${about.recovering} agents are not back yet` : undefined;
    agents.confirm({ items, epoch: about.epoch, doubt: isEmptied ? "no agent is listed any more" : doubt });
  }

  return {
    tasks$: tasks.observe$,
    agents$: agents.observe$,
    launched: (task) => launches.set(task.id, task),
    forget: (taskId) => launches.delete(taskId),
    heard,
    confirm,
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

function agentsOf(seen: Extract<Inspection, { type: "seen" }>): ReadonlyMap<string, Agent> {
  const present = seen.agents.flatMap((agent) => agentOf(agent) ?? []);
  const recovering = seen.recovered.flatMap((info) => recoveringAgentOf(info) ?? []);
  return new Map([...recovering, ...present].map((agent) => [agent.id, agent]));
}

/** The master stops listing an agent that it cannot reach: it is shown on, as unreachable, for a while. */
function vanishedAgents(clock: Clock) {
  const since = new Map<string, number>();

  /** Agents of `before` that are not in `listed`, until their time is over or their host is back under another id. */
  function update(before: ReadonlyMap<string, Agent>, listed: ReadonlyMap<string, Agent>): ReadonlyMap<string, Agent> {
    const hosts = new Set([...listed.values()].map((agent) => agent.hostname));
    const now = clock.monotonic();
    const kept = new Map<string, Agent>();
    for (const [id, agent] of before) {
      if (listed.has(id) || hosts.has(agent.hostname)) continue;
      if (now - (since.get(id) ?? now) < VANISHED_KEPT_MS) kept.set(id, { ...agent, state: "Unreachable" });
    }
    for (const id of since.keys()) if (!kept.has(id)) since.delete(id);
    for (const id of kept.keys()) if (!since.has(id)) since.set(id, now);
    return kept;
  }

  return { update };
}
