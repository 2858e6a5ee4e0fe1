import type { Clock } from "../../../../platform/clock.js";
import { parseAgent, parseAgentInfo } from "../mapping/event.js";
import type { WireAgent, WireAgentInfo } from "../wire-operator.js";
import { inTurns, readLists } from "./lists.js";
import type { Piece } from "./pieces.js";

/** The tasks of an answer to GET_TASKS that still live, of all frameworks. Undefined: not such an answer. */
export async function readTasks(bytes: Uint8Array, clock: Clock): Promise<readonly Piece[] | undefined> {
  const names = ["tasks", "pending_tasks", "unreachable_tasks", "orphan_tasks"];
  const lists = await readLists(bytes, { type: "GET_TASKS", field: "get_tasks", names }, clock);
  return lists?.flat();
}

/** What an answer to GET_AGENTS lists. */
export interface ListedAgents {
  readonly agents: readonly WireAgent[];
  /** Known from the registry, not back yet. */
  readonly recovered: readonly WireAgentInfo[];
}

/** The agents of an answer to GET_AGENTS. Undefined: not such an answer, or a damaged one. */
export async function readAgents(bytes: Uint8Array, clock: Clock): Promise<ListedAgents | undefined> {
  const names = ["agents", "recovered_agents"];
  const lists = await readLists(bytes, { type: "GET_AGENTS", field: "get_agents", names }, clock);
  const [present = [], awaited = []] = lists ?? [];
  const agents = await inTurns(present, clock, (piece) => parseAgent(piece.parse()));
  const recovered = await inTurns(awaited, clock, (piece) => parseAgentInfo(piece.parse()));
  const isGood = agents.every((agent) => agent !== undefined) && recovered.every((info) => info !== undefined);
  return lists === undefined || !isGood ? undefined : { agents, recovered };
}
