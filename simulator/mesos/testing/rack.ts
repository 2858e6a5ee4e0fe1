import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { type AgentSpec, createMesosMaster, type PersistedState } from "../master.js";
import { type PretendBehaviour, pretendRunner } from "../pretend-runner.js";
import type { RunnableTask } from "../task-runner.js";
import { connect, type FRAMEWORK, launchOn, sleeper } from "./scheduler-client.js";

/** Two blades of 4 cores. */
export const AGENTS: readonly AgentSpec[] = [1, 2].map((number) => ({
  name: `blade${number}`,
  ip: `10.0.0.${number}`,
  attributes: { "machine-name": `blade${number}`, rack: "1" },
  resources: { cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" },
}));

/** What a rack may differ in. */
export interface RackOptions {
  readonly agents?: readonly AgentSpec[];
  readonly behaviour?: (task: RunnableTask) => PretendBehaviour;
  readonly onChange?: (state: PersistedState) => void;
}

/** A cluster of two agents on a virtual clock, with pretended tasks. */
export function rack(options: RackOptions = {}) {
  const clock = virtualClock();
  const random = seededRandom(7);
  const runner = pretendRunner({
    clock,
    random,
    addresses: (task) => `192.168.0.${task.taskId.length}`,
    statistics: () => ({
      netRxBytes: 1234,
      netTxBytes: 99,
      netRxDropped: 0,
      netTxDropped: 0,
      cpuUserSeconds: 1.5,
      cpuSystemSeconds: 0.25,
      memoryBytes: 1000,
    }),
    ...(options.behaviour === undefined ? {} : { behaviour: options.behaviour }),
  });
  const master = createMesosMaster({
    clock,
    random,
    log: silentLogger,
    cluster: { masterId: "m", hostname: "127.0.0.1", port: 5050, agents: options.agents ?? AGENTS },
    runner,
    ...(options.onChange === undefined ? {} : { onChange: options.onChange }),
  });
  return { clock, random, runner, master };
}

/** A rack with one framework that runs task `t` on blade1. */
export async function rackWithTask(
  options: RackOptions & { readonly info?: typeof FRAMEWORK; readonly acks?: boolean } = {},
) {
  const parts = rack(options);
  const client = await connect(parts.master.handler, options.info, { acknowledges: options.acks ?? true });
  await parts.clock.advance(100);
  await launchOn(client, "m-O0", [sleeper("t", "m-S0")]);
  await parts.clock.advance(2000);
  return { ...parts, client };
}

/** The JSON of an answer. */
export async function answerOf(response: Promise<{ readonly body: unknown }>): Promise<Record<string, never>> {
  const { body } = await response;
  return JSON.parse(Buffer.from(body as Uint8Array).toString("utf8")) as Record<string, never>;
}
