import { Instance } from "../../api-types/instance.js";
import { isAvailable, keyOf } from "../../api-types/life.js";
import { isStatus } from "../../api-types/meta/status-error.js";
import { type ScalingMetric, ScalingPolicy } from "../../api-types/scaling-policy.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { MetricResult } from "../../drivers/metrics/driver.js";
import type { Metrics } from "../../platform/metrics.js";
import type { Cache } from "../../runtime/cache.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { defineController, on } from "../../runtime/controller.js";
import { recordEvent } from "../../runtime/events.js";
import type { ReconcileResult } from "../../runtime/reconcile-keys.js";
import { reportStatus } from "../../runtime/report.js";
import type { LoopContext } from "../context.js";
import { ownConditions } from "../own-conditions.js";
import { conditionsOf } from "./conditions.js";
import {
  afterFiring,
  combine,
  cooldownUntil,
  memoryOf,
  type PolicyMemory,
  type PolicyPlan,
  planPolicy,
  remember,
} from "./plan.js";

const NAME = "scaling-policy";
/** Samples are written at most this often. */
const SAMPLE_PERIOD_MS = 60_000;
const DEFAULT_INTERVAL_SECONDS = 15;

/** What this process remembers of one policy; readings are not stored. */
interface State {
  /** Of the policy; another one of the same name begins anew. */
  readonly uid: string | undefined;
  memory: PolicyMemory;
  /** Wall time at which the size was last changed; 0: never. */
  lastScaleAt: number;
  /** Monotonic: when each metric was last read. */
  readonly readAt: Map<string, number>;
  readonly failures: Map<string, string>;
  reported: { readonly at: number; readonly text: string } | undefined;
}

/** Reads metrics, judges rules and sets the size of the target. */
export const scalingPolicyController = (context: LoopContext) => {
  const loop = open(context);
  return defineController({
    name: NAME,
    watches: [
      on(ScalingPolicy, (policy, previous) =>
        policy.metadata.generation === previous?.metadata.generation ? [] : [keyOf(policy)],
      ),
      on(ServiceGroup, () => []),
      on(Instance, () => []),
    ],
    reconcile: (key) => reconcile(loop, key),
  });
};

interface Loop {
  readonly context: LoopContext;
  readonly policies: Cache<ScalingPolicy>;
  readonly groups: Cache<ServiceGroup>;
  readonly instances: Cache<Instance>;
  readonly states: Map<string, State>;
  readonly readings: ReturnType<Metrics["gauge"]> | undefined;
}

function open(context: LoopContext): Loop {
  const { informers } = context;
  return {
    context,
    policies: informers.cache(ScalingPolicy),
    groups: informers.cache(ServiceGroup),
    instances: informers.cache(Instance, { service: (instance) => [serviceKeyOf(instance)] }),
    states: new Map(),
    readings: context.metrics?.gauge({
      name: "rackwright_scaling_metric",
      help: "Last combined reading of a metric of a ScalingPolicy.",
      labelNames: ["namespace", "policy", "metric"],
    }),
  };
}

async function reconcile(loop: Loop, key: string): Promise<ReconcileResult | undefined> {
  const policy = loop.policies.get(key);
  if (policy === undefined) {
    forget(loop, key);
    return;
  }
  const state = stateOf(loop, key, policy);
  const group = loop.groups.get(`${policy.metadata.namespace ?? ""}/${policy.spec.scaleTargetRef.name}`);
  if (group !== undefined) await readMetrics(loop, { policy, group, state });
  await judge(loop, { policy, group, state });
  return { requeueAfterMs: nextReadMs(loop, policy, state) };
}

/** What is remembered of the policy; nothing of metrics that it does not name any more. */
function stateOf(loop: Loop, key: string, policy: ScalingPolicy): State {
  const known = loop.states.get(key);
  if (known !== undefined && known.uid !== policy.metadata.uid) forget(loop, key);
  const state = loop.states.get(key) ?? newState(policy);
  loop.states.set(key, state);
  const named = new Set(policy.spec.metrics?.map(({ name }) => name));
  for (const metric of [...state.readAt.keys()]) if (!named.has(metric)) forgetMetric(loop, key, metric);
  return state;
}

function forget(loop: Loop, key: string): void {
  for (const metric of [...(loop.states.get(key)?.readAt.keys() ?? [])]) forgetMetric(loop, key, metric);
  loop.states.delete(key);
}

function forgetMetric(loop: Loop, key: string, metric: string): void {
  const state = loop.states.get(key);
  if (state === undefined) return;
  state.readAt.delete(metric);
  state.failures.delete(metric);
  const readings = new Map(state.memory.readings);
  readings.delete(metric);
  state.memory = { ...state.memory, readings };
  const [namespace = "", policy = ""] = key.split("/");
  loop.readings?.remove({ namespace, policy, metric });
}

