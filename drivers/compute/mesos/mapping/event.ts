import { isRecord } from "../../../../platform/is-record.js";
import type { WireEvent } from "../wire.js";
import type { WireAgent, WireAgentInfo, WireExecutor, WireFramework, WireTask, WireWindow } from "../wire-operator.js";

/** A record of the scheduler stream that we understand. Undefined: another type, or one without what its type needs. */
export function parseEvent(record: unknown): WireEvent | undefined {
  if (!isRecord(record) || typeof record.type !== "string") return undefined;
  const isComplete = NEEDS.get(record.type);
  // the check of its type has just confirmed the shape of what we read
  return isComplete?.(record) === true ? (record as unknown as WireEvent) : undefined;
}

const NEEDS: ReadonlyMap<string, (record: Json) => boolean> = new Map([
  ["SUBSCRIBED", (record: Json) => hasId(at(record, "subscribed"), "framework_id")],
  ["HEARTBEAT", () => true],
  ["OFFERS", (record: Json) => isListOf(at(record, "offers")?.offers, isOffer)],
  ["RESCIND", (record: Json) => hasId(at(record, "rescind"), "offer_id")],
  ["INVERSE_OFFERS", (record: Json) => isListOf(at(record, "inverse_offers")?.inverse_offers, isInverseOffer)],
  ["RESCIND_INVERSE_OFFER", (record: Json) => hasId(at(record, "rescind_inverse_offer"), "inverse_offer_id")],
  ["UPDATE", (record: Json) => isStatus(at(at(record, "update"), "status"))],
  ["FAILURE", (record: Json) => at(record, "failure") !== undefined],
  ["ERROR", (record: Json) => typeof at(record, "error")?.message === "string"],
]);

/** An entry of a list of tasks. Undefined: a damaged one. */
export function parseTask(entry: unknown): WireTask | undefined {
  // the check has just confirmed the shape of what we read
  return isRecord(entry) && isTask(entry) ? (entry as unknown as WireTask) : undefined;
}

/** An entry of a list of agents. Undefined: a damaged one. */
export function parseAgent(entry: unknown): WireAgent | undefined {
  // as above
  return isRecord(entry) && isAgent(entry) ? (entry as unknown as WireAgent) : undefined;
}

/** An entry of a list of agents that are not back yet. Undefined: a damaged one. */
export function parseAgentInfo(entry: unknown): WireAgentInfo | undefined {
  // as above
  return isRecord(entry) && isAgentInfo(entry) ? (entry as unknown as WireAgentInfo) : undefined;
}

/** The frameworks of an answer to GET_FRAMEWORKS that are not completed. Undefined: not such an answer. */
export function parseFrameworks(answer: unknown): readonly WireFramework[] | undefined {
  const lists = listsOf(answer, "GET_FRAMEWORKS", "get_frameworks");
  const found = ["frameworks", "recovered_frameworks"].map((name) => lists?.[name] ?? []);
  if (lists === undefined || !found.every((list) => isListOf(list, isFramework))) return undefined;
  // every entry has just been checked
  return found.flat() as WireFramework[];
}

/** The executors of an answer to GET_EXECUTORS. Undefined: not such an answer, or a damaged one. */
export function parseExecutors(answer: unknown): readonly WireExecutor[] | undefined {
  const lists = listsOf(answer, "GET_EXECUTORS", "get_executors");
  const executors = lists?.executors ?? [];
  if (lists === undefined || !isListOf(executors, isExecutor)) return undefined;
  // every entry has just been checked
  return executors as WireExecutor[];
}

/** The windows of an answer to GET_MAINTENANCE_SCHEDULE. Undefined: not such an answer, or a damaged one. */
export function parseWindows(answer: unknown): readonly WireWindow[] | undefined {
  const schedule = at(listsOf(answer, "GET_MAINTENANCE_SCHEDULE", "get_maintenance_schedule"), "schedule");
  const windows = schedule?.windows ?? [];
  if (schedule === undefined || !isListOf(windows, isWindow)) return undefined;
  // every entry has just been checked
  return windows as WireWindow[];
}

/** The id of the master that answers GET_MASTER. Undefined: not such an answer. */
export function parseMasterId(answer: unknown): string | undefined {
  const id = at(listsOf(answer, "GET_MASTER", "get_master"), "master_info")?.id;
  return typeof id === "string" ? id : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function at(value: Json | undefined, name: string): Json | undefined {
  const field = value?.[name];
  return isRecord(field) ? field : undefined;
}

function listsOf(answer: unknown, type: string, field: string): Json | undefined {
  if (!isRecord(answer) || answer.type !== type) return undefined;
  return at(answer, field);
}

function isListOf(value: unknown, isItem: (item: Json) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every((item) => isRecord(item) && isItem(item));
}

function hasId(value: Json | undefined, name: string): boolean {
  return typeof at(value, name)?.value === "string";
}

function isStatus(status: Json | undefined): boolean {
  return hasId(status, "task_id") && typeof status?.state === "string";
}

function isOffer(offer: Json): boolean {
  return hasId(offer, "id") && hasId(offer, "agent_id") && typeof offer.hostname === "string";
}

function isInverseOffer(offer: Json): boolean {
  return hasId(offer, "id") && hasStart(offer);
}

function isWindow(window: Json): boolean {
  return isListOf(window.machine_ids, () => true) && hasStart(window);
}

function hasStart(value: Json): boolean {
  return typeof at(at(value, "unavailability"), "start")?.nanoseconds === "number";
}

function isTask(task: Json): boolean {
  return hasId(task, "task_id") && hasId(task, "framework_id") && hasId(task, "agent_id") && isNamedState(task);
}

function isNamedState(task: Json): boolean {
  return typeof task.state === "string" && typeof task.name === "string";
}

function isAgent(agent: Json): boolean {
  return typeof agent.active === "boolean" && isAgentInfo(at(agent, "agent_info") ?? {});
}

function isAgentInfo(info: Json): boolean {
  return hasId(info, "id") && typeof info.hostname === "string";
}

function isExecutor(executor: Json): boolean {
  const info = at(executor, "executor_info");
  return hasId(executor, "agent_id") && hasId(info, "executor_id") && hasId(info, "framework_id");
}

function isFramework(framework: Json): boolean {
  return typeof at(framework, "framework_info")?.name === "string";
}
