import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import { domainOf } from "../cluster/world.js";
import { versionInfo } from "../operator/listing.js";
import { parseAttributes } from "../wire/attributes.js";
import { json, parseCall, refuseUnlessPost, text } from "../wire/http.js";
import { parseResources, toWire } from "../wire/resources.js";
import { type Message, mapOf, optional, required } from "../wire/schema.js";
import { executorNameOf, wireContainers } from "./containers.js";
import { listFiles, readFile } from "./files.js";
import type { AgentSite } from "./handler.js";
import { inputRecords } from "./records.js";
import {
  attachInput,
  attachOutput,
  type ContainerId,
  killSession,
  launchSession,
  type SessionEnd,
  type SessionOrder,
  waitFor,
} from "./session.js";
import { endedTasks, frameworkIds, wireAgentTask } from "./state.js";

/** agent::Call, as far as it is answered here. */
const agentCall: Message = {
  type: optional("string"),
  get_containers: optional({ show_nested: optional("bool"), show_standalone: optional("bool") }),
  list_files: optional({ path: required("string") }),
  read_file: optional({ path: required("string"), offset: required("integer"), length: optional("integer") }),
  launch_nested_container_session: optional({
    container_id: required("json"),
    command: optional("json"),
    container: optional("json"),
  }),
  attach_container_output: optional({ container_id: required("json") }),
  wait_nested_container: optional({ container_id: required("json") }),
  wait_container: optional({ container_id: required("json") }),
  kill_nested_container: optional({ container_id: required("json"), signal: optional("integer") }),
  kill_container: optional({ container_id: required("json"), signal: optional("integer") }),
  remove_nested_container: optional({ container_id: required("json") }),
  remove_container: optional({ container_id: required("json") }),
  get_metrics: mapOf("json"),
};

interface OnContainer {
  readonly container_id: ContainerId;
}

interface ReceivedAgentCall {
  readonly type?: string;
  readonly get_containers?: { readonly show_nested?: boolean };
  readonly list_files?: { readonly path: string };
  readonly read_file?: { readonly path: string; readonly offset: number; readonly length?: number };
  readonly launch_nested_container_session?: SessionOrder;
  readonly attach_container_output?: OnContainer;
  readonly wait_nested_container?: OnContainer;
  readonly wait_container?: OnContainer;
  readonly kill_nested_container?: OnContainer;
  readonly kill_container?: OnContainer;
  readonly remove_nested_container?: OnContainer;
  readonly remove_container?: OnContainer;
}

/** `POST /api/v1` of an agent. */
export async function serveAgentApi(site: AgentSite, request: HttpRequest): Promise<HttpResponse> {
  const wrongMethod = refuseUnlessPost(request);
  if (wrongMethod !== undefined) return wrongMethod;
  if (request.headers["content-type"] === "application/recordio") return attachInput(site, inputRecords(request));
  const parsed = parseCall(request, agentCall);
  if (parsed.type === "refused") return parsed.response;
  // the schema has checked the fields that are read; containers are looked up by their id only
  const call = parsed.call as ReceivedAgentCall;
  if (call.type === undefined) return text(400, "Failed to validate agent::Call: Expecting 'type' to be present");
  const part = LISTINGS[call.type]?.(site, call);
  if (part !== undefined) return json(request, { type: call.type, [call.type.toLowerCase()]: part });
  return act(site, request, call);
}

const LISTINGS: Readonly<Record<string, (site: AgentSite, call: ReceivedAgentCall) => unknown>> = {
  GET_HEALTH: () => ({ healthy: true }),
  GET_VERSION: () => ({ version_info: versionInfo() }),
  GET_AGENT: agentOf,
  GET_CONTAINERS: ({ world, node }, { get_containers }) =>
    wireContainers(world, node, get_containers?.show_nested ?? false),
  GET_TASKS: tasksOf,
  GET_EXECUTORS: executorsOf,
  GET_FRAMEWORKS: ({ world, node }) => ({
    frameworks: frameworkIds(node).map((id) => ({
      framework_info: world.frameworkInfos.get(id) ?? { id: { value: id } },
    })),
    completed_frameworks: [],
  }),
  GET_OPERATIONS: () => ({}),
  GET_RESOURCE_PROVIDERS: () => ({}),
};

function agentOf({ node }: AgentSite) {
  const { spec } = node;
  const domain = domainOf(spec);
  return {
    agent_info: {
      hostname: spec.hostname ?? spec.name,
      port: spec.port ?? DEFAULT_PORT,
      resources: toWire(parseResources(spec.resources)),
      attributes: parseAttributes(spec.attributes),
      id: { value: node.agentId ?? "" },
      ...(domain === undefined ? {} : { domain }),
    },
  };
}

const DEFAULT_PORT = 5051;

function tasksOf({ node }: AgentSite) {
  const tasks = [...node.tasks.values()];
  const list = (isWanted: (phase: string) => boolean) =>
    tasks.filter(({ phase }) => isWanted(phase)).map((task) => wireAgentTask(node, task));
  return {
    pending_tasks: [],
    queued_tasks: list((phase) => phase === "Queued"),
    launched_tasks: list((phase) => phase !== "Queued" && phase !== "Ended"),
    terminated_tasks: [],
    completed_tasks: endedTasks(node).map((task) => wireAgentTask(node, task)),
  };
}

