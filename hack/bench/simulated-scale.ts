import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { type VirtualClock, virtualClock } from "../../platform/virtual-clock.js";
import { type AgentSpec, createMesosMaster, type MesosMaster } from "../../simulator/mesos/master.js";
import { type PretendRunner, pretendRunner } from "../../simulator/mesos/pretend-runner.js";
import type { Findings } from "./table/benchmark.js";
import { format, heapBytes } from "./table/measure.js";

const AGENTS = 5_000;
const TASKS_PER_AGENT = 20;
const TASKS = AGENTS * TASKS_PER_AGENT;
/** Ends and launches a second of virtual time. */
const CHURN = 100;
const MINUTE_MS = 60_000;

/** What the simulated rack itself costs at the size that the control plane is tested with. */
export async function simulatedScale(): Promise<Findings> {
  const before = heapBytes();
  const rack = buildRack();
  const filling = await cpuSeconds(() => fill(rack));
  const filled = heapBytes();
  const quiet = await cpuSeconds(() => rack.clock.advance(MINUTE_MS));
  const churned = await cpuSeconds(() => churn(rack));
  const ask = (type: string) => cpuSeconds(async () => void (await post(rack.master.handler, { body: { type } })));
  const listing = await ask("GET_TASKS");
  const again = await ask("GET_TASKS");
  const agents = await ask("GET_AGENTS");
  const running = rack.runner.running().length;
  const megabytes = (filled.heap + filled.buffers - before.heap - before.buffers) / 1e6;
  const size = `${format(AGENTS)} pretended agents, ${format(TASKS)} running tasks`;
  const row = (what: string, measured: string, meaning: string) => ({ what, measured, yardstick: size, meaning });
  return {
    failures: running < TASKS * 0.99 ? [`${running} of ${TASKS} tasks run`] : [],
    rows: [
      row(
        "filling it",
        `${format(filling)} s of CPU`,
        "Every agent offered, every task launched, reported and acknowledged.",
      ),
      row("memory", `${format(megabytes)} MB`, `${format((megabytes * 1000) / TASKS)} kB a task.`),
      row(
        "a virtual minute at rest",
        `${format(quiet)} s of CPU`,
        "Heartbeats only: what does not change costs nothing.",
      ),
      row(
        `a virtual minute of ${CHURN} tasks/s`,
        `${format(churned)} s of CPU`,
        "Tasks end and are launched anew on offers.",
      ),
      row("GET_TASKS of all", `${format(listing)} s of CPU`, `Again without a change: ${format(again)} s.`),
      row("GET_AGENTS of all", `${format(agents)} s of CPU`, "With what is allocated and offered on each."),
    ],
  };
}

interface Rack {
  readonly clock: VirtualClock;
  readonly runner: PretendRunner;
  readonly master: MesosMaster;
}

function buildRack(): Rack {
  const clock = virtualClock();
  const random = seededRandom(1);
  const agents: AgentSpec[] = Array.from({ length: AGENTS }, (_, index) => ({
    name: `n${index}`,
    ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    attributes: { rack: String(index % 100) },
    resources: { cpus: "32", mem: "65536", disk: "100000", ports: "[31000-32000]" },
  }));
  const runner = pretendRunner({ clock, random, addresses: () => "10.0.0.1" });
  const cluster = { hostname: "127.0.0.1", port: 5050, agents };
  return { clock, runner, master: createMesosMaster({ clock, random, log: silentLogger, cluster, runner }) };
}

async function fill(rack: Rack): Promise<void> {
  const { clock, runner, master } = rack;
  startScheduler(master.handler);
  const isFull = () => runner.running().length >= TASKS;
  for (let second = 0; second < FILL_SECONDS_MAX && !isFull(); second++) await clock.advance(1000);
  await clock.advance(1000);
}

const FILL_SECONDS_MAX = 60;

async function churn({ clock, runner }: Rack): Promise<void> {
  const random = seededRandom(2);
  for (let second = 0; second < MINUTE_MS / 1000; second++) {
    const running = runner.running();
    for (let ended = 0; ended < CHURN; ended++) {
      const victim = running[random.integer(running.length)];
      if (victim !== undefined) runner.exit(victim.task.taskId, { code: 1 });
    }
    await clock.advance(1000);
  }
}

