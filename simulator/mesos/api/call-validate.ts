import type { WireFilters, WireId, WireStreamCall, WireSubscribe } from "../../../drivers/compute/mesos/wire.js";
import { type Framework, rolesOf } from "../cluster/world.js";
import type { OfferConstraints } from "../wire/constraints.js";
import type { ReceivedAccept } from "./accept.js";

/** The subscription of SUBSCRIBE and UPDATE_FRAMEWORK. */
export type ReceivedSubscribe = Omit<WireSubscribe["subscribe"], "framework_info"> & {
  readonly framework_info: Framework["info"];
  readonly offer_constraints?: OfferConstraints;
};

/** The answer to inverse offers. */
export interface InverseAnswer {
  readonly inverse_offer_ids?: readonly WireId[];
  readonly filters?: WireFilters;
}

/** A call whose fields have the right types; `callProblem` finds those that lack the part of their type. */
export type ReceivedCall = { readonly framework_id?: WireId } & (
  | Exclude<WireStreamCall, { readonly type: "ACCEPT" | "ACCEPT_INVERSE_OFFERS" | "DECLINE_INVERSE_OFFERS" }>
  | { readonly type: "ACCEPT"; readonly accept: ReceivedAccept }
  | { readonly type: "ACCEPT_INVERSE_OFFERS"; readonly accept_inverse_offers: InverseAnswer }
  | { readonly type: "DECLINE_INVERSE_OFFERS"; readonly decline_inverse_offers: InverseAnswer }
  | {
      readonly type: "ACKNOWLEDGE_OPERATION_STATUS";
      readonly acknowledge_operation_status: { readonly operation_id: WireId; readonly uuid: string };
    }
  | {
      readonly type: "RECONCILE_OPERATIONS";
      readonly reconcile_operations: {
        readonly operations?: readonly { readonly operation_id: WireId; readonly agent_id?: WireId }[];
      };
    }
  | { readonly type: "SUBSCRIBE"; readonly subscribe: ReceivedSubscribe }
  | { readonly type: "UPDATE_FRAMEWORK"; readonly update_framework: ReceivedSubscribe }
  | { readonly type: "SHUTDOWN"; readonly shutdown: { readonly executor_id: WireId; readonly agent_id: WireId } }
  | { readonly type: "MESSAGE" | "REQUEST" }
);

/** Calls and the part each of them needs. */
const NEEDS: Readonly<Record<string, string>> = {
  SUBSCRIBE: "subscribe",
  ACCEPT: "accept",
  DECLINE: "decline",
  KILL: "kill",
  SHUTDOWN: "shutdown",
  ACKNOWLEDGE: "acknowledge",
  RECONCILE: "reconcile",
  MESSAGE: "message",
  REQUEST: "request",
  UPDATE_FRAMEWORK: "update_framework",
  ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
  RECONCILE_OPERATIONS: "reconcile_operations",
  ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
  DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
};

/** What is wrong with a call as a whole, in Mesos' words. */
export function callProblem(call: ReceivedCall): string | undefined {
  if (call.type === undefined) return "Expecting 'type' to be present";
  const part = NEEDS[call.type];
  const isLacking = part !== undefined && (call as unknown as Record<string, unknown>)[part] === undefined;
  if (call.type === "SUBSCRIBE") {
    if (isLacking) return "Expecting 'subscribe' to be present";
    return isSameId(call.framework_id, call.subscribe.framework_info.id)
      ? undefined
      : "'framework_id' differs from 'subscribe.framework_info.id'";
  }
  if (call.framework_id === undefined) return "Expecting 'framework_id' to be present";
  if (isLacking) return `Expecting '${part}' to be present`;
  if (call.type === "ACKNOWLEDGE" && Buffer.from(call.acknowledge.uuid, "base64").length !== UUID_BYTES) {
    return "Not a valid UUID";
  }
  return undefined;
}

const UUID_BYTES = 16;

function isSameId(a: WireId | undefined, b: WireId | undefined): boolean {
  return a?.value === b?.value;
}

/** What is wrong with a framework, told by an ERROR event. */
export function frameworkProblem(info: Framework["info"]): string | undefined {
  return rolesProblem(info) ?? timeoutProblem(info.failover_timeout ?? 0);
}

function rolesProblem(info: Framework["info"]): string | undefined {
  const isMultiRole = info.capabilities?.some((capability) => capability.type === "MULTI_ROLE") ?? false;
  const roles = info.roles ?? [];
  if (isMultiRole && info.role !== undefined) {
    return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  }
  if (!isMultiRole && roles.length > 0) {
    return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
  }
  const twice = [...new Set(roles.filter((role, index) => roles.indexOf(role) !== index))];
  if (twice.length > 0) return `'FrameworkInfo.roles' contains duplicate items: { ${twice.join(", ")} }`;
  for (const role of rolesOf(info)) {
    const problem = role === "*" ? undefined : roleProblem(role);
    if (problem !== undefined) return `'FrameworkInfo.roles' contains invalid role: ${problem}`;
  }
  return undefined;
}

function roleProblem(role: string): string | undefined {
  if (role === "") return "Empty role name is invalid";
  if (role.startsWith("/")) return `Role '${role}' cannot start with a slash`;
  if (role.endsWith("/")) return `Role '${role}' cannot end with a slash`;
  if (role.includes("//")) return `Role '${role}' cannot contain two adjacent slashes`;
  for (const component of role.split("/")) {
    if (component === "." || component === "..") return `Role '${role}' cannot contain '${component}' as a component`;
    if (component.startsWith("-")) return `Role component '${component}' is invalid because it begins with a dash`;
    if (/[\s\u007f\b]/.test(component)) {
      return `Role component '${component}' is invalid because it contains backspace or whitespace`;
    }
  }
  return undefined;
}

/** Durations are 64 bit nanoseconds. */
const DURATION_SECONDS_MAX = 2 ** 63 / 1e9;

function timeoutProblem(seconds: number): string | undefined {
  if (Math.abs(seconds) < DURATION_SECONDS_MAX) return undefined;
  return `The framework failover_timeout (${printed(seconds)}) is invalid`;
}

/** As C++ streams print: six significant digits, `1e+20`. */
function printed(number: number): string {
  return number
    .toExponential(5)
    .replace(/\.?0+e/, "e")
    .replace(/e([+-])(\d)$/, "e$10$2");
}