/** What runs a task that is a plain command. */
const COMMAND_EXECUTOR = {
  shell: false,
  value: "/usr/libexec/mesos/mesos-executor",
  arguments: ["mesos-executor", "--launcher_dir=/usr/libexec/mesos"],
};

function executorsOf({ node }: AgentSite) {
  const executors = new Map(
    [...node.tasks.values()]
      .filter(({ phase }) => phase !== "Ended")
      .map((task) => [
        task.executor?.id ?? task.info.task_id.value,
        task.executor?.info ?? {
          executor_id: task.info.task_id,
          framework_id: { value: task.frameworkId },
          command: COMMAND_EXECUTOR,
          resources: toWire(
            new Map([
              ["cpus", { type: "scalar", milli: 100 }],
              ["mem", { type: "scalar", milli: 32_000 }],
            ]),
            {
              allocatedTo: task.role,
            },
          ),
          name: executorNameOf(task),
          source: task.info.task_id.value,
          ...(task.info.discovery === undefined ? {} : { discovery: task.info.discovery }),
          ...(task.info.labels === undefined ? {} : { labels: task.info.labels }),
        },
      ]),
  );
  return { executors: [...executors.values()].map((executor_info) => ({ executor_info })), completed_executors: [] };
}

async function act(site: AgentSite, request: HttpRequest, call: ReceivedAgentCall): Promise<HttpResponse> {
  switch (call.type) {
    case "LIST_FILES":
      return files(site, request, call.list_files?.path);
    case "READ_FILE":
      return read(site, request, call.read_file);
    case "LAUNCH_NESTED_CONTAINER_SESSION": {
      const order = call.launch_nested_container_session;
      return order === undefined ? lacking("launch_nested_container_session") : launchSession(site, request, order);
    }
    case "ATTACH_CONTAINER_OUTPUT": {
      const id = call.attach_container_output?.container_id;
      return id === undefined ? lacking("attach_container_output") : attachOutput(site, request, id);
    }
    case "WAIT_NESTED_CONTAINER":
    case "WAIT_CONTAINER":
      return wait(site, request, call);
    case "KILL_NESTED_CONTAINER":
    case "KILL_CONTAINER":
      return kill(site, call.kill_nested_container ?? call.kill_container);
    case "REMOVE_NESTED_CONTAINER":
    case "REMOVE_CONTAINER":
      site.sessions.delete((call.remove_nested_container ?? call.remove_container)?.container_id.value ?? "");
      return text(200, "");
    default:
      return text(501, `${call.type} is not simulated`);
  }
}

function lacking(part: string): HttpResponse {
  return text(400, `Failed to validate agent::Call: Expecting '${part}' to be present`);
}

function files(site: AgentSite, request: HttpRequest, path: string | undefined): HttpResponse {
  if (path === undefined) return lacking("list_files");
  const listed = listFiles(site, path);
  if (listed === undefined) return text(404, "");
  const file_infos = listed.map((file) => ({
    path: file.path,
    nlink: 1,
    size: file.sizeBytes,
    mtime: { nanoseconds: file.modifiedAt * 1e9 },
    mode: file.mode,
    uid: "root",
    gid: "root",
  }));
  return json(request, { type: "LIST_FILES", list_files: { file_infos } });
}

/** At most so much is read at once. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

function read(site: AgentSite, request: HttpRequest, order: ReceivedAgentCall["read_file"]): HttpResponse {
  if (order === undefined) return lacking("read_file");
  const length = Math.min(order.length ?? READ_BYTES_MAX, READ_BYTES_MAX);
  const part = readFile(site, order.path, { offset: order.offset, length });
  if (part === undefined) return text(404, "");
  const data = Buffer.from(part.bytes).toString("base64");
  return json(request, { type: "READ_FILE", read_file: { size: part.size, data } });
}

async function wait(site: AgentSite, request: HttpRequest, call: ReceivedAgentCall): Promise<HttpResponse> {
  const id = (call.wait_nested_container ?? call.wait_container)?.container_id;
  const ended = id === undefined ? undefined : waitFor(site, id);
  if (ended === undefined) return text(404, `Container ${id?.value ?? ""} cannot be found`);
  const type = call.type ?? "";
  return json(request, { type, [type.toLowerCase()]: { exit_status: waitStatus(await ended) } });
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 };

/** As `wait(2)` tells it. */
function waitStatus({ code, signal }: SessionEnd): number {
  return signal === undefined ? (code ?? 0) << 8 : (SIGNAL_NUMBERS[signal] ?? 1);
}

function kill(site: AgentSite, on: OnContainer | undefined): HttpResponse {
  const isKilled = on !== undefined && killSession(site, on.container_id);
  return isKilled
    ? text(200, "")
    : text(404, `Container ${on?.container_id.value ?? ""} cannot be found (or is already killed)`);
}