async function cpuSeconds(work: () => Promise<void>): Promise<number> {
  const since = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

/** The fields of events and offers that the scheduler reads. */
interface Event {
  readonly type: string;
  readonly subscribed?: { readonly framework_id: { readonly value: string } };
  readonly offers?: {
    readonly offers: readonly {
      readonly id: unknown;
      readonly agent_id: { readonly value: string };
      readonly resources: readonly { readonly name: string; readonly scalar?: { readonly value: number } }[];
    }[];
  };
  readonly update?: {
    readonly status: {
      readonly uuid?: string;
      readonly agent_id: { readonly value: string };
      readonly task_id: unknown;
      readonly state: string;
    };
  };
}

const SCHEDULER = "/api/v1/scheduler";

/** A bare framework: keeps every agent at its number of tasks, acknowledges everything. */
function startScheduler(handler: HttpHandler): void {
  const counts = new Map<string, number>();
  let frameworkId = "";
  let streamId = "";
  let number = 0;

  const call = (type: string, part: Readonly<Record<string, unknown>>) =>
    post(handler, { url: SCHEDULER, streamId, body: { type, framework_id: { value: frameworkId }, ...part } });

  async function accept(offer: NonNullable<Event["offers"]>["offers"][number]): Promise<void> {
    const agentId = offer.agent_id.value;
    const missing = TASKS_PER_AGENT - (counts.get(agentId) ?? 0);
    const cpus = offer.resources.find(({ name }) => name === "cpus")?.scalar?.value ?? 0;
    const wanted = Math.max(0, Math.min(missing, Math.floor(cpus * 10 + 0.001)));
    counts.set(agentId, (counts.get(agentId) ?? 0) + wanted);
    const task_infos = Array.from({ length: wanted }, () => taskOf(`t${number++}`, agentId));
    const operations = wanted === 0 ? [] : [{ type: "LAUNCH", launch: { task_infos } }];
    const filters = { refuse_seconds: 86_400 };
    await call("ACCEPT", { accept: { offer_ids: [offer.id], operations, filters } });
  }

  async function take(event: Event): Promise<void> {
    frameworkId = event.subscribed?.framework_id.value ?? frameworkId;
    for (const offer of event.offers?.offers ?? []) await accept(offer);
    const status = event.update?.status;
    if (status?.uuid === undefined) return;
    const { agent_id, task_id, uuid } = status;
    await call("ACKNOWLEDGE", { acknowledge: { agent_id, task_id, uuid } });
    if (status.state === "TASK_FAILED") counts.set(agent_id.value, (counts.get(agent_id.value) ?? 1) - 1);
  }

  void (async () => {
    const capabilities = ["PARTITION_AWARE", "MULTI_ROLE"].map((type) => ({ type }));
    const framework_info = {
      user: "root",
      name: "scale",
      roles: ["web"],
      capabilities,
      failover_timeout: 60,
      checkpoint: true,
    };
    const response = await post(handler, {
      url: SCHEDULER,
      body: { type: "SUBSCRIBE", subscribe: { framework_info } },
    });
    streamId = response.headers["mesos-stream-id"] ?? "";
    if (response.body instanceof Uint8Array) return;
    for await (const chunk of response.body) {
      const text = Buffer.from(chunk).toString("utf8");
      await take(JSON.parse(text.slice(text.indexOf("\n") + 1)) as Event);
    }
  })();
}

function taskOf(id: string, agentId: string) {
  return {
    name: "web",
    task_id: { value: id },
    agent_id: { value: agentId },
    resources: [
      { name: "cpus", type: "SCALAR", scalar: { value: 0.1 } },
      { name: "mem", type: "SCALAR", scalar: { value: 32 } },
    ],
    command: { shell: true, value: "sleep 1000" },
    labels: { labels: [{ key: "app", value: "web" }] },
  };
}

interface Call {
  readonly body: unknown;
  readonly streamId?: string;
  /** Default: the operator's API. */
  readonly url?: string;
}

function post(handler: HttpHandler, { body, streamId, url = "/api/v1" }: Call) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const stream: Readonly<Record<string, string>> = streamId === undefined ? {} : { "mesos-stream-id": streamId };
  return handler({ method: "POST", url, headers: { ...headers, ...stream }, body: Buffer.from(JSON.stringify(body)) });
}
