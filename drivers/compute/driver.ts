import type { Observable } from "rxjs";
import type { Observation, Reading } from "../observation.js";

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
  /** Planned maintenance, milliseconds of wall time; the end unset: until further notice. */
  readonly maintenance?: { readonly start: number; readonly end?: number };
  /** `Unreachable` is not dead; `Recovering` is known from the registry but not back yet. */
  readonly state: "Active" | "Deactivated" | "Draining" | "Unreachable" | "Recovering";
}

export interface Offer {
  readonly id: string;
  readonly agentId: string;
  readonly hostname: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Everything in it that a task may use. */
  readonly resources: Resources;
  /** The same by the role that it is reserved for; `*`: unreserved. */
  readonly pools: readonly ResourcePool[];
  /** The role that it is offered to. */
  readonly role: string;
  readonly region?: string;
  readonly zone?: string;
  /** Planned maintenance of its agent, milliseconds of wall time; the end unset: until further notice. */
  readonly maintenance?: { readonly start: number; readonly end?: number };
}

/** Resources reserved for one role. */
export interface ResourcePool {
  readonly role: string;
  readonly resources: Resources;
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
  /** How the program ended, as far as the back end tells. */
  readonly exitCode?: number;
  /** The signal that ended the program, e.g. `Killed`. */
  readonly signal?: string;
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

/** A file that the agent fetches into the sandbox before the start. */
export interface FetchedFile {
  readonly uri: string;
  readonly isExtracted: boolean;
  readonly isExecutable: boolean;
  readonly isCached: boolean;
  /** File name in the sandbox; undefined: the last part of the address. */
  readonly destination: string | undefined;
}

/** An executor of one's own, which the agent starts to run the task. */
export interface TaskExecutor {
  /** Tasks of one agent with one executor id share a running executor. */
  readonly id: string;
  readonly name: string;
  /** Command line for `/bin/sh -c`. */
  readonly script: string;
  readonly fetch: readonly FetchedFile[];
  readonly env: Readonly<Record<string, string>>;
  /** Taken from the offer beside the task's own. */
  readonly resources: Resources;
  /** Text that the executor is given with the task. */
  readonly data: string | undefined;
}

/** A port of the node that leads to one inside the container. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "TCP" | "UDP";
}

/** Everything needed to run one task. Secret values stand in `env` and `pullConfig`: never log it. */
export interface TaskLaunch {
  readonly taskId: string;
  readonly name: string;
  readonly agentId: string;
  readonly resources: Resources;
  /** Only resources reserved for these roles are used, `*` meaning unreserved; undefined: any, reserved ones first. */
  readonly roles?: readonly string[];
  /** Hard limits above the request. */
  readonly limits?: { readonly cpu?: number | "unlimited"; readonly memoryMiB?: number | "unlimited" };
  readonly fetch?: readonly FetchedFile[];
  /** Unset: Mesos' own command executor. */
  readonly executor?: TaskExecutor;
  /** Docker's `config.json` with the credentials of a registry; containerizer Mesos. */
  readonly pullConfig?: string;
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
  /** `Routed`: the container network `networkName` gives the task an address of its own: `address`, or one it chooses. */
  readonly network:
    | { readonly mode: "Host" }
    | { readonly mode: "None" }
    | { readonly mode: "Bridge"; readonly mappings: readonly PortMapping[] }
    | { readonly mode: "Container"; readonly networkName: string; readonly mappings: readonly PortMapping[] }
    | { readonly mode: "Routed"; readonly networkName: string; readonly address?: string };
  /** By which clients reach it, for discovery; host ports among them are in `resources`, too. */
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
  /** Ends an executor of one's own; it must run nothing any more. */
  shutDownExecutor(executor: { readonly executorId: string; readonly agentId: string }): Promise<void>;
  acknowledge(status: TaskStatus): Promise<void>;
  decline(offerIds: readonly string[], refuseSeconds: number): Promise<void>;
  suppress(): Promise<void>;
  revive(): Promise<void>;
  /** Ends the framework with all of its tasks; only ever by the explicit command of a person. */
  teardown(): Promise<void>;
  /** Asks for the state of these tasks; answers come on `statuses$`. */
  reconcile(tasks: readonly { readonly taskId: string; readonly agentId: string | undefined }[]): Promise<void>;
  /**
   * Asks for one task now, past any list, and knows those that no list has: `absent` says that it ended, or that nobody who
   * could run it knows it; one that is out of reach is present. Never rejects.
   */
  read(task: { readonly taskId: string; readonly agentId: string | undefined }): Promise<Reading<TaskStatus>>;
  close(): void;
}
