import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, createWriteStream } from "node:fs";
import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { FetchOrder } from "../mesos/task-runner.js";

const TIMEOUT_MS = 60_000;

/**
 * Puts a file into a sandbox as an agent's fetcher does: a path or file:// of this machine is copied, http(s) is asked
 * on loopback addresses only. Rejects with why it cannot.
 */
export async function fetchInto(directory: string, order: FetchOrder): Promise<void> {
  const { uri, isExtracted, isExecutable, destination } = order;
  const target = join(directory, basename(destination ?? pathOf(uri)));
  if (/^https?:/.test(uri)) await download(new URL(uri), target);
  else if (/^[a-z][a-z0-9+.-]*:/.test(uri) && !uri.startsWith("file:"))
    throw new Error(`${uri}: only file and http(s)`);
  else copyFileSync(uri.startsWith("file:") ? fileURLToPath(uri) : uri, target);
  if (isExecutable) chmodSync(target, 0o755);
  else if (isExtracted) await extract(target, directory);
}

function pathOf(uri: string): string {
  return /^[a-z]+:/.test(uri) ? new URL(uri).pathname : uri;
}

async function download(url: URL, target: string): Promise<void> {
  if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) {
    throw new Error(`${url.origin}: the simulated rack fetches from loopback addresses only`);
  }
  const get = url.protocol === "https:" ? getHttps : getHttp;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = get(url, { timeout: TIMEOUT_MS }, resolve);
    sent.on("timeout", () => sent.destroy(new Error("no answer in time")));
    sent.on("error", reject);
  });
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`${url.origin}${url.pathname}: status ${response.statusCode}`);
  }
  await pipeline(response, createWriteStream(target));
}

/** Archives by the end of their name, as the real fetcher knows them. */
function extract(file: string, directory: string): Promise<void> {
  if (/\.(tar|tgz|tar\.(gz|bz2|xz)|tbz2|txz)$/.test(file)) return run("tar", ["-C", directory, "-xf", file]);
  if (/\.zip$/.test(file)) return run("unzip", ["-o", "-q", "-d", directory, file]);
  return Promise.resolve();
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "ignore", timeout: TIMEOUT_MS });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${program} exited with status ${code}`))));
  });
}
