import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Answer, decode, encode, RECURSION_DESIRED } from "dns-packet";
import { parse } from "yaml";
import { Instance } from "../../api-types/instance.js";
import type { Client } from "../../client/client.js";
import { clientFromKubeconfig } from "../../client/kubeconfig.js";
import { sleep, systemClock } from "../../platform/clock.js";
import type { JournalEntry } from "../../simulator/rack/journal.js";
import { freePorts, type Running, start } from "../e2e/product/rackctl.js";

const ENTRY = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const clock = systemClock();
const STARTED_WITHIN_MS = 40_000;

/** A task of the simulated rack. */
export interface RackTask {
  readonly taskId: string;
  readonly node: string;
  readonly address: string;
  readonly image: string | undefined;
  readonly pid: number;
}

/** Starts `rackctl` from the sources. */
export function rackctl(...args: readonly string[]): Running {
  return start(process.execPath, ["--import", "tsx", ENTRY, ...args]);
}

/** Polls until the value passes; fails with what was seen last. */
export async function eventually<T>(
  read: () => Promise<T> | T,
  passes: (value: T) => boolean,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = clock.monotonic() + timeoutMs;
  let seen: unknown;
  for (;;) {
    try {
      const value = await read();
      if (passes(value)) return value;
      seen = value;
    } catch (error) {
      seen = error instanceof Error ? error.message : error;
    }
    if (clock.monotonic() > deadline)
      throw new Error(`not within ${timeoutMs} ms; last: ${JSON.stringify(seen)?.slice(-2000)}`);
    await sleep(clock, 50);
  }
}

