import type { WireFrameworkInfo, WireTaskInfo } from "../../../drivers/compute/mesos/wire.js";
import { TransportError } from "../../../platform/transport.js";
import type { PlayOptions } from "./player.js";
import { openStream, type RawStream } from "./raw-stream.js";
import { connect, launchOn, offersIn, type SchedulerClient, sleeper } from "./scheduler-client.js";
import type { Stage } from "./stage.js";

/** The master whose ids the recordings 14 and 17 show. */
const RECORDED = "d32ff4db-413d-46af-a501-3de55f0182b7";

const web = (name: string, value: number) => ({
  name,
  type: "SCALAR",
  scalar: { value },
  allocation_info: { role: "web" },
});
const SMALL = [web("cpus", 0.1), web("mem", 32)];

/** The framework and tasks that were there when 14 and 17 were recorded. Resolves with its stream. */
export async function operatedCluster(stage: Stage): Promise<ReadonlyMap<string, RawStream>> {
  const { clock, master, ids } = stage;
  const headers = { "content-type": "application/json", accept: "application/json" };
  const body = Buffer.from(JSON.stringify({ type: "SUBSCRIBE", subscribe: { framework_info: FRAMEWORK } }));
  const request = { method: "POST", url: "/api/v1/scheduler", headers, body };
  const stream = await openStream(master.handler, request, () => true);
  if (stream instanceof TransportError) throw stream;
  await clock.advance(200);
  bindAgents(stage);
  await launch(stream, "bladerunner1", { type: "LAUNCH", launch: { task_infos: [running(stage)] } });
  await clock.advance(1100);
  await launch(stream, "bladerunner1", { type: "LAUNCH", launch: { task_infos: [failing(stage)] } });
  await launch(stream, "bladerunner2", { type: "LAUNCH_GROUP", launch_group: group(stage) });
  await clock.advance(5000);
  // what is left of each agent comes as one offer again
  await stream.call({ type: "DECLINE", decline: { offer_ids: held(stream), filters: { refuse_seconds: 0 } } });
  stream.offers.length = 0;
  await clock.advance(1500);
  ids.set(`${RECORDED}-O4`, offerOf(stream, "bladerunner1")).set(`${RECORDED}-O3`, offerOf(stream, "bladerunner2"));
  const frameworkId = await frameworkOf(stage);
  ids.set(`${RECORDED}-0000`, frameworkId);
  ids.set("f048feb8-d658-4744-bf7f-270bdcba1648", containerOf(stream, "op-run"));
  stream.unmatched.length = 0;
  stream.offers.length = 0;
  return new Map([["scheduler", stream]]);
}

/** The second agent is S1 here as there. */
function bindAgents({ ids, master }: Stage): void {
  for (const [index, name] of ["bladerunner1", "bladerunner2"].entries()) {
    ids.set(`${RECORDED}-S${index}`, master.agentIdOf(name) ?? "");
  }
}

/** What the recorder's framework did, unrecorded, while 15 was recorded: the operator's stream shows it. */
export function eventfulFramework(stage: Stage): NonNullable<PlayOptions["hooks"]> {
  const { lines, master, clock } = stage;
  const added = lines.find(({ event }) => event?.type === "FRAMEWORK_ADDED")?.event as unknown as FrameworkAdded;
  bindAgents(stage);
  const { id: _, ...info } = added.framework_added.framework.framework_info;
  let client: SchedulerClient | undefined;
  const launch = async (hostname: string, taskId: string, more: Partial<WireTaskInfo> = {}) => {
    await clock.advance(100);
    if (client === undefined) return;
    const offer = offersIn(client).findLast((entry) => entry.hostname === hostname);
    const resources = SMALL as WireTaskInfo["resources"];
    await launchOn(client, offer?.id.value ?? "", [
      sleeper(taskId, offer?.agent_id.value ?? "", { resources, ...more }),
    ]);
  };
  return {
    6: async (scene) => {
      client = await connect(master.handler, info);
      await clock.advance(1);
      scene.ids.set(`${RECORDED}-0001`, client.frameworkId());
    },
    8: () => launch("bladerunner1", "ev-1", { labels: { labels: [{ key: "app", value: "web" }] } }),
    11: () => client?.call({ type: "KILL", kill: { task_id: { value: "ev-1" } } }),
    14: () => launch("bladerunner2", "ev-2"),
    20: () => client?.leave(),
    21: async () => {
      client = await connect(master.handler, { ...info, id: { value: client?.frameworkId() ?? "" } });
    },
    23: () => master.removeAgent("bladerunner2"),
    25: async (scene) => {
      master.returnAgent("bladerunner2");
      await clock.advance(1_100);
      scene.ids.set(`${RECORDED}-S2`, master.agentIdOf("bladerunner2") ?? "");
    },
  };
}

