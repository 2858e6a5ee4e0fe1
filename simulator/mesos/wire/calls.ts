import { type Message, mapOf, optional, repeated, required } from "./schema.js";

/** A wrapped identifier. */
export const id = { value: required("string") };
/** Nanoseconds. */
export const duration = { nanoseconds: required("integer") };
const label = { key: required("string"), value: optional("string") };
const labels = { labels: repeated(label) };
const range = { begin: required("integer"), end: required("integer") };

/** A resource in either format of reservations. */
export const resource: Message = {
  name: required("string"),
  type: required(["SCALAR", "RANGES", "SET"]),
  scalar: optional({ value: required("double") }),
  ranges: optional({ range: repeated(range) }),
  set: optional({ item: repeated("string") }),
  allocation_info: optional({ role: optional("string") }),
  role: optional("string"),
  reservation: optional({ principal: optional("string"), labels: optional(labels) }),
  reservations: repeated({
    type: optional(["STATIC", "DYNAMIC"]),
    role: optional("string"),
    principal: optional("string"),
    labels: optional(labels),
  }),
  disk: optional({
    persistence: optional({ id: required("string"), principal: optional("string") }),
    volume: optional({
      mode: required(["RW", "RO"]),
      container_path: required("string"),
      host_path: optional("string"),
    }),
    source: optional("json"),
  }),
};

/** What to run. */
export const command: Message = {
  shell: optional("bool"),
  value: optional("string"),
  arguments: repeated("string"),
  user: optional("string"),
  environment: optional({
    variables: repeated({
      name: required("string"),
      value: optional("string"),
      type: optional(["VALUE", "SECRET"]),
      secret: optional({ value: optional({ data: required("bytes") }) }),
    }),
  }),
  uris: repeated({
    value: required("string"),
    executable: optional("bool"),
    extract: optional("bool"),
    cache: optional("bool"),
    output_file: optional("string"),
  }),
};

const volume: Message = {
  mode: required(["RW", "RO"]),
  container_path: required("string"),
  host_path: optional("string"),
  image: optional("json"),
  source: optional("json"),
};

const container: Message = {
  type: required(["DOCKER", "MESOS"]),
  hostname: optional("string"),
  docker: optional({
    image: required("string"),
    network: optional(["HOST", "BRIDGE", "NONE", "USER"]),
    privileged: optional("bool"),
    force_pull_image: optional("bool"),
    parameters: repeated({ key: required("string"), value: required("string") }),
    port_mappings: repeated({
      host_port: required("integer"),
      container_port: required("integer"),
      protocol: optional("string"),
    }),
  }),
  mesos: optional({
    image: optional({ type: required(["DOCKER", "APPC"]), docker: optional({ name: required("string") }) }),
  }),
  volumes: repeated(volume),
  network_infos: repeated({
    ip_addresses: repeated({ protocol: optional("string"), ip_address: optional("string") }),
    name: optional("string"),
    groups: repeated("string"),
    labels: optional(labels),
    port_mappings: repeated({
      host_port: required("integer"),
      container_port: required("integer"),
      protocol: optional("string"),
    }),
  }),
};

const healthCheck: Message = {
  type: optional(["COMMAND", "HTTP", "TCP"]),
  command: optional(command),
  http: optional({ scheme: optional("string"), port: required("integer"), path: optional("string") }),
  tcp: optional({ port: required("integer") }),
  delay_seconds: optional("double"),
  interval_seconds: optional("double"),
  timeout_seconds: optional("double"),
  grace_period_seconds: optional("double"),
  consecutive_failures: optional("integer"),
};

const check: Message = {
  type: optional(["COMMAND", "HTTP", "TCP"]),
  command: optional({ command: required(command) }),
  http: optional({ port: required("integer"), path: optional("string") }),
  tcp: optional({ port: required("integer") }),
  delay_seconds: optional("double"),
  interval_seconds: optional("double"),
  timeout_seconds: optional("double"),
};

const executor: Message = {
  type: optional(["DEFAULT", "CUSTOM"]),
  executor_id: required(id),
  framework_id: optional(id),
  command: optional(command),
  container: optional(container),
  resources: repeated(resource),
  name: optional("string"),
  source: optional("string"),
  data: optional("bytes"),
  shutdown_grace_period: optional(duration),
  labels: optional(labels),
};

const port: Message = { number: required("integer"), name: optional("string"), protocol: optional("string") };

