/** One agent of the cluster; attributes and resources as its flags would write them. */
export interface AgentSpec {
  readonly name: string;
  /** Default: the name. */
  readonly hostname?: string;
  readonly ip: string;
  /** Default: 5051. */
  readonly port?: number;
  /** `{ rack: "1", keys: "[1000-1500]" }` */
  readonly attributes: Readonly<Record<string, string>>;
  /** `{ cpus: "4", mem: "4096", disk: "10000", ports: "[31000-32000]" }`; `cpus(role)` where reserved. */
  readonly resources: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly zone?: string;
  /** Default: both. */
  readonly containerizers?: readonly ("docker" | "mesos")[];
  /** Container networks that exist; undefined: any name does. */
  readonly networks?: readonly string[];
  /** Not kept by snapshots: after a restart of the simulator it is a new agent. */
  readonly isEphemeral?: boolean;
  /** Where it keeps sandboxes, as it tells; default: `/var/lib/mesos`. */
  readonly workDirectory?: string;
  /** Whether limits above the request can be enforced; default: `cgroups`. */
  readonly isolation?: "posix" | "cgroups";
}

/** The master and its agents. */
export interface ClusterSpec {
  /** Default: drawn. Every restart of the master draws a new one. */
  readonly masterId?: string;
  readonly hostname: string;
  readonly ip?: string;
  readonly port: number;
  readonly clusterName?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly agents: readonly AgentSpec[];
  /** Who may call; undefined: everybody, without credentials. */
  readonly authentication?: Authentication;
}

/** The credentials and access lists of a master that asks for them. */
export interface Authentication {
  /** Secrets by principal. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Roles that a principal may register in; a principal that is left out may not register. Undefined: all may, everywhere. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Users that tasks may run as; undefined: any. */
  readonly users?: readonly string[];
}

/** Everything that takes time; defaults are Mesos' own where it has one. */
export interface Timing {
  readonly heartbeatMs: number;
  readonly allocationMs: number;
  readonly pingTimeoutMs: number;
  readonly pingTimeoutsMax: number;
  /** From the launch to TASK_STARTING. */
  readonly executorStartMs: number;
  /** From the start of an agent's process to its re-registration. */
  readonly agentReturnMs: number;
  /** From the start of a master to the re-registration of the agents that run. */
  readonly agentReregisterMs: number;
  readonly reregisterTimeoutMs: number;
  /** From the last word of an executor's last task to its own end. */
  readonly executorStopMs: number;
  readonly masterDownMs: number;
  readonly statusRetryMs: number;
  readonly statusRetryMaxMs: number;
  readonly killGraceSeconds: number;
}

export const DEFAULT_TIMING: Timing = {
  heartbeatMs: 15_000,
  allocationMs: 1_000,
  pingTimeoutMs: 15_000,
  pingTimeoutsMax: 5,
  executorStartMs: 150,
  agentReturnMs: 4_000,
  agentReregisterMs: 4_000,
  reregisterTimeoutMs: 600_000,
  executorStopMs: 50,
  masterDownMs: 1_000,
  statusRetryMs: 10_000,
  statusRetryMaxMs: 600_000,
  killGraceSeconds: 5,
};
