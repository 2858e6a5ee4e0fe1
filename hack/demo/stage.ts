import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { createWriteStream, readFileSync, type WriteStream } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import { parse } from "yaml";
import type { Client } from "../../client/client.js";
import { clientFromKubeconfig } from "../../client/kubeconfig.js";
import type { JournalEntry } from "../../simulator/rack/journal.js";

/** A task as the simulated rack knows it. */
export interface StageTask {
  readonly taskId: string;
  readonly address: string;
  readonly image: string | undefined;
  readonly pid: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** The running product and what can be seen of it from outside. */
export interface Stage {
  /** Starts `rackctl up --simulate`; resolves when it says `ready`. */
  up(): Promise<void>;
  /** `kill -9` of the control plane alone. */
  crash(): Promise<void>;
  client(): Client;
  tasks(): Promise<{
    readonly tasks: readonly StageTask[];
    readonly packetsWithoutRoute: Readonly<Record<string, number>>;
  }>;
  journal(after: number): Promise<readonly JournalEntry[]>;
  routes(): Promise<ReadonlyMap<string, string>>;
  /** Addresses that the rack's DNS answers for a name. */
  resolve(name: string): Promise<readonly string[]>;
  /** Whether a name server answers a question for the zone. */
  asks(server: string): Promise<boolean>;
  /** The last combined reading of the policy's metric, bytes per second. */
  received(): Promise<number | undefined>;
  close(): Promise<void>;
}

const NAME_SERVER_PORT = 10053;
const ANSWER_TIMEOUT_MS = 1000;

/** A stage whose data is kept in `directory`; nothing runs until `up`. */
export async function createStage(directory: string): Promise<Stage> {
  const run: Run = {
    directory,
    ports: { listen: await freePort(), dns: await freePort(), metrics: await freePort() },
    log: createWriteStream(join(directory, "up.log"), { flags: "a" }),
    child: undefined,
    connection: undefined,
  };
  return {
    up: () => up(run),
    crash: () => crash(run),
    client() {
      if (run.connection === undefined) throw new Error("the product is not up");
      return run.connection.client;
    },
    tasks: () => status(directory, "/tasks"),
    journal: async (after) => (await status<{ entries: JournalEntry[] }>(directory, `/journal?after=${after}`)).entries,
    routes: () => routes(directory),
    async resolve(name) {
      const packet = await ask({ name, type: "A" }, { host: "127.0.0.1", port: run.ports.dns });
      return (packet?.answers ?? []).flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
    },
    async asks(server) {
      const packet = await ask({ name: "homer.ave", type: "A" }, { host: server, port: NAME_SERVER_PORT });
      return (packet?.answers ?? []).length > 0;
    },
    received: () => received(run.ports.metrics),
    close: () => close(run),
  };
}

interface Run {
  readonly directory: string;
  readonly ports: { readonly listen: number; readonly dns: number; readonly metrics: number };
  readonly log: WriteStream;
  child: ChildProcess | undefined;
  connection: Awaited<ReturnType<typeof clientFromKubeconfig>> | undefined;
}

async function up(run: Run): Promise<void> {
  const { directory, ports } = run;
  const addresses = Object.entries(ports).flatMap(([name, port]) => [`--${name}`, `127.0.0.1:${port}`]);
  const flags = ["up", "--simulate", "--data", directory, ...addresses];
  const started = spawn(process.execPath, ["dist/cli/main.js", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  run.child = started;
  started.stderr?.pipe(run.log, { end: false });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    started.stdout?.on("data", (chunk: Buffer) => {
      run.log.write(chunk);
      said += chunk.toString();
      if (/^ready$/m.test(said)) resolve();
    });
    started.on("exit", (code) => reject(new Error(`rackctl up ended with ${code}:\n${said}`)));
  });
  run.connection = await clientFromKubeconfig(join(directory, "kubeconfig"), { userAgent: "demo" });
}

async function crash({ child, connection }: Run): Promise<void> {
  const exited = new Promise((resolve) => child?.on("exit", resolve));
  child?.kill("SIGKILL");
  await exited;
  await connection?.close();
}

async function status<T>(directory: string, path: string): Promise<T> {
  const file: { metadata: { annotations: Record<string, string> } } = parse(rackText(directory));
  const response = await fetch(`${file.metadata.annotations["rackwright.dev/simulator-status"]}${path}`);
  return (await response.json()) as T; // the simulator's own answer
}

async function routes(directory: string): Promise<ReadonlyMap<string, string>> {
  const rack: { spec: { network: { switch: { address: string } } } } = parse(rackText(directory));
  const response = await fetch(`${rack.spec.network.switch.address}/public/v1/state/IPv4Routes`);
  // the shape of the switch's API
  const list = (await response.json()) as {
    Objects: { Object: { DestinationNw: string; NextHopList: { NextHopIp: string }[] } }[];
  };
  return new Map(list.Objects.map(({ Object: route }) => [route.DestinationNw, route.NextHopList[0]?.NextHopIp ?? ""]));
}

function rackText(directory: string): string {
  return readFileSync(join(directory, "simulator/rack.yaml"), "utf8");
}

async function received(port: number): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = /^rackwright_scaling_metric\{[^}]*metric="received"[^}]*\} (\S+)$/m.exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

async function close({ child }: Run): Promise<void> {
  const exited = new Promise((resolve) => child?.on("exit", resolve));
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await exited;
}

function ask(
  question: { readonly name: string; readonly type: "A" },
  to: { readonly host: string; readonly port: number },
) {
  return new Promise<ReturnType<typeof decode> | undefined>((resolve) => {
    const socket = createSocket("udp4");
    const finish = (packet: ReturnType<typeof decode> | undefined) => {
      clearTimeout(timer);
      socket.close();
      resolve(packet);
    };
    const timer = setTimeout(() => finish(undefined), ANSWER_TIMEOUT_MS);
    socket.on("message", (message) => finish(decode(message)));
    socket.on("error", () => finish(undefined));
    socket.send(encode({ type: "query", id: 1, flags: RECURSION_DESIRED, questions: [question] }), to.port, to.host);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
