import type { Instance } from "../../../api-types/instance.js";
import type { Node } from "../../../api-types/node.js";
import type { Rack } from "../../../api-types/rack.js";
import type { AttachedTask, Service } from "../../../api-types/service-group.js";
import { substituteDeep } from "../../../api-types/substitute.js";
import { TASK_LABEL } from "../../../api-types/well-known.js";
import type { TaskLaunch } from "../../../drivers/compute/driver.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import type { ClaimedAddress } from "../../claimed-address.js";
import { agentCheck, attachedCheck, checkFaults } from "./check.js";
import { executorOf } from "./executor.js";
import { idFaults, taskLabels } from "./identity.js";
import { amountFaults, amountsOf } from "./need.js";
import { networkOf, withAddress } from "./network.js";
import { discoveryPorts, hostRanges, type PlacedPort } from "./ports.js";
import { processFields } from "./process.js";
import { environmentOf, pullConfigOf, type Values } from "./references.js";
import { rightsRefusal, valueRefusal, variableRefusal } from "./refusal.js";
import { launchVariables, sharedVariables, type Variables } from "./variables.js";

/** What a launch is made of. */
export interface LaunchInput {
  readonly instance: Instance;
  /** The template of the instance's revision. */
  readonly service: Service;
  readonly rack: Rack;
  readonly node: Node;
  readonly agentId: string;
  /** Of the instance's own task. */
  readonly taskId: string;
  readonly ports: readonly PlacedPort[];
  /** The address claimed for it; unset: its network assigns one. */
  readonly claimed?: ClaimedAddress;
  /** The tasks to be launched beside it: name and id. */
  readonly attached: readonly { readonly name: string; readonly taskId: string }[];
  readonly term: number;
  /** Value of `address:[group/]service[/number]`, seen from the instance's group. */
  readonly addressOf: (reference: string) => string | undefined;
}

/** A launch with all variables replaced; what `referencesOf(service)` names is still to be read. */
export interface PreparedLaunch extends LaunchInput {
  readonly variables: Variables;
}

const DEFAULT_GRACE_SECONDS = 10;

/** Replaces variables, and says why nothing may be launched: rights, variables, values, in this order. */
export function prepareLaunch(input: LaunchInput): PreparedLaunch & { readonly refusal: ConditionUpdate | undefined } {
  const variables = launchVariables(input);
  const { service, unknown } = resolved(input, variables);
  const faults = () => [
    ...amountFaults(service),
    ...checkFaults(service, input.ports),
    ...idFaults([input.taskId, ...input.attached.map(({ taskId }) => taskId)]),
  ];
  // rights are granted to what is written: a path that is a variable is granted by nothing but `/`
  const refusal = rightsRefusal(input) ?? variableRefusal(unknown) ?? valueRefusal(faults());
  return { ...input, service, variables, refusal };
}

/** The instance's own task. */
export function ownTask(prepared: PreparedLaunch, values: Values): TaskLaunch {
  const { instance, service, rack, ports, taskId, variables } = prepared;
  const { executor } = service;
  const env = { ...variables, ...environmentOf(service.env, values) };
  // on Mesos nothing but its executor hands a task its environment on
  const around = executor?.shared ? sharedVariables(prepared) : env;
  return {
    ...commonFields(prepared, values),
    ...processFields(service),
    taskId,
    name: `${instance.spec.service}-${instance.spec.number}`,
    resources: { ...amountsOf(service.resources), ports: hostRanges(ports) },
    containerizer: service.containerizer ?? (service.image === undefined ? "Mesos" : "Docker"),
    env,
    network: withAddress(networkOf(service.network, rack, ports), prepared.claimed),
    ports: discoveryPorts(ports),
    check: agentCheck(service, ports),
    ...(executor === undefined ? {} : { executor: executorOf({ ...prepared, executor, around, values }) }),
  };
}

/** The tasks beside it, in the order in which the service names them. */
export function attachedTasks(prepared: PreparedLaunch, values: Values): readonly TaskLaunch[] {
  return prepared.attached.flatMap(({ name, taskId }) => {
    const attached = prepared.service.attached?.find((candidate) => candidate.name === name);
    return attached === undefined ? [] : [attachedTask(prepared, { attached, taskId, values })];
  });
}

interface Attaching {
  readonly attached: AttachedTask;
  readonly taskId: string;
  readonly values: Values;
}

function attachedTask(prepared: PreparedLaunch, { attached, taskId, values }: Attaching): TaskLaunch {
  const { instance, service, rack, ports, variables } = prepared;
  const common = commonFields(prepared, values);
  return {
    ...common,
    ...processFields(attached),
    taskId,
    name: `${instance.spec.service}-${instance.spec.number}-${attached.name}`,
    resources: { ...amountsOf(attached.resources), ports: [] },
    containerizer: containerizerOf(attached, service),
    env: { ...variables, ...environmentOf(attached.env, values) },
    labels: { ...common.labels, [TASK_LABEL.attached]: attached.name },
    network: networkOf({ ...service.network, mode: attached.network.mode }, rack, []),
    ports: [],
    check: attachedCheck(attached.healthChecks, ports),
  };
}

/** That of the service, as far as it can run this one. */
function containerizerOf({ image, privileged, dockerParameters = [] }: AttachedTask, service: Service) {
  if (image === undefined) return "Mesos";
  return privileged || dockerParameters.length > 0 ? "Docker" : (service.containerizer ?? "Docker");
}

function commonFields(prepared: PreparedLaunch, values: Values) {
  const { service, rack, agentId } = prepared;
  const { roles } = service.placement ?? {};
  const pullConfig = pullConfigOf(service, values);
  return {
    agentId,
    forcePull: service.imagePullPolicy === "Always",
    user: service.user ?? rack.spec.compute?.mesos?.user,
    labels: taskLabels(prepared),
    killGraceSeconds: service.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
    ...(roles === undefined ? {} : { roles }),
    ...(pullConfig === undefined ? {} : { pullConfig }),
  };
}

/** What a launch does not use, like names, may hold variables that only a running task has. */
function resolved(input: LaunchInput, variables: Variables) {
  const { dns, annotations, executor, ...used } = input.service;
  const own = substituteDeep(used, lookupOf(input, variables));
  const run = resolvedExecutor(input, variables);
  const unused = { dns, ...(annotations === undefined ? {} : { annotations }) };
  const service: Service = { ...own.value, ...unused, ...(run === undefined ? {} : { executor: run.value }) };
  return { service, unknown: [...new Set([...own.unknown, ...(run?.unknown ?? [])])] };
}

/** A shared executor is the same for all who share it; what it is given with each task is not. */
function resolvedExecutor(input: LaunchInput, variables: Variables) {
  const { executor } = input.service;
  if (executor === undefined) return undefined;
  const { data, ...rest } = executor;
  const own = substituteDeep(rest, lookupOf(input, executor.shared ? sharedVariables(input) : variables));
  const given = substituteDeep({ data }, lookupOf(input, variables));
  const value = { ...own.value, ...(given.value.data === undefined ? {} : { data: given.value.data }) };
  return { value, unknown: [...own.unknown, ...given.unknown] };
}

function lookupOf({ addressOf }: LaunchInput, variables: Variables) {
  return (name: string) => (name.startsWith("address:") ? addressOf(name.slice("address:".length)) : variables[name]);
}