const taskInfo: Message = {
  name: required("string"),
  task_id: required(id),
  agent_id: required(id),
  resources: repeated(resource),
  executor: optional(executor),
  command: optional(command),
  container: optional(container),
  health_check: optional(healthCheck),
  check: optional(check),
  limits: mapOf({ value: required("double") }),
  data: optional("bytes"),
  kill_policy: optional({ grace_period: optional(duration) }),
  max_completion_time: optional(duration),
  labels: optional(labels),
  discovery: optional({
    visibility: required(["FRAMEWORK", "CLUSTER", "EXTERNAL"]),
    name: optional("string"),
    environment: optional("string"),
    location: optional("string"),
    version: optional("string"),
    ports: optional({ ports: repeated({ ...port, visibility: optional("string"), labels: optional(labels) }) }),
    labels: optional(labels),
  }),
};

const frameworkInfo: Message = {
  user: required("string"),
  name: required("string"),
  id: optional(id),
  failover_timeout: optional("double"),
  checkpoint: optional("bool"),
  role: optional("string"),
  roles: repeated("string"),
  hostname: optional("string"),
  principal: optional("string"),
  webui_url: optional("string"),
  capabilities: repeated({ type: optional("string") }),
  labels: optional(labels),
};

const constraint: Message = {
  selector: required({ attribute_name: optional("string"), pseudoattribute_type: optional("string") }),
  predicate: required({
    exists: optional("json"),
    not_exists: optional("json"),
    text_equals: optional(id),
    text_not_equals: optional(id),
    text_matches: optional({ regex: required("string") }),
    text_not_matches: optional({ regex: required("string") }),
  }),
};

const subscription: Message = {
  framework_info: required(frameworkInfo),
  suppressed_roles: repeated("string"),
  offer_constraints: optional({
    role_constraints: mapOf({ groups: repeated({ attribute_constraints: repeated(constraint) }) }),
  }),
};

const filters: Message = { refuse_seconds: optional("double") };
const roles: Message = { roles: repeated("string") };
const killPolicy: Message = { grace_period: optional(duration) };

const OPERATIONS = [
  "LAUNCH",
  "LAUNCH_GROUP",
  "RESERVE",
  "UNRESERVE",
  "CREATE",
  "DESTROY",
  "GROW_VOLUME",
  "SHRINK_VOLUME",
];

const CALL_TYPES = [
  "SUBSCRIBE",
  "TEARDOWN",
  "ACCEPT",
  "DECLINE",
  "REVIVE",
  "SUPPRESS",
  "KILL",
  "SHUTDOWN",
  "ACKNOWLEDGE",
  "RECONCILE",
  "MESSAGE",
  "REQUEST",
  "UPDATE_FRAMEWORK",
  "ACKNOWLEDGE_OPERATION_STATUS",
  "RECONCILE_OPERATIONS",
  "ACCEPT_INVERSE_OFFERS",
  "DECLINE_INVERSE_OFFERS",
];

const inverseAnswer: Message = { inverse_offer_ids: repeated(id), filters: optional(filters) };

const operation: Message = {
  type: optional(OPERATIONS),
  id: optional(id),
  launch: optional({ task_infos: repeated(taskInfo) }),
  launch_group: optional({ executor: required(executor), task_group: required({ tasks: repeated(taskInfo) }) }),
  reserve: optional({ resources: repeated(resource) }),
  unreserve: optional({ resources: repeated(resource) }),
  create: optional({ volumes: repeated(resource) }),
  destroy: optional({ volumes: repeated(resource) }),
};

/** scheduler::Call, as far as it is acted on here. */
export const schedulerCall: Message = {
  type: optional(CALL_TYPES),
  framework_id: optional(id),
  subscribe: optional(subscription),
  accept: optional({
    offer_ids: repeated(id),
    operations: repeated(operation),
    filters: optional(filters),
  }),
  decline: optional({ offer_ids: repeated(id), filters: optional(filters) }),
  revive: optional(roles),
  suppress: optional(roles),
  kill: optional({ task_id: required(id), agent_id: optional(id), kill_policy: optional(killPolicy) }),
  shutdown: optional({ executor_id: required(id), agent_id: required(id) }),
  acknowledge: optional({ agent_id: required(id), task_id: required(id), uuid: required("bytes") }),
  reconcile: optional({ tasks: repeated({ task_id: required(id), agent_id: optional(id) }) }),
  message: optional({ agent_id: required(id), executor_id: required(id), data: required("bytes") }),
  request: optional({ requests: repeated("json") }),
  update_framework: optional(subscription),
  acknowledge_operation_status: optional({
    agent_id: optional(id),
    operation_id: required(id),
    uuid: required("bytes"),
  }),
  reconcile_operations: optional({ operations: repeated({ operation_id: required(id), agent_id: optional(id) }) }),
  accept_inverse_offers: optional(inverseAnswer),
  decline_inverse_offers: optional(inverseAnswer),
};