interface FrameworkAdded {
  readonly framework_added: { readonly framework: { readonly framework_info: WireFrameworkInfo } };
}

const FRAMEWORK = {
  user: "root",
  name: "operator-framework",
  roles: ["web"],
  capabilities: ["PARTITION_AWARE", "MULTI_ROLE", "REGION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT"].map(
    (type) => ({ type }),
  ),
  failover_timeout: 60,
  checkpoint: true,
  hostname: "scheduler.example",
  webui_url: "http://scheduler.example:8080/",
  labels: { labels: [{ key: "owner", value: "fixtures" }] },
};

function held(stream: RawStream) {
  return stream.offerIds.map((value) => ({ value }));
}

function offerOf(stream: RawStream, hostname: string): string {
  return stream.offers.findLast((offer) => offer.hostname === hostname)?.id.value ?? "";
}

async function launch(stream: RawStream, hostname: string, operation: unknown): Promise<void> {
  const offer_ids = [{ value: offerOf(stream, hostname) }];
  await stream.call({ type: "ACCEPT", accept: { offer_ids, operations: [operation], filters: { refuse_seconds: 0 } } });
}

interface Update {
  readonly update?: {
    readonly status: {
      readonly task_id: { readonly value: string };
      readonly container_status?: { readonly container_id?: { readonly value: string } };
    };
  };
}

function containerOf({ unmatched }: RawStream, taskId: string): string {
  const updates = unmatched as unknown as readonly Update[]; // what is no update lacks the field
  const found = updates.find(({ update }) => update?.status.task_id.value === taskId);
  return found?.update?.status.container_status?.container_id?.value ?? "";
}

async function frameworkOf({ master }: Stage): Promise<string> {
  const headers = { "content-type": "application/json" };
  const body = Buffer.from(JSON.stringify({ type: "GET_FRAMEWORKS" }));
  const response = await master.handler({ method: "POST", url: "/api/v1", headers, body });
  const text = Buffer.from(response.body as Uint8Array).toString("utf8"); // a listing is no stream
  return /"id":\{"value":"([^"]+)"/.exec(text)?.[1] ?? "";
}

function running({ master }: Stage) {
  return {
    name: "op-run",
    task_id: { value: "op-run" },
    agent_id: { value: master.agentIdOf("bladerunner1") ?? "" },
    resources: [
      ...SMALL,
      {
        name: "ports",
        type: "RANGES",
        ranges: { range: [{ begin: 31020, end: 31020 }] },
        allocation_info: { role: "web" },
      },
    ],
    command: { shell: true, value: "echo to-stdout; sleep 1000" },
    labels: { labels: [{ key: "app", value: "web" }] },
    discovery: {
      visibility: "CLUSTER",
      name: "web",
      ports: { ports: [{ number: 31020, name: "http", protocol: "tcp" }] },
    },
    health_check: {
      delay_seconds: 0,
      interval_seconds: 5,
      timeout_seconds: 20,
      consecutive_failures: 3,
      grace_period_seconds: 10,
      type: "COMMAND",
      command: { shell: true, value: "true" },
    },
  };
}

function failing({ master }: Stage) {
  return {
    name: "op-failed",
    task_id: { value: "op-failed" },
    agent_id: { value: master.agentIdOf("bladerunner1") ?? "" },
    resources: SMALL,
    command: { shell: true, value: "exit 1" },
  };
}

function group({ master }: Stage) {
  const task = {
    name: "pod-x-a",
    task_id: { value: "pod-x-a" },
    agent_id: { value: master.agentIdOf("bladerunner2") ?? "" },
    resources: SMALL,
    command: { shell: true, value: "sleep 1000" },
  };
  const executor = {
    type: "DEFAULT",
    executor_id: { value: "pod-x" },
    framework_id: { value: `${task.agent_id.value.replace(/-S\d+$/, "")}-0000` },
    resources: [...SMALL, web("disk", 16)],
  };
  return { executor, task_group: { tasks: [task] } };
}