/** A policy with its target and what is remembered of it. */
interface Subject {
  readonly policy: ScalingPolicy;
  readonly group: ServiceGroup;
  readonly state: State;
}

async function readMetrics(loop: Loop, subject: Subject): Promise<void> {
  const { policy, state } = subject;
  const { clock } = loop.context;
  for (const metric of policy.spec.metrics ?? []) {
    const dueAt = (state.readAt.get(metric.name) ?? Number.NEGATIVE_INFINITY) + intervalMs(metric);
    if (clock.monotonic() < dueAt) continue;
    state.readAt.set(metric.name, clock.monotonic());
    const value = await read(loop, subject, metric);
    state.memory = remember(state.memory, metric.name, { at: clock.now(), value });
    const { namespace = "", name } = policy.metadata;
    if (value !== undefined) loop.readings?.set({ namespace, policy: name, metric: metric.name }, value);
  }
}

/** The combined value over available instances; undefined when the source gave none that is fresh enough (R25). */
async function read(loop: Loop, { policy, group, state }: Subject, metric: ScalingMetric): Promise<number | undefined> {
  const source = loop.context.backends.of(group.spec.rackName).metrics;
  const tasks = tasksOf(loop, group, policy.spec.scaleTargetRef.service);
  if (source === undefined) return failed(state, metric, "the Rack names no source of metrics");
  if (tasks.length === 0) return failed(state, metric, "no available instance to measure");
  const result = await source.query({ query: metric.query ?? "", tasks });
  const reason = reasonOf(result);
  if (reason !== undefined) return failed(state, metric, reason);
  const oldest =
    loop.context.clock.now() -
    (metric.maxAgeSeconds ?? 2 * (metric.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS)) * 1000;
  const samples = result.type === "Unknown" ? [] : result.samples.filter((sample) => sample.at >= oldest);
  if (samples.length < tasks.length)
    return failed(state, metric, `${samples.length} of ${tasks.length} instances have a fresh sample`);
  state.failures.delete(metric.name);
  return combine(
    samples.map((sample) => sample.value),
    metric.combine ?? "Average",
  );
}

function tasksOf(loop: Loop, group: ServiceGroup, service: string | undefined) {
  const names = group.spec.services
    .map((candidate) => candidate.name)
    .filter((name) => service === undefined || name === service);
  return names
    .flatMap((name) => loop.instances.by("service", `${keyOf(group)}/${name}`))
    .filter(isAvailable)
    .flatMap(({ status }) =>
      status?.placement === undefined ? [] : [{ taskId: status.placement.taskID, agentId: status.placement.agentID }],
    );
}

/** As `Subject`, while the target may be missing. */
interface Case {
  readonly policy: ScalingPolicy;
  readonly group: ServiceGroup | undefined;
  readonly state: State;
}

async function judge(loop: Loop, { policy, group, state }: Case): Promise<void> {
  const currentReplicas = group === undefined ? 0 : sizeOf(policy, group);
  const isHeld = group === undefined || group.spec.suspend || policy.spec.mode === "Paused";
  const plan = planPolicy({ policy, memory: state.memory, currentReplicas, isHeld, now: loop.context.clock.now() });
  let problem: string | undefined;
  if (group !== undefined && plan.desiredReplicas !== currentReplicas && policy.spec.mode === "Active") {
    problem = await setSize(loop, { policy, group, size: plan.desiredReplicas });
    if (problem === undefined) await noteScaling(loop, policy, { plan, state, currentReplicas });
  }
  await report(loop, policy, {
    plan,
    state,
    currentReplicas,
    conditions: conditionsOf(policy, { isTargetThere: group !== undefined, failures: state.failures, plan, problem }),
  });
}

async function noteScaling(
  loop: Loop,
  policy: ScalingPolicy,
  { plan, state, currentReplicas }: { plan: PolicyPlan; state: State; currentReplicas: number },
): Promise<void> {
  const now = loop.context.clock.now();
  if (plan.rule !== undefined) state.memory = afterFiring(state.memory, plan.rule, now);
  state.lastScaleAt = now;
  state.reported = undefined;
  const why = plan.rule === undefined ? "bounds" : `rule ${plan.rule}`;
  const message = `size of ${policy.spec.scaleTargetRef.name} ${currentReplicas} → ${plan.desiredReplicas} (${why})`;
  await recordEvent(loop.context, { object: policy, type: "Normal", reason: "Rescaled", message, reporter: NAME });
}

