import type { Clock } from "../../../platform/clock.js";
import type { ConsulState } from "../../consul/state.js";
import type { PersistedState } from "../../mesos/master.js";
import type { StoredChild } from "../../process/runner.js";
import type { SwitchState } from "../../snaproute/state.js";
import { writeJson } from "./state-file.js";

/** One port for every server of the rack; agents by the name of their node. */
export interface RackPorts {
  readonly mesos: number;
  readonly consul: number;
  readonly switch: number;
  readonly status: number;
  readonly agents: Readonly<Record<string, number>>;
}

/** What survives the simulator's own end. */
export interface StoredRack {
  /** e.g. `127.64`. */
  readonly block: string;
  readonly lastAddress: number;
  readonly telemetryPort: number;
  /** Where the servers listen: a restarted rack is found where it was. */
  readonly ports?: RackPorts;
  readonly mesos?: PersistedState;
  readonly consul?: ConsulState;
  readonly switch?: SwitchState;
  readonly children: readonly StoredChild[];
}

/** Changes within this time are written together. */
const WRITE_DELAY_MS = 20;

/** Keeps the state of the rack in one file; a burst of changes is one write. */
export function createKeeper(path: string, initial: StoredRack, clock: Clock) {
  const parts = new Map<keyof StoredRack, () => unknown>();
  let stored = initial;
  let isPending = false;

  const flush = () => {
    isPending = false;
    const changed = Object.fromEntries([...parts].map(([part, read]) => [part, read()]));
    parts.clear();
    stored = { ...stored, ...changed };
    writeJson(path, stored);
  };
  const flushLater = () => {
    if (isPending) return;
    isPending = true;
    clock.schedule(WRITE_DELAY_MS, () => {
      if (isPending) flush();
    });
  };
  return {
    stored: () => stored,
    /** A part changed: `read` gives its value when it is written. */
    changed<P extends keyof StoredRack>(part: P, read: () => StoredRack[P]): void {
      parts.set(part, read);
      flushLater();
    },
    /** Children are written at once: a process that nobody knows of would never be ended. */
    children(children: readonly StoredChild[]): void {
      stored = { ...stored, children };
      flush();
    },
    lastAddress(lastAddress: number): void {
      stored = { ...stored, lastAddress };
      flushLater();
    },
    flush,
  };
}

export type Keeper = ReturnType<typeof createKeeper>;
