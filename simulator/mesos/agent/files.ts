import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { CompletedTask, Node } from "../cluster/world.js";
import type { SandboxEntry } from "../task-runner.js";
import { json, text } from "../wire/http.js";
import type { AgentSite } from "./handler.js";

/** The directory of a task's sandbox as the agent tells it. */
export function directoryOf(node: Node, task: CompletedTask): string {
  const { info, executor, frameworkId, containerId, parentId } = task;
  const work = node.spec.workDirectory ?? "/var/lib/mesos";
  const executorId = executor?.id ?? info.task_id.value;
  const run = `${work}/slaves/${node.agentId ?? ""}/frameworks/${frameworkId}/executors/${executorId}/runs`;
  return parentId === undefined ? `${run}/${containerId}` : `${run}/${parentId}/containers/${containerId}`;
}

/** Every task whose sandbox is kept: those that run and the last that ended. */
export function keptTasks(node: Node): readonly CompletedTask[] {
  return [...node.tasks.values(), ...node.completed];
}

interface Place {
  readonly taskId: string;
  readonly directory: string;
  /** Below the directory, without a slash at the start. */
  readonly path: string;
}

/** The sandbox that a path lies in; paths that step out of it are nowhere. */
function placeOf(node: Node, path: string): Place | undefined {
  if (path.split("/").includes("..")) return undefined;
  for (const task of keptTasks(node)) {
    const directory = directoryOf(node, task);
    if (path !== directory && !path.startsWith(`${directory}/`)) continue;
    return { taskId: task.info.task_id.value, directory, path: path.slice(directory.length + 1).replace(/\/+$/, "") };
  }
  return undefined;
}

/** A file as the agent lists it. */
export interface ListedFile extends SandboxEntry {
  /** The whole path. */
  readonly path: string;
}

/** The entries of a directory; undefined when it does not exist. */
export function listFiles({ world, node }: AgentSite, path: string): readonly ListedFile[] | undefined {
  const place = placeOf(node, path);
  if (place === undefined) return undefined;
  const entries = world.runner.sandboxes?.list(place.taskId, place.path);
  return entries?.map((entry) => ({ ...entry, path: `${place.directory}/${entry.path}` }));
}

/** A part of a file; undefined when it does not exist. */
export function readFile({ world, node }: AgentSite, path: string, part: { offset: number; length: number }) {
  const place = placeOf(node, path);
  return place === undefined ? undefined : world.runner.sandboxes?.read(place.taskId, place.path, part);
}

/** `GET /files/browse?path=`. */
export function browse(site: AgentSite, request: HttpRequest, query: URLSearchParams): HttpResponse {
  const path = query.get("path");
  if (path === null) return text(400, "Expecting 'path=value' in query.\n");
  const files = listFiles(site, path);
  if (files === undefined) return text(404, "");
  return json(request, files.map(wireFile));
}

function wireFile({ path, sizeBytes, modifiedAt, mode }: ListedFile) {
  return { gid: "root", mode: modeText(mode), mtime: modifiedAt, nlink: 1, path, size: sizeBytes, uid: "root" };
}

/** As `ls` writes it. */
function modeText(mode: number): string {
  const bits = [...(mode & 0o777).toString(2).padStart(9, "0")];
  const flags = bits.map((bit, index) => (bit === "1" ? ("rwx"[index % 3] ?? "-") : "-"));
  return `${(mode & 0o170000) === 0o040000 ? "d" : "-"}${flags.join("")}`;
}

/** At most so much is read at once, as by the real agent. */
const READ_BYTES_MAX = 64 * 1024;

/** `GET /files/read?path=&offset=&length=`; offset -1 asks for the size. */
export function readPart(site: AgentSite, request: HttpRequest, query: URLSearchParams): HttpResponse {
  const path = query.get("path");
  if (path === null) return text(400, "Expecting 'path=value' in query.\n");
  const offset = Number(query.get("offset") ?? -1);
  const length = Number(query.get("length") ?? READ_BYTES_MAX);
  if (!Number.isInteger(offset) || offset < -1) return text(400, `Negative offset provided: ${offset}.\n`);
  if (!Number.isInteger(length) || length < -1) return text(400, `Negative length provided: ${length}.\n`);
  const wanted = length === -1 ? READ_BYTES_MAX : Math.min(length, READ_BYTES_MAX);
  const part = readFile(site, path, { offset: Math.max(offset, 0), length: offset === -1 ? 0 : wanted });
  if (part === undefined) return text(404, "");
  if (offset === -1) return json(request, { data: "", offset: part.size });
  return json(request, { data: Buffer.from(part.bytes).toString("utf8"), offset });
}
