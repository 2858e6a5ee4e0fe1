import type { Action } from "../../actuation/action.js";
import type { Instance } from "../../api-types/instance.js";
import { isTrue } from "../../api-types/life.js";
import type { Node } from "../../api-types/node.js";
import { rightsErrors } from "../../api-types/rack/rights.js";
import type { Rack } from "../../api-types/rack.js";
import { parseQuantity } from "../../api-types/schema/quantity.js";
import type { HealthCheck, Service } from "../../api-types/service-group.js";
import { substituteDeep } from "../../api-types/substitute.js";
import { LABEL, TASK_LABEL } from "../../api-types/well-known.js";
import type { AgentCheck, TaskLaunch } from "../../drivers/compute/driver.js";
import { formatStamp } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import { serviceLabels } from "../service-labels.js";

/** What a launch is made of. `service` is the template of the instance's revision. */
export interface LaunchInput {
  readonly instance: Instance;
  readonly service: Service;
  readonly rack: Rack;
  readonly node: Node;
  readonly agentId: string;
  readonly taskId: string;
  readonly term: number;
  /** Value of `address:[group/]service[/number]`, seen from the instance's group. */
  readonly addressOf: (reference: string) => string | undefined;
}

const MIB = 1024 * 1024;
const DEFAULT_CPU = "200m";
const DEFAULT_MEMORY = "128Mi";
const DEFAULT_GRACE_SECONDS = 10;

/** The id of an Instance's task: it says whose it is, and is never used twice. */
export function taskIdOf({ metadata }: Instance): string {
  return `${metadata.namespace}.${metadata.name}.${(metadata.uid ?? "").slice(0, 8)}`;
}

/** The task of an instance, with all variables replaced; `unknown` lists variables that have no value, and then nothing may be launched. */
export function taskLaunch(input: LaunchInput): { readonly launch: TaskLaunch; readonly unknown: readonly string[] } {
  const variables = variablesOf(input);
  const lookup = (name: string) =>
    name.startsWith("address:") ? input.addressOf(name.slice("address:".length)) : variables[name];
  const { value: service, unknown } = substituteDeep(input.service, lookup);
  const check = service.healthChecks?.[0];
  const launch: TaskLaunch = {
    taskId: input.taskId,
    name: `${input.instance.spec.service}-${input.instance.spec.number}`,
    agentId: input.agentId,
    resources: { ...needOf(service), gpu: 0, ports: fixedPorts(service).map((port) => ({ begin: port, end: port })) },
    containerizer: service.containerizer ?? (service.image === undefined ? "Mesos" : "Docker"),
    image: service.image,
    forcePull: service.imagePullPolicy === "Always",
    command: commandOf(service),
    user: service.user ?? input.rack.spec.compute?.mesos?.user,
    env: { ...variables, ...environmentOf(service) },
    labels: labelsOf(input, service),
    volumes: (service.volumes ?? []).map((volume) => ({
      hostPath: volume.hostPath,
      containerPath: volume.containerPath,
      isReadOnly: volume.readOnly ?? false,
    })),
    isPrivileged: service.privileged ?? false,
    dockerParameters: service.dockerParameters ?? [],
    network: networkOf(service, input.rack),
    ports: portsOf(service),
    check: check === undefined ? undefined : checkOf(check, service),
    killGraceSeconds: service.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
  };
  return { launch, unknown };
}

/** Cores and MiB that a task of this service takes. */
export function needOf(service: Service): {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
} {
  const { cpu = DEFAULT_CPU, memory = DEFAULT_MEMORY, disk } = service.resources ?? {};
  return {
    cpu: parseQuantity(String(cpu)),
    memoryMiB: parseQuantity(String(memory)) / MIB,
    diskMiB: disk === undefined ? 0 : parseQuantity(String(disk)) / MIB,
  };
}

/** Host ports that the service insists on. */
export function fixedPorts(service: Service): readonly number[] {
  return (service.network?.ports ?? []).flatMap((port) => ((port.hostPort ?? 0) > 0 ? [port.hostPort ?? 0] : []));
}

function variablesOf({ instance, service, rack, node }: LaunchInput): Readonly<Record<string, string>> {
  const ports = portsOf(service);
  const named = ports.map((port) => [`PORT_${port.name.toUpperCase().replaceAll("-", "_")}`, String(port.port)]);
  const numbered = ports.map((port, index) => [`PORT${index}`, String(port.port)]);
  const first = ports[0] === undefined ? [] : [["PORT", String(ports[0].port)]];
  return {
    ...rack.spec.variables,
    NAMESPACE: instance.metadata.namespace ?? "",
    GROUP: instance.spec.serviceGroup,
    SERVICE: instance.spec.service,
    NUMBER: String(instance.spec.number),
    INSTANCE: instance.metadata.name,
    NODE: node.metadata.name,
    NODE_ADDRESS: node.spec.address,
    HOST: node.spec.address,
    ...Object.fromEntries([...first, ...numbered, ...named]),
  };
}

function portsOf(service: Service): TaskLaunch["ports"] {
  return (service.network?.ports ?? []).map((port) => ({
    name: port.name,
    port: (port.hostPort ?? 0) > 0 ? (port.hostPort ?? 0) : (port.containerPort ?? 0),
    protocol: port.protocol ?? "TCP",
  }));
}

