import { describe, expect, it } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { type AgentSpec, createMesosMaster, type MesosMaster, type Timing } from "../master.js";
import { type PretendBehaviour, type PretendRunner, pretendRunner } from "../pretend-runner.js";
import { type Difference, type PlayOptions, play, type Scene } from "./player.js";
import {
  agentIdsIn,
  behavioursIn,
  type RecordedEvent,
  type RecordedLine,
  readRaw,
  readRecording,
  statusIn,
} from "./recording.js";

/** The recorded cluster, as the README of the recordings tells it. */
const BLADERUNNERS: readonly AgentSpec[] = [
  {
    name: "bladerunner1",
    ip: "127.0.0.1",
    port: 5051,
    attributes: { node_name: "bladerunner1", node_type: "slave", rack: "1", keys: "[1000-1500]" },
    resources: { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" },
    region: "region-a",
    zone: "zone-a",
    containerizers: ["mesos"],
    networks: [],
  },
  {
    name: "bladerunner2",
    ip: "127.0.0.1",
    port: 5052,
    attributes: { node_name: "bladerunner2", node_type: "slave", rack: "2" },
    resources: {
      cpus: "2",
      mem: "2048",
      disk: "5000",
      ports: "[31000-31500,31600-31700]",
      "cpus(ops)": "1",
      "mem(ops)": "512",
      "licenses(ops)": "{a,b}",
    },
    region: "region-a",
    zone: "zone-b",
    containerizers: ["mesos"],
    networks: [],
  },
];

const CLUSTER = { hostname: "127.0.0.1", port: 5050, region: "region-a", zone: "zone-a", agents: BLADERUNNERS };

/** The recorded master's rounds took this long. */
const ROUND_MS = 1002.3;

interface Stage {
  readonly lines: readonly RecordedLine[];
  readonly clock: ReturnType<typeof virtualClock>;
  readonly master: MesosMaster;
  readonly runner: PretendRunner;
  readonly ids: Map<string, string>;
}

interface StageOptions {
  /** How far the master's round was when the recording began. */
  readonly phaseMs?: number;
  readonly timing?: Partial<Timing>;
  readonly behaviours?: Readonly<Record<string, PretendBehaviour>>;
}

async function stageOf(name: string, options: StageOptions = {}): Promise<Stage> {
  const lines = readRecording(name);
  const clock = virtualClock();
  const random = seededRandom(1);
  const behaviours = behavioursIn(lines);
  const runner = pretendRunner({
    clock,
    random,
    addresses: () => "127.0.0.1",
    behaviour: (task) => ({ ...behaviours.get(task.taskId), ...options.behaviours?.[task.taskId] }),
  });
  const master = createMesosMaster({
    clock,
    random,
    log: silentLogger,
    cluster: CLUSTER,
    runner,
    timing: { allocationMs: ROUND_MS, pingTimeoutMs: 2_500, pingTimeoutsMax: 3, ...options.timing },
  });
  await clock.advance(options.phaseMs ?? 0);
  const ids = new Map<string, string>();
  for (const [hostname, id] of agentIdsIn(lines)) ids.set(id, master.agentIdOf(hostname) ?? "");
  return { lines, clock, master, runner, ids };
}

async function replay(stage: Stage, options: Partial<PlayOptions> = {}) {
  const { lines, clock, master, ids } = stage;
  return play({ lines, clock, handler: master.handler, ids, ...options });
}

const everything = () => true;

function printed({ line, recorded, received }: Difference): string {
  return `line ${line}\n recorded ${JSON.stringify(recorded)}\n received ${JSON.stringify(received)}`;
}

interface Case extends Omit<Partial<PlayOptions>, "hooks"> {
  readonly name: string;
  readonly phaseMs: number;
  /** Lines that are not reproduced, by index, and why. */
  readonly gaps?: Readonly<Record<number, string>>;
  /** Where the recording leaves what is simulated. */
  readonly until?: number;
  readonly setting?: Omit<StageOptions, "phaseMs">;
  readonly hooks?: (stage: Stage) => NonNullable<PlayOptions["hooks"]>;
}

/** The gap of a whole span of lines. */
function span(from: number, to: number, why: string): Record<number, string> {
  return Object.fromEntries(Array.from({ length: to - from + 1 }, (_, offset) => [from + offset, why]));
}

/** A DECLINE that the recorder sent without recording it; only of one offer, or of all. */
async function decline(scene: Scene, conn: string, recordedId?: string): Promise<void> {
  const stream = scene.streams.get(conn);
  const ids = recordedId === undefined ? (stream?.offerIds ?? []) : [scene.ids.get(recordedId) ?? ""];
  const offer_ids = ids.map((value) => ({ value }));
  await stream?.call({ type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 0 } } });
}

