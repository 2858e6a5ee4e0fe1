import type { Instance, InstanceProbe } from "../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal, isTrue } from "../../api-types/life.js";
import type { Node } from "../../api-types/node.js";
import type { HealthCheck, ReadinessCheck } from "../../api-types/service/health.js";
import { probePlan } from "../../api-types/service/probes.js";
import type { Service } from "../../api-types/service-group.js";
import type { ProbeRequest, ProbeResult } from "../../drivers/probe/driver.js";
import { unreadyFailures } from "../health.js";

/** Name of the readiness check in `status.probes`. */
export const READINESS = "readiness";

/** One check of one instance that the controller makes. */
export type Check =
  | { readonly type: "health"; readonly name: string; readonly check: HealthCheck }
  | { readonly type: "readiness"; readonly name: typeof READINESS; readonly check: ReadinessCheck };

/** The checks of a service that the controller makes. */
export function checksOf(service: Service): readonly Check[] {
  const { controller, controllerReadiness } = probePlan(service);
  const readiness =
    controllerReadiness === undefined
      ? []
      : [{ type: "readiness", name: READINESS, check: controllerReadiness } as const];
  return [...controller.map((check) => ({ type: "health", name: check.name, check }) as const), ...readiness];
}

/** Whether an instance is asked at all: one out of reach, ended or on its way out is not. */
export function isProbed(instance: Instance): boolean {
  const isRunning = isTrue(instance, "Running") && instance.status?.lastStatus?.state === "Running";
  return isRunning && !isTerminal(instance) && !isLeaving(instance);
}

export interface TargetView {
  readonly instance: Instance;
  readonly service: Service;
  readonly node: Node | undefined;
}

/** Whom to ask what; undefined while address or port is not known: then nothing is known of the check either. */
export function requestOf({ check }: Check, view: TargetView): ProbeRequest | undefined {
  const { instance, node } = view;
  const host = node?.spec.address;
  const port = portOf((check.httpGet ?? check.tcpSocket)?.port, view);
  if (host === undefined || port === undefined) return undefined;
  const target = {
    host,
    port,
    timeoutMs: check.timeoutSeconds * 1000,
    taskId: instance.status?.placement?.taskID ?? "",
  };
  if (check.httpGet === undefined) return { type: "tcp", ...target };
  const { path, scheme } = check.httpGet;
  return { type: "http", path, scheme: scheme === "HTTPS" ? "https" : "http", ...target };
}

/** The port of the node that leads to the one a check names: by name, or by its number inside the task's network. */
function portOf(wanted: number | string | undefined, { instance, service }: TargetView): number | undefined {
  if (wanted === undefined) return undefined;
  const placed = instance.status?.placement?.ports ?? [];
  const number = Number(wanted);
  if (Number.isInteger(number)) return placed.find((port) => port.containerPort === number)?.port ?? number;
  const fixed = service.network.ports?.find((port) => port.name === wanted);
  const fixedPort = (fixed?.hostPort ?? 0) > 0 ? fixed?.hostPort : fixed?.containerPort;
  const port = placed.find(({ name }) => name === wanted)?.port ?? fixedPort ?? 0;
  return port > 0 ? port : undefined;
}

/** The first probe of an instance comes this soon, or after one period where that is shorter. */
const FIRST_PROBE_MS = 5000;

/**
 * When a check is made for the first time by this process; `chance` in [0, 1). What is known already is asked within one
 * period, so that a new leader does not ask everyone at once.
 */
export function firstDelayMs(check: Check, known: InstanceProbe | undefined, chance: number): number {
  const periodMs = check.check.periodSeconds * 1000;
  if (known?.isPassing !== undefined) return periodMs * chance;
  return Math.min(periodMs, FIRST_PROBE_MS) * (1 - chance / 5);
}

/** When its task was heard to run, by our clock and not its agent's (R30). */
export function runningSince(instance: Instance): string | undefined {
  const running = conditionOf(instance, "Running");
  return running?.status === "True" ? running.lastTransitionTime : instance.status?.startedAt;
}

/** How long failures do not count yet, from now; `now` in milliseconds of wall time. */
export function graceLeftMs(check: Check, startedAt: string | undefined, now: number): number {
  if (check.type === "readiness") return 0;
  const graceMs = check.check.gracePeriodSeconds * 1000;
  const ranMs = now - Date.parse(startedAt ?? "");
  return Number.isNaN(ranMs) ? graceMs : graceMs - Math.min(graceMs, Math.max(0, ranMs));
}

/** What one result says of a check. */
export type Verdict =
  | { readonly type: "pass" }
  | { readonly type: "fail"; readonly message: string }
  /** It neither passed nor failed. */
  | { readonly type: "none" };

/**
 * | result                 | health check                        | readiness check            |
 * |------------------------|-------------------------------------|----------------------------|
 * | connected              | passes                              | passes                     |
 * | 200 to 399             | passes                              | as `expectedStatuses` says |
 * | 100 to 199             | fails; nothing with `ignoreHttp1xx` | as `expectedStatuses` says |
 * | another answer, or none | fails                              | fails, unless expected     |
 */
export function probeVerdict(check: Check, result: ProbeResult): Verdict {
  switch (result.type) {
    case "connected":
      return { type: "pass" };
    case "failed":
      return { type: "fail", message: result.message };
    case "answer":
      return isGood(check, result.status) ? { type: "pass" } : badAnswer(check, result.status);
    default:
      return result satisfies never;
  }
}

function isGood(check: Check, status: number): boolean {
  if (check.type === "readiness") return check.check.expectedStatuses.includes(status);
  return status >= 200 && status <= 399;
}

function badAnswer(check: Check, status: number): Verdict {
  if (check.type === "health" && status < 200 && check.check.ignoreHttp1xx) return { type: "none" };
  return { type: "fail", message: `answered ${status}` };
}

export interface ProbeNews {
  readonly check: Check;
  readonly known: InstanceProbe | undefined;
  readonly verdict: Verdict;
  /** Failures do not count yet, unless it passed once. */
  readonly isGrace: boolean;
  /** Milliseconds of wall time. */
  readonly now: number;
}

/** The next state of a check; the same value while nothing worth writing changed. */
export function nextProbe({ check, known, verdict, isGrace, now }: ProbeNews): InstanceProbe | undefined {
  if (verdict.type === "none") return known;
  const isPassing = verdict.type === "pass";
  const failures = countFailures({ check, known, isPassing, isGrace });
  if (known?.isPassing === isPassing && (known.consecutiveFailures ?? 0) === failures) return known;
  const isTurn = known?.isPassing !== isPassing;
  return {
    name: check.name,
    isPassing,
    consecutiveFailures: failures,
    since: isTurn ? new Date(now).toISOString() : (known.since ?? new Date(now).toISOString()),
    ...(verdict.type === "fail" ? { message: verdict.message } : {}),
  };
}

/** Failures in a row, told up to the number at which they matter; those of the grace period are none. */
function countFailures(news: Pick<ProbeNews, "check" | "known" | "isGrace"> & { isPassing: boolean }): number {
  const { check, known, isPassing, isGrace } = news;
  if (isPassing || check.type === "readiness") return 0;
  const before = known?.consecutiveFailures ?? 0;
  if (isGrace && !hasPassed(known)) return before;
  return Math.max(before, Math.min(before + 1, unreadyFailures(check.check)));
}

/** It passed once, as far as can be told: it passes now, or its failures count already. */
export function hasPassed(known: InstanceProbe | undefined): boolean {
  return known?.isPassing === true || (known?.consecutiveFailures ?? 0) > 0;
}
