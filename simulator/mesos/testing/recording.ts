import { readFileSync } from "node:fs";
import type { PretendBehaviour } from "../pretend-runner.js";

/** One line of a recording; see the README beside the recordings. */
export interface RecordedLine {
  readonly index: number;
  readonly t: number;
  readonly kind: string;
  readonly conn?: string;
  readonly to?: string;
  readonly label?: string;
  readonly text?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly body_text?: string;
  readonly status?: number;
  readonly event?: RecordedEvent;
}

/** An event as recorded. */
export interface RecordedEvent {
  readonly type: string;
  readonly [part: string]: unknown;
}

/** The recorded part of an update that scripts look at. */
export interface RecordedStatus {
  readonly task_id: { readonly value: string };
  readonly state: string;
  readonly message?: string;
  readonly reason?: string;
  readonly source?: string;
}

const FOLDER = new URL("../../../test/recordings/", import.meta.url);

/** The lines of a recording. */
export function readRecording(name: string): readonly RecordedLine[] {
  const text = readFileSync(new URL(`mesos-whole/${name}.jsonl`, FOLDER), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line, index) => ({ ...(JSON.parse(line) as Omit<RecordedLine, "index">), index }));
}

/** A recorded file as it is. */
export function readRaw(name: string): string {
  return readFileSync(new URL(`mesos/${name}`, FOLDER), "utf8");
}

/** The status of a recorded UPDATE, or of an operator's TASK_UPDATED. */
export function statusIn(event: RecordedEvent | undefined): RecordedStatus | undefined {
  const part = (event?.update ?? event?.task_updated) as { readonly status: RecordedStatus } | undefined;
  return part?.status;
}

/** Ids of agents by hostname, from the recorded offers. */
export function agentIdsIn(lines: readonly RecordedLine[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { event } of lines) {
    if (event?.type !== "OFFERS") continue;
    for (const offer of recordedOffers(event)) ids.set(offer.hostname, offer.agent_id.value);
  }
  return ids;
}

/** A recorded offer. */
export interface RecordedOffer {
  readonly id: { readonly value: string };
  readonly agent_id: { readonly value: string };
  readonly hostname: string;
  readonly resources: readonly { readonly name: string }[];
}

/** The offers of a recorded OFFERS. */
export function recordedOffers(event: RecordedEvent): readonly RecordedOffer[] {
  return (event.offers as { readonly offers: readonly RecordedOffer[] }).offers;
}

/** The address of its own that each task reported while it ran. */
export function addressesIn(lines: readonly RecordedLine[]): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  for (const { event } of lines) {
    const status = event?.type === "UPDATE" ? (statusIn(event) as RunningStatus | undefined) : undefined;
    const address = status?.container_status?.network_infos?.[0]?.ip_addresses?.[0]?.ip_address;
    if (status?.state === "TASK_RUNNING" && address !== undefined) addresses.set(status.task_id.value, address);
  }
  return addresses;
}

interface RunningStatus extends RecordedStatus {
  readonly container_status?: {
    readonly network_infos?: readonly { readonly ip_addresses?: readonly { readonly ip_address?: string }[] }[];
  };
}

/** How each task has to behave so that the recording can repeat: read off its recorded updates. */
export function behavioursIn(lines: readonly RecordedLine[]): ReadonlyMap<string, PretendBehaviour> {
  const seen = new Map<string, { readonly status: RecordedStatus; readonly t: number }[]>();
  for (const { event, t } of lines) {
    const status = event?.type === "UPDATE" ? statusIn(event) : undefined;
    if (status === undefined || status.source === "SOURCE_MASTER") continue;
    const id = status.task_id.value;
    seen.set(id, [...(seen.get(id) ?? []), { status, t }]);
  }
  return new Map([...seen].map(([id, updates]) => [id, behaviourOf(updates)]));
}

function behaviourOf(updates: readonly { readonly status: RecordedStatus; readonly t: number }[]): PretendBehaviour {
  const last = updates.at(-1);
  const running = updates.find((update) => update.status.state === "TASK_RUNNING");
  const killing = updates.find((update) => update.status.state === "TASK_KILLING");
  const message = last?.status.message ?? "";
  const starting = updates.find((update) => update.status.state === "TASK_STARTING");
  const startMs = startOf(starting?.t, running?.t);
  const launchFailure = /^Failed to launch container: (.*)$/s.exec(message)?.[1];
  if (launchFailure !== undefined) return { failure: launchFailure };
  if (last !== undefined && starting !== undefined && running === undefined && /exited/.test(message)) {
    return { startMs: 1000 * (last.t - starting.t), neverRuns: exitIn(message) };
  }
  if (last === undefined || running === undefined) return {};
  const exceeded = /^REASON_CONTAINER_LIMITATION_(MEMORY|DISK)$/.exec(last.status.reason ?? "")?.[1];
  if (exceeded !== undefined) {
    const resource = exceeded === "DISK" ? "disk" : "mem";
    return { startMs, exceeds: { afterMs: 1000 * (last.t - running.t), resource, message } };
  }
  if (last.status.state === "TASK_KILLED") {
    const stopMs = killing === undefined ? STOP_MS : 1000 * (last.t - killing.t);
    return { startMs, stopMs, onTerminate: terminationIn(message, stopMs) };
  }
  if (last.status.reason !== undefined || !/exited|terminated/.test(message)) return { startMs };
  const afterMs = Math.max(1, 1000 * (last.t - running.t));
  return { startMs, exit: { afterMs, ...exitIn(message) } };
}

/** A SIGKILL that came before the shortest grace of one second was not waited for. */
function terminationIn(message: string, stopMs: number): NonNullable<PretendBehaviour["onTerminate"]> {
  if (message.endsWith("status 0")) return "ExitZero";
  if (!message.endsWith("Killed") && !message.endsWith("status 137")) return "Die";
  return stopMs < GRACE_MS_MIN ? "Vanish" : "Ignore";
}

const GRACE_MS_MIN = 900;

function exitIn(message: string): { readonly code?: number; readonly signal?: string } {
  const code = /status (\d+)$/.exec(message)?.[1];
  return code === undefined ? { signal: `SIG${SIGNAL_OF[message.split(" ").at(-1) ?? ""]}` } : { code: Number(code) };
}

/** Docker takes about a second. */
function startOf(startingAt: number | undefined, runningAt: number | undefined): number {
  const tookMs = 1000 * ((runningAt ?? 0) - (startingAt ?? 0));
  return startingAt === undefined || tookMs < LONG_START_MS ? START_MS : tookMs;
}

const LONG_START_MS = 100;

const START_MS = 8;
const STOP_MS = 80;
const SIGNAL_OF: Readonly<Record<string, string>> = { Killed: "KILL", Terminated: "TERM" };