/** The recorder made its other frameworks step back, unrecorded, so that this one gets offers. */
function offersFor(conn: string) {
  return async (scene: Scene) => {
    for (const [other, stream] of scene.streams) {
      if (other === conn || other === "operator") continue;
      await stream.call({ type: "SUPPRESS" });
      await decline(scene, other);
    }
    await scene.streams.get(conn)?.call({ type: "REVIVE" });
  };
}

/** A KILL that the recorder sent without recording it. */
async function kill(scene: Scene, taskId: string): Promise<void> {
  await scene.streams.get("sub1")?.call({ type: "KILL", kill: { task_id: { value: taskId } } });
}

const always = (result: boolean): PretendBehaviour => ({ probe: () => result });

const CASES: readonly Case[] = [
  {
    name: "02-launch-command",
    phaseMs: 16,
    acknowledges: () => false,
    gaps: span(168, 173, "TaskInfo.limits is not simulated"),
  },
  {
    name: "03-checks",
    phaseMs: 8,
    until: 73,
    setting: {
      behaviours: {
        "hc-cmd-bad": always(false),
        "hc-http": { probe: (count) => count > 1 },
        "hc-http-404": always(false),
        "hc-tcp": { probe: (count) => count > 1 },
        "hc-tcp-bad": always(false),
        "hc-flap": { probe: (count) => count !== 2 },
      },
    },
    hooks: () => ({
      12: (scene) => kill(scene, "hc-cmd"),
      31: (scene) => kill(scene, "hc-http"),
      50: (scene) => kill(scene, "hc-tcp"),
      71: (scene) => kill(scene, "hc-flap"),
    }),
  },
  { name: "04-kill", phaseMs: 10 },
  {
    name: "06-offers",
    phaseMs: 1,
    ignoresOffered: ({ index }) => index === 41,
    gaps: span(90, 95, "dynamic reservations are not simulated"),
  },
  {
    name: "07-errors",
    phaseMs: 798,
    gaps: { 98: "the recorder's own close, seen before its line" },
    hooks: () => ({ 256: (scene) => decline(scene, "sub1", "003bd67a-329b-4885-8753-991b68f21d4f-O54") }),
  },
  {
    name: "08-failover",
    phaseMs: 588,
    acknowledges: () => false,
    ignoresOffered: () => true,
    gaps: span(68, 69, "lists volumes that an earlier recording left behind"),
  },
  {
    name: "09-reconcile",
    phaseMs: 458,
    acknowledges: (event) => !isUpdateOf(event, "rc-unacked", "TASK_FINISHED"),
    hooks: () => ({ 62: (scene) => acknowledgeLast(scene, "sub1") }),
  },
  { name: "11-teardown", phaseMs: 224, gaps: { 4: "its snapshot was cut when recorded" } },
  {
    name: "12-agent-loss",
    phaseMs: 20,
    ignoresOffered: () => true,
    setting: { timing: { agentReturnMs: 1_100 } },
    gaps: {
      4: "its snapshot was cut when recorded",
      84: "lacks agent_info.checkpoint, which GET_AGENTS has",
      129: "lacks agent_info.checkpoint, which GET_AGENTS has",
      24: "the agent knew a later state already, by chance",
      ...span(108, 109, "the same update, repeated by the agent's recovery"),
      ...span(111, 112, "the same update, repeated by the agent's recovery"),
      ...span(151, 152, "its answer was cut when recorded"),
    },
    hooks: ({ master }) => ({
      17: offersFor("nockpt"),
      18: offersFor("aware"),
      27: offersFor("legacy"),
      35: offersFor("nockpt"),
      44: offersFor("aware"),
      47: () => master.killAgent("bladerunner2"),
      79: () => master.returnAgent("bladerunner2"),
      96: () => {
        master.killAgent("bladerunner2");
        master.returnAgent("bladerunner2");
      },
      103: () => {
        master.killAgent("bladerunner2");
        master.killTask("al-aware");
        master.killTask("al-legacy");
        master.returnAgent("bladerunner2");
      },
      122: () => master.removeAgent("bladerunner2"),
      128: () => master.returnAgent("bladerunner2"),
      150: () => master.returnAgent("bladerunner2"),
    }),
  },
  {
    name: "13-master-restart",
    phaseMs: 648,
    setting: { timing: { agentReregisterMs: 4_100, agentReturnMs: 3_050 } },
    gaps: { ...span(33, 34, "its answer was cut when recorded"), ...span(52, 53, "its answer was cut when recorded") },
    hooks: ({ master }) => ({
      15: () => master.stop(),
      23: () => master.start(),
      43: () => {
        master.killAgent("bladerunner2");
        master.stop();
      },
      47: () => master.start(),
      65: () => master.returnAgent("bladerunner2"),
    }),
  },
  { name: "14-operator", phaseMs: 0, until: 7 },
];

