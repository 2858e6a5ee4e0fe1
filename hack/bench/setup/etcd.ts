import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOf } from "../../../test/integration/servers.js";

/** A real etcd that syncs every write to disk, with its data in a temporary directory. */
export interface BenchEtcd {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const READY_MS = 20_000;

/** Starts `etcd` from .tools/bin or the PATH; undefined when there is none. */
export async function startDurableEtcd(): Promise<BenchEtcd | undefined> {
  const program = programOf("etcd");
  if (program === undefined) return undefined;
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const directory = await mkdtemp(join(tmpdir(), "bench-etcd-"));
  const flags = [
    ...["--data-dir", directory, "--name", "n", "--logger", "zap", "--log-level", "error"],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--listen-peer-urls", peerUrl],
    ...["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `n=${peerUrl}`],
  ];
  const child = spawn(program, flags, { stdio: "ignore" });
  const stop = async () => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  if (await isReady(child, endpoint)) return { endpoint, stop };
  await stop();
  return undefined;
}

async function isReady(child: ChildProcess, endpoint: string): Promise<boolean> {
  let hasFailed = false;
  child.once("error", () => {
    hasFailed = true;
  });
  const deadline = performance.now() + READY_MS;
  while (!hasFailed && child.exitCode === null && performance.now() < deadline) {
    const health = await fetch(`${endpoint}/health`).then(
      (response) => response.text(),
      () => "",
    );
    if (/"health":\s*"?true/.test(health)) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
