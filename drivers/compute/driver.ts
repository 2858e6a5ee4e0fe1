import type { Observable } from "rxjs";
import type { Observation } from "../observation.js";

/** A range of ports, both ends included. */
export interface PortRange {
  readonly begin: number;
  readonly end: number;
}

/** Units: cores, MiB, MiB, devices. */
export interface Resources {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly gpu: number;
  readonly ports: readonly PortRange[];
}

/** Text, canonical number text (`1`, not `1.0`), or the ranges of an attribute. */
export type AttributeValue = string | readonly PortRange[];

export interface Agent {
  readonly id: string;
  readonly hostname: string;
  readonly ip: string | undefined;
  /** Base of its own HTTP API, e.g. `http://10.250.3.21:5051`; unset while it is not registered. */
  readonly url?: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly total: Resources;
  readonly region?: string;
  readonly zone?: string;
  /** `Unreachable` is not dead; `Recovering` is known from the registry but not back yet. */
  readonly state: "Active" | "Deactivated" | "Draining" | "Unreachable" | "Recovering";
}

export interface Offer {
  readonly id: string;
  readonly agentId: string;
  readonly hostname: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly resources: Resources;
  readonly role: string;
  readonly region?: string;
  readonly zone?: string;
}

/** Mesos' states without their prefix. Terminal: Finished Failed Killed Error Dropped Gone GoneByOperator. Lost is ambiguous. */
export type TaskState =
  | "Staging"
  | "Starting"
  | "Running"
  | "Killing"
  | "Finished"
  | "Failed"
  | "Killed"
  | "Error"
  | "Dropped"
  | "Gone"
  | "GoneByOperator"
  | "Unreachable"
  | "Unknown"
  | "Lost";

/** What is known of one task. Key: its id. */
export interface TaskStatus {
  readonly taskId: string;
  readonly agentId: string | undefined;
  readonly state: TaskState;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** Seconds since the epoch, as the back end says. */
  readonly timestamp: number;
  /** Undefined before the first result of a health check. */
  readonly isHealthy: boolean | undefined;
  /** Addresses that the container network assigned; empty when not told. */
  readonly addresses: readonly string[];
  /** `docker://<id>` where it is a docker container. */
  readonly containerId: string | undefined;
  readonly mesosContainerId: string | undefined;
  /** From reconciliation or the operator API: a statement about now, not a change. */
  readonly isReconciliation: boolean;
  /** To be given back to `acknowledge` once the status is stored; undefined: nothing to acknowledge. */
  readonly acknowledgement: string | undefined;
}

/** A task the back end holds, with what it was launched with. */
export interface Task {
  readonly id: string;
  readonly name: string;
  readonly agentId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: TaskStatus;
}

/** A check run beside the task by its agent. Seconds. */
export interface AgentCheck {
  readonly probe:
    | { readonly type: "tcp"; readonly port: number }
    | { readonly type: "http"; readonly port: number; readonly path: string; readonly scheme: "http" | "https" }
    | { readonly type: "command"; readonly command: readonly string[] | string };
  readonly delaySeconds: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly gracePeriodSeconds: number;
}

export interface Volume {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly isReadOnly: boolean;
}

/** Everything needed to run one task. */
export interface TaskLaunch {
  readonly taskId: string;
  readonly name: string;
  readonly agentId: string;
  readonly resources: Resources;
  /** Docker with an image, else Mesos. */
  readonly containerizer: "Docker" | "Mesos";
  readonly image: string | undefined;
  readonly forcePull: boolean;
  /** exec form, shell form, or arguments of the image's entry point. */
  readonly command:
    | { readonly type: "exec"; readonly argv: readonly string[] }
    | { readonly type: "shell"; readonly script: string }
    | { readonly type: "entrypoint"; readonly args: readonly string[] };
  readonly user: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly Volume[];
  readonly isPrivileged: boolean;
  readonly dockerParameters: readonly { readonly key: string; readonly value: string }[];
  /** `Routed`: the container network `networkName` gives the task an address of its own. */
  readonly network:
    | { readonly mode: "Host" }
    | { readonly mode: "None" }
    | { readonly mode: "Routed"; readonly networkName: string };
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: "TCP" | "UDP" }[];
  readonly check: AgentCheck | undefined;
  readonly killGraceSeconds: number;
}

/** The driver's link to the master. `epoch` changes with the master and the framework id. */
export type Connection =
  | { readonly type: "connecting"; readonly reason: string; readonly since: number }
  | {
      readonly type: "subscribed";
      readonly frameworkId: string;
      readonly epoch: string;
      /** False until agents had time to re-register and every known task was asked for: absence proves nothing yet. */
      readonly isSettled: boolean;
    }
  /** Another process of our framework took over, or the framework was removed: do not retry. */
  | { readonly type: "stopped"; readonly reason: string };

/**
 * Compute of one rack. `launch`, `kill`, `decline`, `suppress` and `revive` are called by the executor or the placement
 * loop only. Streams never complete nor error until `close`.
 */
export interface ComputeDriver {
  /** Replays the last. */
  readonly connection$: Observable<Connection>;
  /** Tasks of our framework as the master lists them; replays the last. */
  readonly tasks$: Observable<Observation<Task>>;
  /** Agents of the cluster; replays the last. */
  readonly agents$: Observable<Observation<Agent>>;
  /** Statuses one by one (keyed statements), repeated until acknowledged; does not replay. */
  readonly statuses$: Observable<TaskStatus>;
  /** The offers held now; replays the last. */
  readonly offers$: Observable<readonly Offer[]>;
  /** One ACCEPT: offers of one agent, tasks in order. Unused resources are declined. Rejects like Driver.apply. */
  launch(offerIds: readonly string[], tasks: readonly TaskLaunch[]): Promise<void>;
  kill(task: {
    readonly taskId: string;
    readonly agentId: string | undefined;
    readonly graceSeconds: number;
  }): Promise<void>;
  acknowledge(status: TaskStatus): Promise<void>;
  decline(offerIds: readonly string[], refuseSeconds: number): Promise<void>;
  suppress(): Promise<void>;
  revive(): Promise<void>;
  /** Asks for the state of these tasks; answers come on `statuses$`. */
  reconcile(tasks: readonly { readonly taskId: string; readonly agentId: string | undefined }[]): Promise<void>;
  close(): void;
}
