import { expect } from "vitest";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import type { ClusterSpec } from "../cluster/spec.js";
import { type AgentSpec, createMesosMaster, type MesosMaster, type Timing } from "../master.js";
import { type PretendBehaviour, type PretendRunner, pretendRunner } from "../pretend-runner.js";
import { type Difference, type PlayOptions, play, type Scene } from "./player.js";
import type { RawStream } from "./raw-stream.js";
import { addressesIn, agentIdsIn, behavioursIn, type RecordedLine, readRecording } from "./recording.js";

/** The recorded cluster, as the README of the recordings tells it. */
export const BLADERUNNERS: readonly AgentSpec[] = [
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
    isolation: "posix",
    workDirectory: "/var/lib/mesos/agent1",
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
    isolation: "posix",
  },
];

/** The recorded cluster with its master. */
export const CLUSTER = { hostname: "127.0.0.1", port: 5050, region: "region-a", zone: "zone-a", agents: BLADERUNNERS };

/** The recorded master's rounds took this long. */
const ROUND_MS = 1002.3;

/** A simulated cluster on which a recording is played. */
export interface Stage {
  readonly lines: readonly RecordedLine[];
  readonly clock: ReturnType<typeof virtualClock>;
  readonly master: MesosMaster;
  readonly runner: PretendRunner;
  readonly ids: Map<string, string>;
  readonly masters: StageOptions["masters"];
}

/** How the stage differs. */
export interface StageOptions {
  /** How far the master's round was when the recording began. */
  readonly phaseMs?: number;
  readonly timing?: Partial<Timing>;
  readonly behaviours?: Readonly<Record<string, PretendBehaviour>>;
  /** Instead of the two bladerunners and their master. */
  readonly cluster?: Partial<ClusterSpec> & { readonly hasDomain?: boolean };
  readonly masters?: readonly { readonly hostname: string; readonly port: number }[];
  /** What happened before the recording began. */
  readonly before?: (stage: Stage) => Promise<ReadonlyMap<string, RawStream>>;
}

/** Builds the cluster of a recording: its tasks behave as recorded. */
export async function stageOf(name: string, options: StageOptions = {}): Promise<Stage> {
  const lines = readRecording(name);
  const clock = virtualClock();
  const random = seededRandom(1);
  const behaviours = behavioursIn(lines);
  const addresses = addressesIn(lines);
  const runner = pretendRunner({
    clock,
    random,
    addresses: (task) => addresses.get(task.taskId) ?? "127.0.0.1",
    behaviour: (task) => ({ ...behaviours.get(task.taskId), ...options.behaviours?.[task.taskId] }),
  });
  const master = createMesosMaster({
    clock,
    random,
    log: silentLogger,
    cluster: clusterOf(options.cluster),
    ...(options.masters === undefined ? {} : { masters: options.masters }),
    runner,
    timing: { allocationMs: ROUND_MS, pingTimeoutMs: 2_500, pingTimeoutsMax: 3, ...options.timing },
  });
  await clock.advance(options.phaseMs ?? 0);
  const ids = new Map<string, string>();
  for (const [hostname, id] of agentIdsIn(lines)) ids.set(id, master.agentIdOf(hostname) ?? "");
  return { lines, clock, master, runner, ids, masters: options.masters };
}

function clusterOf({ hasDomain = true, ...changed }: NonNullable<StageOptions["cluster"]> = {}): ClusterSpec {
  const { region, zone, ...plain } = CLUSTER;
  return { ...plain, ...(hasDomain ? { region, zone } : {}), ...changed };
}

/** Plays the recording. */
export async function replay(stage: Stage, options: Partial<PlayOptions> = {}) {
  const { lines, clock, master, ids } = stage;
  const agents = [...master.snapshot().agents].map(
    ({ spec }) => [`${spec.ip}:${spec.port ?? 5051}`, master.agentHandler(spec.name)] as const,
  );
  const masters = (stage.masters ?? []).map(
    ({ hostname, port }, index) => [`${hostname}:${port}`, master.quorum.handler(index)] as const,
  );
  return play({ lines, clock, handler: master.handler, others: new Map([...agents, ...masters]), ids, ...options });
}

/** Acknowledges every update. */
export const everything = () => true;

/** A difference, for people. */
export function printed({ line, recorded, received }: Difference): string {
  return `line ${line}\n recorded ${JSON.stringify(recorded)}\n received ${JSON.stringify(received)}`;
}

/** One recording and what cannot be the same. */
export interface Case extends Omit<Partial<PlayOptions>, "hooks"> {
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
export function span(from: number, to: number, why: string): Record<number, string> {
  return Object.fromEntries(Array.from({ length: to - from + 1 }, (_, offset) => [from + offset, why]));
}

/** A DECLINE that the recorder sent without recording it; only of one offer, or of all. */
export async function decline(scene: Scene, conn: string, recordedId?: string): Promise<void> {
  const stream = scene.streams.get(conn);
  const ids = recordedId === undefined ? (stream?.offerIds ?? []) : [scene.ids.get(recordedId) ?? ""];
  const offer_ids = ids.map((value) => ({ value }));
  await stream?.call({ type: "DECLINE", decline: { offer_ids, filters: { refuse_seconds: 0 } } });
}

/** The recorder made its other frameworks step back, unrecorded, so that this one gets offers. */
export function offersFor(conn: string) {
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
export async function kill(scene: Scene, taskId: string): Promise<void> {
  await scene.streams.get("sub1")?.call({ type: "KILL", kill: { task_id: { value: taskId } } });
}

/** A probe with one result for ever. */
export const always = (result: boolean): PretendBehaviour => ({ probe: () => result });

/** Plays a recording and compares all of it. */
export async function check({ name, phaseMs, gaps = {}, until = Infinity, setting = {}, hooks, ...options }: Case) {
  const stage = await stageOf(name, { phaseMs, ...setting });
  const streams = await setting.before?.(stage);
  const result = await replay(stage, {
    ...(streams === undefined ? {} : { streams }),
    acknowledges: everything,
    skips: ({ index }) => (index >= until ? "not simulated" : gaps[index]),
    ...(hooks === undefined ? {} : { hooks: hooks(stage) }),
    ...options,
  });
  expect(result.differences.map(printed)).toEqual([]);
  expect(result.compared).toBeGreaterThan(2);
}
