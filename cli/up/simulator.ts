import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { AddressOverlay } from "../../controllers/connections.js";
import { type Clock, sleep } from "../../platform/clock.js";

export interface SimulatorProcess {
  readonly pid: number;
  readonly overlay: AddressOverlay;
  /** Where the simulator tells of itself. */
  readonly statusUrl: string;
  /** It ran already when we came. */
  readonly isAttached: boolean;
  /** Asks it to end with all its tasks, and waits for that. */
  stop(): Promise<void>;
}

export interface SimulatorStart {
  /** Its data directory. */
  readonly directory: string;
  readonly dns: { readonly host: string; readonly port: number };
  readonly seed: number | undefined;
  /** This program: what is started again with the verb `simulate`. */
  readonly entry: string;
  readonly execArgv: readonly string[];
  readonly clock: Clock;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 20_000;
const LOOK_PERIOD_MS = 50;

/** Starts the simulated rack as a process of its own, so that it outlives this one; attaches to it when it runs. */
export async function startSimulatorProcess(start: SimulatorStart): Promise<SimulatorProcess> {
  const { directory, clock } = start;
  const running = holderOf(directory);
  if (running !== undefined) return attached(start, running, true);
  mkdirSync(directory, { recursive: true });
  rmSync(join(directory, "rack.yaml"), { force: true });
  const logFile = join(directory, "simulator.log");
  const output = openSync(logFile, "a");
  const seed = start.seed === undefined ? [] : ["--seed", String(start.seed)];
  const dns = `${start.dns.host}:${start.dns.port}`;
  const args = [...start.execArgv, start.entry, "simulate", "--data", directory, "--dns", dns, ...seed];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  child.unref();
  let hasExited = false;
  child.on("exit", () => {
    hasExited = true;
  });
  const end = clock.monotonic() + START_TIMEOUT_MS;
  while (readRackFile(directory) === undefined) {
    if (hasExited || clock.monotonic() > end) throw startFailure(logFile);
    await sleep(clock, LOOK_PERIOD_MS);
  }
  return attached(start, child.pid ?? 0, false);
}

/** The simulator's last words explain best. */
function startFailure(logFile: string): StatusError {
  const lines = readFileSync(logFile, "utf8").trim().split("\n");
  const reason =
    lines.findLast((line) => line.startsWith("rackctl: "))?.slice("rackctl: ".length) ?? lines.at(-1) ?? "";
  return new StatusError("ServiceUnavailable", `the simulated rack did not start: ${reason} (see ${logFile})`);
}

function attached({ directory, clock }: SimulatorStart, pid: number, isAttached: boolean): SimulatorProcess {
  const file = readRackFile(directory);
  if (file === undefined) {
    throw new StatusError(
      "ServiceUnavailable",
      `the simulated rack of ${directory} (process ${pid}) has no rack.yaml; stop it and start again`,
    );
  }
  return {
    pid,
    overlay: file.overlay,
    statusUrl: file.statusUrl,
    isAttached,
    async stop() {
      signal(pid, "SIGTERM");
      const end = clock.monotonic() + STOP_TIMEOUT_MS;
      while (isAlive(pid) && clock.monotonic() < end) await sleep(clock, LOOK_PERIOD_MS);
    },
  };
}

function holderOf(directory: string): number | undefined {
  try {
    const { pid }: { pid: number } = JSON.parse(readFileSync(join(directory, "_lock"), "utf8"));
    return isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  return signal(pid, 0);
}

function signal(pid: number, name: "SIGTERM" | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

interface RackFile {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly compute: { readonly mesos: { readonly masters: readonly string[] } };
    readonly dns: { readonly consul: { readonly address: string } };
    readonly network: { readonly switch: { readonly address: string } };
  };
}

function readRackFile(directory: string): { overlay: AddressOverlay; statusUrl: string } | undefined {
  try {
    // written by the simulator of this version
    const { metadata, spec } = parse(readFileSync(join(directory, "rack.yaml"), "utf8")) as RackFile;
    return {
      overlay: {
        masters: spec.compute.mesos.masters,
        dns: spec.dns.consul.address,
        switch: spec.network.switch.address,
      },
      statusUrl: metadata.annotations["rackwright.dev/simulator-status"] ?? "",
    };
  } catch {
    return undefined;
  }
}
