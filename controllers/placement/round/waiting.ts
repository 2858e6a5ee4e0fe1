import type { Instance } from "../../../api-types/instance.js";
import { keyOf } from "../../../api-types/life.js";
import type { Rack } from "../../../api-types/rack.js";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import { placementRules } from "../../../api-types/service/placement-rules.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import { substituteDeep } from "../../../api-types/substitute.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { requirementOf } from "../../matching.js";
import { amountFaults, amountsOf, needOf, quantityFaults } from "../launch/need.js";
import { portFaults } from "../launch/ports.js";
import { valueRefusal } from "../launch/refusal.js";
import { earlyVariables } from "../launch/variables.js";
import type { WaitingTask } from "../place/model.js";

/** An Instance that waits, with all that tells where it may go. */
export interface Waiter {
  readonly instance: Instance;
  /** The template of its revision. */
  readonly service: Service;
  /** Its live group; undefined: it is not stored any more. */
  readonly group: ServiceGroup | undefined;
  readonly rack: Rack;
  /** How many nodes the rack has. */
  readonly nodes: number;
}

/** What placement is asked for an Instance, or why it cannot be asked. */
export type Asked =
  | { readonly type: "task"; readonly task: WaitingTask }
  | { readonly type: "refused"; readonly refusal: ConditionUpdate };

/** What an Instance asks of placement. What depends on the node, like `$(NODE)`, has no value yet. */
export function waitingTask(waiter: Waiter): Asked {
  const { instance, rack } = waiter;
  const variables = earlyVariables(instance, rack);
  const service = resolved(waiter.service, (name) => variables[name]);
  const { number } = instance.spec;
  const refusal = valueRefusal([...amountFaults(service), ...portFaults({ service, number })]);
  return refusal === undefined ? { type: "task", task: taskOf(waiter, service) } : { type: "refused", refusal };
}

/** Whether a template holds a variable: most do not, and are gone through once. Templates are never changed. */
const mentions = new WeakMap<Service, boolean>();

/** The template with the variables replaced of what takes something of a node. */
function resolved(service: Service, lookup: (name: string) => string | undefined): Service {
  const { attached, executor, network, resources } = service;
  const known = mentions.get(service) ?? JSON.stringify([attached, executor, network, resources]).includes("$(");
  mentions.set(service, known);
  if (!known) return service;
  const { value } = substituteDeep({ attached, executor, network, resources }, lookup);
  const { attached: beside, executor: own, ...taken } = value;
  return {
    ...service,
    ...taken,
    ...(beside === undefined ? {} : { attached: beside }),
    ...(own === undefined ? {} : { executor: own }),
  };
}

/** `namespace/group/service`: what rules count. */
export function serviceKeyOf({ metadata, spec }: Instance): string {
  return `${metadata.namespace ?? ""}/${spec.serviceGroup}/${spec.service}`;
}

/**
 * A task attached to a placed Instance that has to start again: on the same node, by no rule. Undefined: there is none of
 * that name, or what it takes is no amount any more, because a variable of the Rack has changed.
 */
export function waitingAttached(waiter: Waiter, name: string, node: string): WaitingTask | undefined {
  const { instance, service, rack } = waiter;
  const attached = service.attached?.find((candidate) => candidate.name === name);
  if (attached === undefined) return undefined;
  const variables = earlyVariables(instance, rack);
  const { value } = substituteDeep({ resources: attached.resources, roles: service.placement?.roles }, (variable) => {
    return variables[variable];
  });
  if (quantityFaults(value.resources, "resources").length > 0) return undefined;
  return {
    ...NOTHING_ASKED,
    key: `${keyOf(instance)}#${name}`,
    service: `${serviceKeyOf(instance)}#${name}`,
    need: { ...amountsOf(value.resources), ports: [] },
    roles: value.roles,
    nodeNames: [node],
    createdAt: instance.metadata.creationTimestamp ?? "",
  };
}

const NOTHING_ASKED = {
  wanted: 1,
  nodeType: undefined,
  nodeFunction: undefined,
  rules: [],
  apartFrom: [],
  near: [],
  strategy: "Spread",
} as const;

function taskOf(waiter: Waiter, service: Service): WaitingTask {
  const { instance, rack } = waiter;
  const written = service.placement ?? {};
  const { value: placement } = substituteDeep(written, (name) => rack.spec.variables?.[name]);
  const keysOf = (names: readonly string[] | undefined) => (names ?? []).map((name) => otherService(instance, name));
  return {
    key: keyOf(instance),
    service: serviceKeyOf(instance),
    wanted: wantedOf(waiter),
    need: needOf(service, instance.spec.number),
    roles: placement.roles,
    ...requirementOf(service, rack),
    rules: rulesOf({ ...service, placement }),
    apartFrom: keysOf(placement.apartFrom),
    near: keysOf(placement.near),
    strategy: placement.strategy ?? "Spread",
    createdAt: instance.metadata.creationTimestamp ?? "",
  };
}

function rulesOf(service: Service): readonly PlacementRule[] {
  const eachNode: PlacementRule = { operator: "Unique", attribute: "hostname", value: undefined };
  return [...(service.mode === "EachNode" ? [eachNode] : []), ...placementRules(service)];
}

/** `service` of the same group, or `group/service` of the same namespace. */
function otherService({ metadata, spec }: Instance, name: string): string {
  const path = name.includes("/") ? name : `${spec.serviceGroup}/${name}`;
  return `${metadata.namespace ?? ""}/${path}`;
}

/** As the live group says it; its template may be older than its size. */
function wantedOf({ instance, service, group, nodes }: Waiter): number {
  if (service.mode === "EachNode") return nodes;
  const live = group?.spec.services.find(({ name }) => name === instance.spec.service) ?? service;
  const perCopy = group?.spec.scale?.[live.name] ?? live.instances ?? 1;
  return Math.max(1, (group?.spec.replicas ?? 1) * perCopy);
}
