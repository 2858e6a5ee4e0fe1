import { duration, id, resource } from "./calls.js";
import { type Message, optional, repeated, required } from "./schema.js";

/** The operator calls that are known; those not answered here are refused loudly. */
export const OPERATOR_CALLS = [
  "GET_HEALTH",
  "GET_VERSION",
  "GET_MASTER",
  "GET_FLAGS",
  "GET_AGENTS",
  "GET_FRAMEWORKS",
  "GET_TASKS",
  "GET_EXECUTORS",
  "GET_ROLES",
  "GET_STATE",
  "GET_METRICS",
  "GET_OPERATIONS",
  "SUBSCRIBE",
  "TEARDOWN",
  "MARK_AGENT_GONE",
  "DRAIN_AGENT",
  "DEACTIVATE_AGENT",
  "REACTIVATE_AGENT",
  "RESERVE_RESOURCES",
  "UNRESERVE_RESOURCES",
  "GET_WEIGHTS",
  "GET_QUOTA",
  "GET_LOGGING_LEVEL",
  "GET_MAINTENANCE_STATUS",
  "GET_MAINTENANCE_SCHEDULE",
  "UPDATE_MAINTENANCE_SCHEDULE",
  "START_MAINTENANCE",
  "STOP_MAINTENANCE",
] as const;

const onAgent: Message = { agent_id: required(id) };
const onResources: Message = { agent_id: required(id), resources: repeated(resource) };
const machine: Message = { hostname: optional("string"), ip: optional("string") };
const machines: Message = { machines: repeated(machine) };

/** master::Call, as far as it is answered here. */
export const operatorCall: Message = {
  type: optional(OPERATOR_CALLS),
  teardown: optional({ framework_id: required(id) }),
  mark_agent_gone: optional(onAgent),
  drain_agent: optional({
    ...onAgent,
    max_grace_period: optional({ seconds: optional("integer"), nanos: optional("integer") }),
    mark_gone: optional("bool"),
  }),
  deactivate_agent: optional(onAgent),
  reactivate_agent: optional(onAgent),
  get_metrics: optional({ timeout: optional(duration) }),
  reserve_resources: optional(onResources),
  unreserve_resources: optional(onResources),
  update_maintenance_schedule: optional({
    schedule: required({
      windows: repeated({
        machine_ids: repeated(machine),
        unavailability: required({ start: required(duration), duration: optional(duration) }),
      }),
    }),
  }),
  start_maintenance: optional(machines),
  stop_maintenance: optional(machines),
};
