import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { Namespace } from "../../../api-types/core/namespace.js";
import { Instance } from "../../../api-types/instance.js";
import { isAvailable, isDeleting } from "../../../api-types/life.js";
import { type Service, ServiceGroup } from "../../../api-types/service-group.js";
import type { Client } from "../../../client/client.js";
import { clientFromKubeconfig } from "../../../client/kubeconfig.js";
import { findSimulator } from "../../../simulator/main.js";
import { buildProduct } from "../product/build.js";
import { type Ended, freePorts, type Running, type RunOptions, run, start } from "../product/rackctl.js";

export const NAMESPACE = "verbs";
export const PATIENCE = { timeout: 60_000, interval: 200 };

/** The built product on a simulated rack, and what tests of verbs do with it. Everything works between `open` and `close`. */
export interface Workplace {
  /** For files of a test. */
  readonly folder: string;
  /** The data directory of `rackctl up`. */
  readonly data: string;
  open(): Promise<void>;
  close(): Promise<void>;
  /** As the administrator. */
  client(): Client;
  /** The path of the built program. */
  entry(): string;
  /** Options by which a verb finds the API server. */
  access(): readonly string[];
  /** Runs a verb to its end; its words come last, options of access before them. */
  rackctl(words: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts a verb that goes on. */
  begin(words: readonly string[], options?: RunOptions): Running;
  /** What a verb that must succeed printed. */
  ok(...words: readonly string[]): Promise<string>;
  /** Applies a group with one service `web`. */
  apply(name: string, fields: object, group?: object): Promise<void>;
  serviceOf(name: string): Promise<Service | undefined>;
  /** Processes of the simulated rack. */
  tasks(): Promise<readonly RackTask[]>;
  /** Without those that leave. */
  instancesOf(group: string): Promise<readonly Instance[]>;
  /** The instances of a group once so many can be used, and none is left of an update. */
  available(group: string, count: number): Promise<readonly Instance[]>;
}

/** Flags of the simulated rack: a cut-off agent is given up in seconds, not in Mesos' own 75. */
const SIMULATE = ["--agent-timeout", "3"];

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "rackwright-verbs-"));
  const data = join(folder, "data");
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const access = () => ["--kubeconfig", join(data, "kubeconfig"), "-n", NAMESPACE];
  let entry = "";
  let known: Client | undefined;

  const client = (): Client => {
    if (known === undefined) throw new Error("the workplace is not open");
    return known;
  };
  const begin = (words: readonly string[], options: RunOptions = {}) =>
    start(process.execPath, [entry, ...access(), ...words], options);
  const rackctl = (words: readonly string[], options: RunOptions = {}) =>
    run(process.execPath, [entry, ...access(), ...words], { timeoutMs: 100_000, ...options });
  const instancesOf = async (group: string) => {
    const { items } = await client().list(Instance, { namespace: NAMESPACE });
    return items.filter((instance) => instance.spec.serviceGroup === group && !isDeleting(instance));
  };
  const ended = (running: Running) => () => {
    running.signal("SIGINT");
    return running.ended;
  };
  return {
    folder,
    data,
    client,
    entry: () => entry,
    access,
    rackctl,
    begin,
    instancesOf,
    async open() {
      const build = buildProduct();
      closers.unshift(() => build.remove());
      entry = build.entry;
      const [api, dns, metrics] = await freePorts(3);
      const names = ["--dns", `127.0.0.1:${dns}`];
      const rack = [entry, "simulate", "--data", join(data, "simulator"), ...names, ...SIMULATE];
      const simulator = start(process.execPath, rack);
      closers.unshift(ended(simulator));
      await simulator.says(/^ready$/m, 60_000);
      const addresses = ["--listen", `127.0.0.1:${api}`, "--metrics", `127.0.0.1:${metrics}`, ...names];
      const product = start(process.execPath, [entry, "up", "--simulate", "--data", data, ...addresses]);
      closers.unshift(ended(product));
      await product.says(/all \d+ objects are Ready\n/, 100_000);
      const connected = await clientFromKubeconfig(join(data, "kubeconfig"), { userAgent: "test" });
      closers.unshift(connected.close);
      known = connected.client;
      await known.create(Namespace, { metadata: { name: NAMESPACE } });
    },
    async close() {
      for (const close of closers) await close();
    },
    async ok(...words) {
      const { code, stdout, stderr } = await rackctl(words);
      if (code !== 0) throw new Error(`rackctl ${words.join(" ")} ended with ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    tasks: () => tasksIn(join(data, "simulator")),
    apply: (name, fields, group = {}) => apply(client(), { name, fields, group }),
    serviceOf: async (name) => (await client().get(ServiceGroup, { namespace: NAMESPACE, name })).spec.services[0],
    available: (group, count) =>
      vi.waitFor(async () => {
        const all = await instancesOf(group);
        expect(all.map((instance) => isAvailable(instance))).toEqual(new Array(count).fill(true));
        return all;
      }, PATIENCE),
  };
}

/** A task of the simulated rack that runs. */
export interface RackTask {
  readonly taskId: string;
  readonly node: string;
  readonly pid: number;
}

async function tasksIn(directory: string): Promise<readonly RackTask[]> {
  const status = findSimulator(directory)?.status ?? "";
  // as the simulator answers
  return ((await (await fetch(`${status}/tasks`)).json()) as { readonly tasks: readonly RackTask[] }).tasks;
}

interface Applied {
  readonly name: string;
  readonly fields: object;
  readonly group: object;
}

async function apply(client: Client, { name, fields, group }: Applied): Promise<void> {
  // names of one service in several groups would be in each other's way
  const service = {
    name: "web",
    dns: { publish: "Never" },
    resources: { cpu: "10m", memory: "8Mi" },
    restart: { delaySeconds: 0 },
    ...fields,
  };
  // the server fills in the defaults
  const spec = { rackName: "torc", ...group, services: [service] } as unknown as ServiceGroup["spec"];
  await client.apply(ServiceGroup, { metadata: { namespace: NAMESPACE, name }, spec }, { fieldManager: "test" });
}

/** A task that says a word to each stream, and runs on. */
export const script = (word: string) =>
  `echo "${word} $NUMBER"; echo "trouble $NUMBER" >&2; while :; do sleep 0.2; done`;

/** One sentence for people, and no stack. */
export function expectRefusal({ code, stderr }: Ended, sentence: string): void {
  expect(stderr).toContain(`rackctl: ${sentence}`);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(code).toBe(1);
}
