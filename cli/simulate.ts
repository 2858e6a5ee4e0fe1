import { resolve } from "node:path";
import { pinoLogger } from "../platform/log-pino.js";
import { simulate } from "../simulator/main.js";
import { untilSignal } from "./signals.js";

interface SimulateFlags {
  readonly data: string;
  readonly dns: { readonly host: string; readonly port: number };
  readonly seed?: number;
  /** Pretended agents beside the real ones. */
  readonly agents: number;
  /** So many of their tasks fail each second. */
  readonly churn: number;
  /** Seconds. */
  readonly agentTimeout: number;
}

/** `rackctl simulate`: runs until it is told to end, and takes its tasks along. Resolves with the exit code. */
export async function simulateVerb(flags: SimulateFlags): Promise<number> {
  const { data, dns, seed, agents, churn, agentTimeout } = flags;
  const log = pinoLogger({ level: "info" });
  const simulator = await simulate({
    directory: resolve(data),
    dns,
    seed,
    log,
    pretended: { agents, churn },
    agentTimeoutMs: agentTimeout * 1000,
  });
  console.log(`simulated rack: ${simulator.rackFile}`);
  console.log("ready");
  await untilSignal();
  await simulator.close({ stopTasks: true });
  return 0;
}
