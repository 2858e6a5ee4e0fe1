import { describe, expect, it } from "vitest";
import { fieldNotes } from "../meta/field-notes.js";
import { isSameTemplate } from "../revision.js";
import { emit } from "../schema/emit.js";
import type { StructuralSchema } from "../schema/structural.js";
import { type Service, service } from "./fields.js";

const words = (text: string) => text.trim().split(/\s+/);
const below = (prefix: string, names: readonly string[]) => names.map((name) => `${prefix}.${name}`);

const ENV = words(`name value valueFrom.secretKeyRef.name valueFrom.secretKeyRef.key
  valueFrom.configMapKeyRef.name valueFrom.configMapKeyRef.key`);
const FETCH = words("uri extract executable cache destination");
const PROBE = words("httpGet.path httpGet.port httpGet.scheme tcpSocket.port exec.command exec.shell");
const TIMING = words("periodSeconds timeoutSeconds probeFrom");
const CHECK = [...PROBE, ...TIMING, ...words("name gracePeriodSeconds ignoreHttp1xx")];
const RESTART = words("policy delaySeconds backoff.initialSeconds backoff.factor backoff.maxSeconds");

/** What a task runs. */
const PROCESS = [
  ...words("command shell args image privileged"),
  ...below("env[]", ENV),
  ...words("dockerParameters[].key dockerParameters[].value"),
  ...below("fetch[]", FETCH),
  ...words("volumes[].hostPath volumes[].containerPath volumes[].readOnly"),
  ...below("resources", words("cpu memory disk gpu limits.cpu limits.memory")),
];

/** A change of these starts instances anew. */
const RESTARTS = [
  ...words("name mode user imagePullPolicy imagePullSecrets[].name containerizer"),
  ...PROCESS,
  ...below("executor", words("name shared command resources.cpu resources.memory data")),
  ...below("executor.env[]", ENV),
  ...below("executor.fetch[]", FETCH),
  ...below("placement", words("nodeNames nodeType nodeFunction roles apartFrom near")),
  ...below("placement.constraints[]", words("attribute operator value")),
  ...below("network", words("mode networkName addressFrom pool")),
  ...below("network.ports[]", words("name containerPort hostPort numberOffset protocol")),
  ...below("healthChecks[]", CHECK),
  ...below("readinessCheck", [...PROBE, ...TIMING, "name", "expectedStatuses"]),
  ...below("attached[]", ["name", "network.mode", ...PROCESS]),
  ...below("attached[].healthChecks[]", CHECK),
];

/** A change of these is taken over by the instances that run. */
const IN_PLACE = [
  ...words("labels annotations dependsOn startDeadlineSeconds unhealthyKillBudget killSelection metered"),
  ...words("terminationGracePeriodSeconds drainSeconds placement.strategy healthChecks[].failureThreshold"),
  ...below("job", words("completions backoffLimit")),
  ...below("restart", RESTART),
  ...below("update", words("maxUnavailable maxSurge paused canary")),
  ...below("unreachable", words("replaceAfterSeconds forgetAfterSeconds")),
  ...below("network", words("advertise anycast ports[].servicePort")),
  ...below("dns", words("publish name instanceName tags ttlSeconds perInstance shared lastInstance")),
  ...below("attached[]", ["required", "healthChecks[].failureThreshold", ...below("restart", RESTART)]),
];

/** A change of these makes more or fewer instances. */
const SCALE_ONLY = words("instances ordinals.start ordinals.step ordinals.slots");

const notes = fieldNotes(service, "").map(({ path }) => path);
const leaves = notes.filter(
  (path) => !notes.some((other) => other.startsWith(`${path}.`) || other.startsWith(`${path}[`)),
);
const schema = emit(service);

/** A value of a schema with every field set, lists with one item. */
function wholeOf(part: StructuralSchema): unknown {
  const { enum: choices, properties, items, additionalProperties } = part;
  if (choices !== undefined) return choices[0];
  if (properties !== undefined) {
    return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, wholeOf(field)]));
  }
  if (items !== undefined) return [wholeOf(items)];
  if (additionalProperties !== undefined) return { key: wholeOf(additionalProperties) };
  return part.type === "boolean" ? false : part.type === "string" ? "a" : 8;
}

/** Another value than `wholeOf` gives. */
function otherOf({ enum: choices, items, additionalProperties, type }: StructuralSchema): unknown {
  if (choices !== undefined) return choices[1];
  if (items !== undefined) return [];
  if (additionalProperties !== undefined) return {};
  return type === "boolean" ? true : type === "string" ? "b" : 9;
}

/** `value` with another value at `path`, like `network.ports[].name`. */
function changed(value: unknown, part: StructuralSchema | undefined, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (part === undefined) throw new Error("the path leads nowhere");
  if (step === undefined) return otherOf(part);
  if (step === "[]") return (value as readonly unknown[]).map((item) => changed(item, part.items, rest));
  const fields = value as Readonly<Record<string, unknown>>;
  return { ...fields, [step]: changed(fields[step], part.properties?.[step], rest) };
}

const stepsOf = (path: string) => path.replaceAll("[]", ".[]").split(".");

describe("every field of a service", () => {
  it("has its row in one of the tables", () => {
    expect([...RESTARTS, ...IN_PLACE, ...SCALE_ONLY].sort()).toEqual([...leaves].sort());
  });

  const whole = wholeOf(schema) as Service;
  it.each([
    ...RESTARTS.map((path) => ({ path, restarts: true })),
    ...[...IN_PLACE, ...SCALE_ONLY].map((path) => ({ path, restarts: false })),
  ])("$path: a change restarts: $restarts", ({ path, restarts }) => {
    const other = changed(whole, schema, stepsOf(path)) as Service;
    expect(other).not.toEqual(whole);
    expect(isSameTemplate(whole, other)).toBe(!restarts);
    expect(isSameTemplate(other, structuredClone(other))).toBe(true);
  });
});