interface Resizing {
  readonly policy: ScalingPolicy;
  readonly group: ServiceGroup;
  readonly size: number;
}

/** Undefined when written; else why not. */
async function setSize(loop: Loop, { policy, group, size }: Resizing): Promise<string | undefined> {
  const key = { namespace: group.metadata.namespace ?? "", name: group.metadata.name };
  const { service } = policy.spec.scaleTargetRef;
  const { client } = loop.context;
  try {
    if (service === undefined) {
      const spec = { replicas: size };
      await client.patch(ServiceGroup, key, { spec }, { subresource: "scale", fieldManager: NAME });
    } else {
      const spec = { scale: { [service]: size } };
      await client.patch(ServiceGroup, key, { spec }, { fieldManager: NAME });
    }
    return undefined;
  } catch (error) {
    if (isStatus(error, "Invalid", "Forbidden", "NotFound")) return error.message;
    throw error;
  }
}

interface Report {
  readonly plan: PolicyPlan;
  readonly state: State;
  readonly currentReplicas: number;
  readonly conditions: readonly ConditionUpdate[];
}

/** Sizes and conditions at once, readings at most once a minute: an idle policy hardly writes. */
async function report(
  loop: Loop,
  policy: ScalingPolicy,
  { plan, state, currentReplicas, conditions }: Report,
): Promise<void> {
  const { generation } = policy.metadata;
  const text = JSON.stringify([generation, plan.desiredReplicas, currentReplicas, conditions]);
  const isDue = loop.context.clock.monotonic() >= (state.reported?.at ?? Number.NEGATIVE_INFINITY) + SAMPLE_PERIOD_MS;
  if (!isDue && state.reported?.text === text) return;
  state.reported = { at: loop.context.clock.monotonic(), text };
  const status = {
    observedGeneration: generation ?? 0,
    currentReplicas,
    desiredReplicas: plan.desiredReplicas,
    ...(state.lastScaleAt === 0 ? {} : { lastScaleTime: new Date(state.lastScaleAt).toISOString() }),
    metrics: [...state.memory.readings].flatMap(([name, readings]) =>
      metricStatus(
        name,
        readings.findLast((reading) => reading.value !== undefined),
      ),
    ),
    rules: (policy.spec.rules ?? []).map((rule) => {
      // what fired in this very round cools down, too
      const until = cooldownUntil(state.memory, rule, loop.context.clock.now());
      return { name: rule.name, ...(until === undefined ? {} : { cooldownUntil: new Date(until).toISOString() }) };
    }),
    conditions: ownConditions(policy, conditions, loop.context.clock.now()),
  };
  await reportStatus({
    client: loop.context.client,
    cache: loop.policies,
    kind: ScalingPolicy,
    object: policy,
    status,
    manager: NAME,
  });
}

function nextReadMs(loop: Loop, policy: ScalingPolicy, state: State): number {
  const waits = (policy.spec.metrics ?? []).map((metric) => {
    const due = (state.readAt.get(metric.name) ?? loop.context.clock.monotonic()) + intervalMs(metric);
    return Math.max(1, due - loop.context.clock.monotonic());
  });
  return Math.min(DEFAULT_INTERVAL_SECONDS * 1000, ...waits);
}

function newState(policy: ScalingPolicy): State {
  const last = Date.parse(policy.status?.lastScaleTime ?? "");
  return {
    uid: policy.metadata.uid,
    memory: memoryOf(policy),
    lastScaleAt: Number.isNaN(last) ? 0 : last,
    readAt: new Map(),
    failures: new Map(),
    reported: undefined,
  };
}

function intervalMs(metric: ScalingMetric): number {
  return (metric.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS) * 1000;
}

function failed(state: State, metric: ScalingMetric, reason: string): undefined {
  state.failures.set(metric.name, reason);
  return undefined;
}

function reasonOf(result: MetricResult): string | undefined {
  return result.type === "Complete" ? undefined : result.reason;
}

function sizeOf(policy: ScalingPolicy, group: ServiceGroup): number {
  const { service } = policy.spec.scaleTargetRef;
  if (service === undefined) return group.spec.replicas;
  return (
    group.spec.scale?.[service] ?? group.spec.services.find((candidate) => candidate.name === service)?.instances ?? 1
  );
}

function serviceKeyOf(instance: Instance): string {
  return `${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}/${instance.spec.service}`;
}

function metricStatus(name: string, reading: { readonly at: number; readonly value: number | undefined } | undefined) {
  if (reading?.value === undefined) return [{ name }];
  return [{ name, value: reading.value, sampledAt: new Date(reading.at).toISOString() }];
}