function commandOf(service: Service): TaskLaunch["command"] {
  if (service.shell !== undefined) return { type: "shell", script: service.shell };
  if (service.command !== undefined) return { type: "exec", argv: [...service.command, ...(service.args ?? [])] };
  return { type: "entrypoint", args: service.args ?? [] };
}

function environmentOf(service: Service): Record<string, string> {
  return Object.fromEntries((service.env ?? []).map((entry) => [entry.name, entry.value ?? ""]));
}

function labelsOf({ instance, rack, term }: LaunchInput, service: Service): Readonly<Record<string, string>> {
  const identity = rack.spec.identity ?? rack.metadata.name;
  const { namespace = "", name, uid = "" } = instance.metadata;
  return {
    ...serviceLabels(service),
    [LABEL.group]: instance.spec.serviceGroup,
    [LABEL.service]: instance.spec.service,
    [LABEL.number]: String(instance.spec.number),
    [LABEL.revision]: instance.spec.revisionName,
    [TASK_LABEL.identity]: identity,
    [TASK_LABEL.namespace]: namespace,
    [TASK_LABEL.stamp]: formatStamp({ identity, kind: "Instance", namespace, name, uid, term }),
  };
}

function networkOf(service: Service, rack: Rack): TaskLaunch["network"] {
  const mode = service.network?.mode ?? "Host";
  if (mode === "None") return { mode: "None" };
  if (mode === "Host") return { mode: "Host" };
  const networkName = service.network?.networkName ?? rack.spec.network?.networkName ?? "rackwright";
  return { mode: "Routed", networkName };
}

function checkOf(check: HealthCheck, service: Service): AgentCheck {
  return {
    probe: probeOf(check, service),
    delaySeconds: 0,
    intervalSeconds: check.periodSeconds,
    timeoutSeconds: check.timeoutSeconds,
    gracePeriodSeconds: check.gracePeriodSeconds,
  };
}

function probeOf(check: HealthCheck, service: Service): AgentCheck["probe"] {
  if (check.tcpSocket !== undefined) return { type: "tcp", port: portNumber(check.tcpSocket.port, service) };
  if (check.httpGet !== undefined) {
    const { port, path, scheme } = check.httpGet;
    return { type: "http", port: portNumber(port, service), path, scheme: scheme === "HTTPS" ? "https" : "http" };
  }
  return { type: "command", command: check.exec?.command ?? check.exec?.shell ?? "true" };
}

/** A port is given by name or by number; validation promises that the name exists. */
function portNumber(port: string | number, service: Service): number {
  const named = portsOf(service).find((candidate) => candidate.name === String(port));
  return named?.port ?? Number(port);
}

/** One ACCEPT: the tasks of one agent. */
export function launchAction(
  rack: Rack,
  launch: { agentId: string; offerIds: readonly string[]; tasks: readonly TaskLaunch[] },
): Action {
  const names = launch.tasks.map((task) => task.name).join(", ");
  return {
    type: "task.launch",
    rack: rack.metadata.name,
    key: launch.tasks.map((task) => task.taskId).join(","),
    change: { type: "launch", ...launch },
    message: `launch ${names} on agent ${launch.agentId}`,
    cause: launch.tasks.map((task) => task.taskId),
    evidence: [],
  };
}

/** What is about to be launched. */
interface Candidate {
  readonly rack: Rack;
  readonly instance: Instance;
  readonly service: Service;
}

/** Why it may not be launched, with the variables that have no value; undefined: it may. */
export function launchRefusal(candidate: Candidate, unknown: readonly string[]): ConditionUpdate | undefined {
  return rightsRefusal(candidate) ?? variableRefusal(unknown);
}

/** The rack's rights, as they are now: they may have been taken back since the group was stored. */
function rightsRefusal({ rack, instance, service }: Candidate): ConditionUpdate | undefined {
  const faults = rightsErrors(service, `service ${service.name}`, {
    allow: rack.spec.safety.allow,
    rackName: rack.metadata.name,
    namespace: instance.metadata.namespace ?? "",
  });
  if (faults.length === 0) return undefined;
  const message = faults.map((fault) => `${fault.path}: ${fault.message}`).join("; ");
  return { type: "Scheduled", status: "False", reason: "RightNotGranted", message };
}

function variableRefusal(unknown: readonly string[]): ConditionUpdate | undefined {
  if (unknown.length === 0) return undefined;
  const message = `no value for ${unknown.map((name) => `$(${name})`).join(", ")}; nothing is launched until there is`;
  return { type: "Scheduled", status: "False", reason: "UnresolvedVariable", message };
}

/** The address of the lowest-numbered Published instance of `[group/]service[/number]`. */
export function publishedAddress(
  from: Instance,
  reference: string,
  membersOf: (group: string) => readonly Instance[],
): string | undefined {
  const parts = reference.split("/");
  const [group, service, number] = parts.length === 1 ? [from.spec.serviceGroup, parts[0]] : parts;
  return membersOf(`${from.metadata.namespace ?? ""}/${group}`)
    .filter((other) => other.spec.service === service && isTrue(other, "Published"))
    .filter((other) => number === undefined || String(other.spec.number) === number)
    .sort((a, b) => a.spec.number - b.spec.number)[0]?.status?.addresses?.[0];
}
