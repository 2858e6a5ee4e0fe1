import { StatusError } from "../../../../api-types/meta/status-error.js";
import { isRecord } from "../../../../platform/is-record.js";
import type { FilePiece, SandboxFile } from "../../agent-api.js";
import { type AgentConnection, call, getJson } from "./calls.js";

/** The entries of a directory. */
export async function listDirectory(agent: AgentConnection, directory: string): Promise<readonly SandboxFile[]> {
  const operation = `listing ${directory}`;
  const found = await getJson(agent, operation, `/files/browse?path=${encodeURIComponent(directory)}`);
  const files = Array.isArray(found) ? found.map(fileOf) : [undefined];
  if (files.every((file) => file !== undefined)) return files;
  throw new StatusError("ServiceUnavailable", `${operation}: the agent answered something else`);
}

/**
 * Bytes of a file. Not by `/files/read`: that puts them into a JSON text, where what is not UTF-8, or cut inside a
 * character, is lost; the agent API has them in base64.
 */
export async function readFile(
  agent: AgentConnection,
  file: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<FilePiece> {
  const operation = `reading ${file}`;
  if (offset < 0) return { offset: await sizeOf(agent, operation, file), bytes: new Uint8Array(0) };
  const wanted = { path: file, offset, length: Math.min(length, LENGTH_MAX) };
  const { data } = await call(agent, operation, readCall(wanted));
  // an empty piece may come without the field
  return { offset, bytes: Buffer.from(typeof data === "string" ? data : "", "base64") };
}

/** The agent itself cuts at 16 pages. */
const LENGTH_MAX = 64 * 1024;

/** Offset -1 asks for the end of the file. */
async function sizeOf(agent: AgentConnection, operation: string, file: string): Promise<number> {
  const found = await getJson(agent, operation, `/files/read?path=${encodeURIComponent(file)}&offset=-1`);
  if (isRecord(found) && typeof found.offset === "number") return found.offset;
  throw new StatusError("ServiceUnavailable", `${operation}: the agent answered something else`);
}

function fileOf(file: unknown): SandboxFile | undefined {
  if (!isRecord(file) || typeof file.path !== "string" || typeof file.size !== "number") return undefined;
  const mode = String(file.mode ?? "");
  return {
    path: file.path,
    sizeBytes: file.size,
    modifiedAt: typeof file.mtime === "number" ? file.mtime : 0,
    mode,
    isDirectory: mode.startsWith("d"),
    user: String(file.uid ?? ""),
    group: String(file.gid ?? ""),
  };
}

interface ReadCall {
  readonly type: "READ_FILE";
  readonly read_file: { readonly path: string; readonly offset: number; readonly length: number };
}

function readCall(wanted: ReadCall["read_file"]): ReadCall {
  return { type: "READ_FILE", read_file: wanted };
}
