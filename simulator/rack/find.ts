import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Clock } from "../../platform/clock.js";
import { killLeftChildren } from "../process/child.js";
import type { StoredRack } from "./keeper.js";
import { holderOf, lockDirectory, readJson } from "./state-file.js";

/** A simulated rack that runs, as it tells of itself in `rack.yaml`. */
export interface FoundSimulator {
  readonly pid: number;
  readonly rackFile: string;
  readonly masters: readonly string[];
  readonly dns: string;
  readonly switch: string;
}

interface RackFile {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly compute: { readonly mesos: { readonly masters: readonly string[] } };
    readonly dns: { readonly consul: { readonly address: string } };
    readonly network: { readonly switch: { readonly address: string } };
  };
}

/** The simulator that runs on a directory and is ready; undefined when none does. */
export function findSimulator(directory: string): FoundSimulator | undefined {
  const pid = holderOf(directory);
  if (pid === undefined) return undefined;
  const rackFile = join(directory, "rack.yaml");
  let text: string;
  try {
    text = readFileSync(rackFile, "utf8");
  } catch {
    return undefined;
  }
  // written by the simulator of this version
  const { metadata, spec } = parse(text) as RackFile;
  // an earlier simulator's file, which ended without removing it
  if (metadata.annotations["rackwright.dev/simulator-pid"] !== `${pid}`) return undefined;
  return {
    pid,
    rackFile,
    masters: spec.compute.mesos.masters,
    dns: spec.dns.consul.address,
    switch: spec.network.switch.address,
  };
}

/** Ends the tasks of a simulator that died and was not started again. Refused while one runs on the directory. */
export async function killLeftTasks(directory: string, clock: Clock): Promise<void> {
  const lock = lockDirectory(directory);
  try {
    await killLeftChildren(readJson<StoredRack>(join(directory, "state.json"))?.children ?? [], clock);
  } finally {
    lock.release();
  }
}