function isUpdateOf(event: RecordedEvent, taskId: string, state: string): boolean {
  const status = statusIn(event);
  return status?.task_id.value === taskId && status.state === state;
}

/** Acknowledges the update that was held back. */
async function acknowledgeLast(scene: Scene, conn: string): Promise<void> {
  const stream = scene.streams.get(conn);
  await stream?.acknowledgeHeld();
}

describe("recorded requests are answered as by the real master", () => {
  it.each(CASES)("$name", async ({ name, phaseMs, gaps = {}, until = Infinity, setting = {}, hooks, ...options }) => {
    const stage = await stageOf(name, { phaseMs, ...setting });
    const result = await replay(stage, {
      acknowledges: everything,
      skips: ({ index }) => (index >= until ? "not simulated" : gaps[index]),
      ...(hooks === undefined ? {} : { hooks: hooks(stage) }),
      ...options,
    });
    expect(result.differences.map(printed)).toEqual([]);
    expect(result.compared).toBeGreaterThan(2);
  });
});

describe("the raw subscription", () => {
  it("is answered with the recorded bytes, numbers and lengths included", async () => {
    const clock = virtualClock();
    const random = seededRandom(1);
    const runner = pretendRunner({ clock, random, addresses: () => "127.0.0.1" });
    const masterId = "262eb062-9c3f-4513-b629-ae36179a0fe7";
    const cluster = { ...CLUSTER, masterId };
    const { handler } = createMesosMaster({ clock, random, log: silentLogger, cluster, runner });
    const body = Buffer.from(readRaw("01-subscribe-raw.request.http").split(/\r?\n\r?\n/)[1] ?? "");
    const headers = { "content-type": "application/json", accept: "application/json" };
    const response = await handler({ method: "POST", url: "/api/v1/scheduler", headers, body });
    const chunks: string[] = [];
    void collect(response.body, chunks);
    await clock.advance(30_500);
    expect(chunks).toEqual(recordsIn(readRaw("01-subscribe-raw.response.http")));
  });
});

async function collect(body: AsyncIterable<Uint8Array> | Uint8Array, chunks: string[]): Promise<void> {
  if (body instanceof Uint8Array) return;
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString("utf8"));
}

/** The records of a chunked body: each came as one chunk. */
function recordsIn(raw: string): readonly string[] {
  const [, body = ""] = raw.split("\r\n\r\n");
  const lines = body.split("\r\n");
  return lines.filter((_, index) => index % 2 === 1).filter((record) => record !== "");
}
