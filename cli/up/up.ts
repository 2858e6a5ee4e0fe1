import { accessSync, constants, createWriteStream, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import { lockDirectory } from "../../apiserver/storage/lmdb/directory-lock.js";
import { startControllers } from "../../controllers/main.js";
import { systemClock } from "../../platform/clock.js";
import { pinoLogger } from "../../platform/log-pino.js";
import { createMetrics } from "../../platform/metrics.js";
import { systemRandom } from "../../platform/random.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import { untilSignal } from "../signals.js";
import { applyExample } from "./example.js";
import { serveMetrics } from "./metrics-server.js";
import { showProgress } from "./progress.js";
import { type ServerFlags, startServer, type Tools } from "./server.js";
import { type GuardedSimulator, guardSimulator } from "./simulator-guard.js";

export interface UpFlags extends ServerFlags {
  readonly simulate: boolean;
  readonly dns: { readonly host: string; readonly port: number };
  readonly metrics: { readonly host: string; readonly port: number };
  readonly seed?: number;
  readonly logLevel: string;
  readonly isTerminal: boolean;
  readonly entry: string;
  readonly execArgv: readonly string[];
}

/** `rackctl up`: everything in one process, the simulated rack beside it. Resolves with the exit code. */
export async function up(given: UpFlags): Promise<number> {
  const flags = { ...given, data: resolve(given.data) };
  const { tools, closeLog } = openTools(flags);
  const since = tools.clock.now();
  const ended = untilSignal();
  const closers: (() => Promise<unknown>)[] = [];
  // a terminal that was closed takes no more lines: everything is ended all the same
  process.stdout.on("error", () => {});
  // over the count that a terminal shows in the last line
  const say = (line: string) => console.log(flags.isTerminal ? `\r\u001b[2K${line}` : line);
  let isReady = false;
  try {
    // with every store: two control planes of one directory would share its rack
    const lock = await lockDirectory(flags.data, tools.clock.now());
    closers.push(() => lock.release());
    const server = await startServer(flags, tools);
    closers.push(() => server.close());
    say(`API server   ${server.url}`);
    say(`kubeconfig   ${server.kubeconfig}`);
    const metricsServer = await serveMetrics(flags.metrics, { metrics: tools.metrics, api: server.api });
    closers.push(() => metricsServer.close());
    say(`metrics      http://${flags.metrics.host}:${metricsServer.port}/metrics`);
    const simulator = flags.simulate ? await openSimulator(flags, tools, say) : undefined;
    if (simulator !== undefined) {
      const { isAttached } = simulator.first;
      // a failed start leaves a rack alone that ran before it
      closers.unshift(() => (isReady || !isAttached ? simulator.stop() : simulator.leave()));
      const applied = await applyExample(server.client);
      if (applied > 0) say(`example      ${applied} objects of manifests/samples/dns-example applied`);
    }
    const transport = undiciTransport();
    closers.push(() => transport.close());
    const identity = `${hostname()}_${flags.data}_${process.pid}_${tools.random.suffix(5)}`;
    const controllers = startControllers({
      client: server.client,
      transport,
      identity,
      takeOverHolder: isDeadNeighbour(flags),
      ...(simulator === undefined ? {} : { overlay: simulator.overlay }),
      ...tools,
    });
    const progress = showProgress({
      client: server.client,
      ...tools,
      isTerminal: flags.isTerminal,
      since,
      write: (text) => process.stdout.write(text),
    });
    closers.push(async () => progress.close());
    closers.push(() => controllers.stop());
    say("ready");
    isReady = true;
    await ended;
    progress.close();
    say("stopping");
    return 0;
  } finally {
    // in reverse of the start: loops first, so that nothing is withdrawn because its back end ends
    for (const close of closers.reverse()) await close();
    await closeLog();
  }
}

function openTools({ data, logLevel }: UpFlags): { tools: Tools; closeLog: () => Promise<void> } {
  try {
    mkdirSync(data, { recursive: true });
    accessSync(data, constants.W_OK);
  } catch (cause) {
    throw new StatusError("ServiceUnavailable", `writing to ${data}: not possible; choose another --data directory`, {
      cause,
    });
  }
  if (!isLevel(logLevel))
    throw new StatusError("BadRequest", `--log-level ${logLevel}: must be debug, info, warn or error`);
  const destination = createWriteStream(join(data, "rackwright.log"), { flags: "a" });
  const tools = {
    clock: systemClock(),
    random: systemRandom(),
    log: pinoLogger({ level: logLevel, destination: { write: (line) => void destination.write(line) } }),
    metrics: createMetrics({ isProcessIncluded: true }),
  };
  return { tools, closeLog: () => new Promise((resolve) => destination.end(resolve)) };
}

function isLevel(text: string): text is "debug" | "info" | "warn" | "error" {
  return ["debug", "info", "warn", "error"].includes(text);
}

async function openSimulator(
  { data, dns, seed, entry, execArgv }: UpFlags,
  { clock }: Tools,
  say: (line: string) => void,
): Promise<GuardedSimulator> {
  const start = { directory: join(data, "simulator"), dns, seed, entry, execArgv, clock };
  const simulator = await guardSimulator(start, say);
  const { found, isAttached } = simulator.first;
  const origin = isAttached ? " (was running)" : "";
  say(`rack         simulated, process ${found.pid}${origin}, DNS on ${dns.host}:${dns.port}`);
  return simulator;
}

/** With the embedded store its lock is ours: a leader of the same directory on this host is an earlier, dead process. */
function isDeadNeighbour({ data, store }: UpFlags): (identity: string) => boolean {
  return (identity) => store === "embedded" && identity.startsWith(`${hostname()}_${data}_`);
}
