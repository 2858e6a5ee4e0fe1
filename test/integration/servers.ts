import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../platform/clock.js";

/** A real server on a free loopback port, with its data in a temporary directory. */
export interface RunningServer {
  /** Its URL. */
  readonly endpoint: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** Kills it without warning; it is gone when this resolves. */
  kill(): Promise<void>;
  /** Kills it if it runs, and starts it on the same data and ports; it answers when this resolves. */
  restart(): Promise<void>;
}

const TOOLS = fileURLToPath(new URL("../../.tools/bin", import.meta.url));
const READY_MS = 20_000;
const clock = systemClock();

/** The program of a tool, from .tools/bin or the PATH; undefined when it is missing. */
export function programOf(tool: string): string | undefined {
  const folders = [TOOLS, ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, tool)).find((path) => existsSync(path));
}

/**
 * Whether tests that need `tool` are to be skipped; says so loudly. With CI=true they are not: they run and fail.
 * For `describe.skipIf`.
 */
export function isMissing(tool: string): boolean {
  if (programOf(tool) !== undefined) return false;
  process.stderr.write(`\nSKIPPED: ${tool} is not installed: run hack/tools/install.sh (with CI=true this fails)\n`);
  return process.env.CI !== "true";
}

/** An etcd without fsync; `program` chooses the version. */
export async function startEtcd(program = "etcd"): Promise<RunningServer> {
  const [client, peer] = await freePorts(2);
  const endpoint = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const flags = (directory: string) => [
    ...["--data-dir", directory, "--name", "n", "--logger", "zap", "--log-level", "error"],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint, "--listen-peer-urls", peerUrl],
    ...["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `n=${peerUrl}`],
    // 3.4 does not know it
    ...(program === "etcd-3.4" ? [] : ["--unsafe-no-fsync"]),
  ];
  return startServer({
    tool: program,
    flags,
    endpoint,
    isReady: (url) => answers(`${url}/health`, /"health":\s*"?true/),
  });
}

/** A Consul agent in server mode with the domain `torc`; its data survive a restart. */
export async function startConsul(): Promise<RunningServer & { readonly dnsPort: number }> {
  const [http = 0, dns = 0, lan, wan, server] = await freePorts(5);
  const endpoint = `http://127.0.0.1:${http}`;
  const flags = (directory: string) => [
    ...[
      "agent",
      "-server",
      "-bootstrap-expect=1",
      "-data-dir",
      directory,
      "-bind",
      "127.0.0.1",
      "-client",
      "127.0.0.1",
    ],
    ...["-http-port", `${http}`, "-dns-port", `${dns}`, "-grpc-port", "-1", "-serf-lan-port", `${lan}`],
    ...["-serf-wan-port", `${wan}`, "-server-port", `${server}`, "-domain", "torc", "-node", "n1", "-log-level", "err"],
    // elections as quick as they can be
    ...["-hcl", "performance { raft_multiplier = 1 }"],
  ];
  const isReady = (url: string) => answers(`${url}/v1/catalog/nodes`, /"Node"/);
  return { ...(await startServer({ tool: "consul", flags, endpoint, isReady })), dnsPort: dns };
}

/** A ZooKeeper on its own; sessions of at most 4 s; its data survive a restart. */
export async function startZooKeeper(): Promise<RunningServer & { readonly port: number }> {
  const [port = 0] = await freePorts(1);
  const endpoint = `127.0.0.1:${port}`;
  const flags = (directory: string) => {
    const lines = [
      "tickTime=200",
      `dataDir=${join(directory, "data")}`,
      `clientPort=${port}`,
      "clientPortAddress=127.0.0.1",
      "admin.enableServer=false",
      "4lw.commands.whitelist=srvr",
    ];
    const file = join(directory, "zoo.cfg");
    writeFileSync(file, lines.join("\n"));
    return [file];
  };
  const isReady = () => serves(port);
  return { ...(await startServer({ tool: "zookeeper", flags, endpoint, isReady })), port };
}

/** Whether ZooKeeper serves; it listens, and hangs up on clients, a little earlier. */
function serves(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once("connect", () => socket.write("srvr"));
    socket.once("data", (chunk) => {
      resolve(chunk.toString().startsWith("Zookeeper version"));
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

export interface ServerOptions {
  readonly tool: string;
  readonly flags: (directory: string) => readonly string[];
  readonly endpoint: string;
  readonly isReady: (endpoint: string) => Promise<boolean>;
  /** Laid over the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Any other program of `.tools/bin` as a server; rejects with what it said when it does not get ready. */
export async function startServer({
  tool,
  flags,
  endpoint,
  isReady,
  environment,
}: ServerOptions): Promise<RunningServer> {
  const program = programOf(tool);
  if (program === undefined) throw new Error(`${tool} is not installed: run hack/tools/install.sh`);
  const directory = await mkdtemp(join(tmpdir(), `${tool}-`));
  let child: ChildProcess | undefined;
  let said = "";

  async function start(): Promise<void> {
    const started = spawn(program ?? tool, flags(directory), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    child = started;
    for (const output of [started.stdout, started.stderr]) {
      output.on("data", (chunk: Buffer) => {
        said = (said + chunk).slice(-4096);
      });
    }
    const deadline = clock.monotonic() + READY_MS;
    while (!(await isReady(endpoint))) {
      if (started.exitCode !== null || clock.monotonic() > deadline) throw new Error(`${tool} did not start: ${said}`);
      await sleep(clock, 25);
    }
  }

  async function kill(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    running.kill("SIGKILL");
    await gone;
  }

  async function stop(): Promise<void> {
    await kill();
    await rm(directory, { recursive: true, force: true });
  }

  async function restart(): Promise<void> {
    await kill();
    await start();
  }

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop, kill, restart };
}

/** Whether a GET of the URL is answered with a body like that. */
export async function answers(url: string, expected: RegExp): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    return expected.test(await response.text());
  } catch {
    return false;
  }
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