/** Whether a process with this id runs. */
export function isRunning(pid: number): boolean {
  try {
    // a process whose parent has not asked for its end yet has ended, too
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** A data directory of the product, the processes that run on it, and what can be seen of them from outside. */
export interface Product {
  readonly directory: string;
  readonly dnsPort: number;
  /** `rackctl up` with these flags, on ports of its own; resolves when it says `ready`. */
  up(...flags: readonly string[]): Promise<Running>;
  /** `rackctl simulate` alone; resolves when it says `ready`. */
  simulate(...flags: readonly string[]): Promise<Running>;
  /** The flags of its addresses, for starts that are to fail. */
  readonly addressFlags: readonly string[];
  client(): Promise<Client>;
  rack: SeenRack;
  /** Kills whatever runs on the directory and removes it. */
  remove(): Promise<void>;
}

/** The simulated rack of a data directory. */
export interface SeenRack {
  /** Its `rack.yaml`. */
  file(): RackFile;
  /** The process that serves it. */
  pid(): number;
  tasks(): Promise<readonly RackTask[]>;
  journal(): Promise<readonly JournalEntry[]>;
  /** Next hops by prefix, as the switch's table has them. */
  routes(): Promise<ReadonlyMap<string, string>>;
  /** Addresses that its DNS answers for a name. */
  resolve(name: string): Promise<readonly string[]>;
}

export interface RackFile {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly nodes: readonly { readonly name: string; readonly address: string }[];
    readonly compute: { readonly mesos: { readonly masters: readonly string[] } };
    readonly dns: { readonly consul: { readonly address: string } };
    readonly network: { readonly switch: { readonly address: string } };
  };
}

export async function createProduct(): Promise<Product> {
  const directory = await mkdtemp(join(tmpdir(), "rackwright-"));
  const [listen = 0, dns = 0, metrics = 0] = await freePorts(3);
  const addressFlags = ["--listen", `127.0.0.1:${listen}`, "--dns", `127.0.0.1:${dns}`];
  addressFlags.push("--metrics", `127.0.0.1:${metrics}`);
  const started: Running[] = [];
  const closers: (() => Promise<void>)[] = [];
  const simulated = join(directory, "simulator");

  const run = async (...args: readonly string[]) => {
    const running = rackctl(...args);
    started.push(running);
    await running.says(/^ready$/m, STARTED_WITHIN_MS);
    return running;
  };
  return {
    directory,
    dnsPort: dns,
    addressFlags,
    up: (...flags) => run("up", "--data", directory, ...addressFlags, ...flags),
    simulate: (...flags) => run("simulate", "--data", simulated, "--dns", `127.0.0.1:${dns}`, ...flags),
    async client() {
      const { client, close } = await clientFromKubeconfig(join(directory, "kubeconfig"), { userAgent: "test" });
      closers.push(close);
      return client;
    },
    rack: rackIn(simulated, dns),
    async remove() {
      for (const close of closers) await close();
      const left = pidsIn(simulated);
      for (const { signal, ended } of started) {
        signal("SIGKILL");
        await ended;
      }
      // the simulator first, so that it does not see its tasks end
      for (const pid of left) if (isRunning(pid)) process.kill(pid, "SIGKILL");
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The simulator of a directory and its tasks, as their files tell. */
function pidsIn(directory: string): readonly number[] {
  const read = (file: string) => {
    try {
      return JSON.parse(readFileSync(join(directory, file), "utf8"));
    } catch {
      return {};
    }
  };
  const children: readonly { readonly pid: number }[] = read("state.json").children ?? [];
  const holder: number | undefined = read("_lock").pid;
  return [...(holder === undefined ? [] : [holder]), ...children.map(({ pid }) => pid)];
}

function rackIn(directory: string, dnsPort: number): SeenRack {
  const file = (): RackFile => parse(readFileSync(join(directory, "rack.yaml"), "utf8"));
  const status = async (path: string) => {
    const response = await fetch(`${file().metadata.annotations["rackwright.dev/simulator-status"]}${path}`);
    return response.json();
  };
  return {
    file,
    pid: () => Number(JSON.parse(readFileSync(join(directory, "_lock"), "utf8")).pid),
    // what the simulator's own handlers write
    tasks: async () => ((await status("/tasks")) as { tasks: RackTask[] }).tasks,
    journal: async () => ((await status("/journal?after=0")) as { entries: JournalEntry[] }).entries,
    async routes() {
      const response = await fetch(`${file().spec.network.switch.address}/public/v1/state/IPv4Routes`);
      const { Objects } = (await response.json()) as {
        Objects: { Object: { DestinationNw: string; NextHopList: { NextHopIp: string }[] } }[];
      };
      return new Map(Objects.map(({ Object: route }) => [route.DestinationNw, route.NextHopList[0]?.NextHopIp ?? ""]));
    },
    resolve: (name) => resolveAt(dnsPort, name),
  };
}

/** One question for addresses; none came within a second: an empty list. */
export async function resolveAt(port: number, name: string): Promise<readonly string[]> {
  const answers = await ask(port, { name, type: "A" });
  return answers.flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
}

/** Where the instances of a service are reached, `address:port`, in order: their SRV records and the addresses of these. */
export async function endpointsAt(port: number, name: string): Promise<readonly string[]> {
  const answers = await ask(port, { name, type: "SRV" });
  const services = answers.flatMap((answer) => (answer.type === "SRV" ? [answer.data] : []));
  const found = services.map(async (service) =>
    (await resolveAt(port, service.target)).map((address) => `${address}:${service.port}`),
  );
  return (await Promise.all(found)).flat().sort();
}

function ask(port: number, question: { readonly name: string; readonly type: "A" | "SRV" }): Promise<Answer[]> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const finish = (answers: Answer[]) => {
      timer.cancel();
      socket.close();
      resolve(answers);
    };
    const timer = clock.schedule(1000, () => finish([]));
    socket.on("error", () => finish([]));
    socket.on("message", (message) => finish(decode(message).answers ?? []));
    socket.send(encode({ type: "query", id: 1, flags: RECURSION_DESIRED, questions: [question] }), port, "127.0.0.1");
  });
}

/** The example's eleven instances, all of them Ready and Published. */
export function converged(client: Client): Promise<readonly Instance[]> {
  const isTrue = (instance: Instance, type: string) =>
    instance.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
  return eventually(
    async () => (await client.list(Instance)).items,
    (items) => items.length === 11 && items.every((item) => isTrue(item, "Ready") && isTrue(item, "Published")),
  );
}

/** What takes something away from the rack. */
export function removals(journal: readonly JournalEntry[]): readonly string[] {
  return journal
    .filter(({ call }) => /^KILL|deregister|^DELETE/.test(call))
    .map(({ call, subject }) => `${call} ${subject}`);
}

/** Which process runs each task. */
export function processes(tasks: readonly RackTask[]): ReadonlyMap<string, number> {
  return new Map(tasks.map(({ taskId, pid }) => [taskId, pid]));
}
