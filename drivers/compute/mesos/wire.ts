/**
 * The JSON of the Mesos v1 scheduler and operator API, as far as this project uses it. Field names are Mesos' own.
 * Fields that the other side may leave out are optional; what is not listed here is ignored.
 */

/** A wrapped identifier: `{"value":"…"}`. */
export interface WireId {
  readonly value: string;
}

/** Nanoseconds since the epoch; above 2^53, so rounded by JSON.parse. */
export interface WireTime {
  readonly nanoseconds: number;
}

/** Both ends included. */
export interface WireRange {
  readonly begin: number;
  readonly end: number;
}

/** A label; the value may be absent. */
export interface WireLabel {
  readonly key: string;
  readonly value?: string;
}

/** Labels of a framework, task or reservation. */
export interface WireLabels {
  readonly labels?: readonly WireLabel[];
}

/** One entry of a resource list; one name may occur several times (reserved and unreserved). */
export interface WireResource {
  readonly name: string;
  readonly type: string;
  readonly scalar?: { readonly value: number };
  readonly ranges?: { readonly range?: readonly WireRange[] };
  readonly set?: { readonly item?: readonly string[] };
  readonly allocation_info?: { readonly role?: string };
  readonly role?: string;
  readonly reservations?: readonly WireReservation[];
  readonly disk?: unknown;
}

/** An entry of a resource's reservation stack. */
export interface WireReservation {
  readonly type?: string;
  readonly role?: string;
  readonly principal?: string;
  readonly labels?: WireLabels;
}

/** A named attribute of an agent: text, number or ranges. */
export interface WireAttribute {
  readonly name: string;
  readonly type: string;
  readonly text?: { readonly value: string };
  readonly scalar?: { readonly value: number };
  readonly ranges?: { readonly range?: readonly WireRange[] };
}

/** Region and zone. */
export interface WireDomain {
  readonly fault_domain?: { readonly region: { readonly name: string }; readonly zone: { readonly name: string } };
}

/** Where a process listens. */
export interface WireAddress {
  readonly hostname?: string;
  readonly ip?: string;
  readonly port: number;
}

/** The master that answers; `id` is new after every election. */
export interface WireMasterInfo {
  readonly id: string;
  readonly ip?: number;
  readonly port?: number;
  readonly pid?: string;
  readonly hostname?: string;
  readonly version?: string;
  readonly address?: WireAddress;
  readonly domain?: WireDomain;
  readonly capabilities?: readonly { readonly type: string }[];
}

/** A framework as it describes itself. `id` is absent at the first subscription. */
export interface WireFrameworkInfo {
  readonly user: string;
  readonly name: string;
  readonly id?: WireId;
  readonly failover_timeout?: number;
  readonly checkpoint?: boolean;
  readonly roles?: readonly string[];
  readonly hostname?: string;
  readonly principal?: string;
  readonly webui_url?: string;
  readonly capabilities?: readonly { readonly type: string }[];
  readonly labels?: WireLabels;
}

/** Resources of one agent for one role. */
export interface WireOffer {
  readonly id: WireId;
  readonly framework_id: WireId;
  readonly agent_id: WireId;
  readonly hostname: string;
  readonly url?: { readonly scheme?: string; readonly address: WireAddress; readonly path?: string };
  readonly domain?: WireDomain;
  readonly resources?: readonly WireResource[];
  readonly attributes?: readonly WireAttribute[];
  readonly executor_ids?: readonly WireId[];
  readonly allocation_info?: { readonly role?: string };
  readonly unavailability?: WireUnavailability;
}

/** Planned maintenance; no duration: until further notice. */
export interface WireUnavailability {
  readonly start: WireTime;
  readonly duration?: WireTime;
}

/** The master asks for an agent to be free of our tasks during maintenance. */
export interface WireInverseOffer {
  readonly id: WireId;
  readonly agent_id?: WireId;
  readonly unavailability: WireUnavailability;
}

/** A network that a container is attached to, wished (name) or reported (addresses). */
export interface WireNetworkInfo {
  readonly name?: string;
  readonly ip_addresses?: readonly { readonly protocol?: string; readonly ip_address?: string }[];
  readonly port_mappings?: readonly WirePortMapping[];
  readonly labels?: WireLabels;
}

/** What the containerizer says of a task's container. */
export interface WireContainerStatus {
  readonly container_id?: { readonly value: string; readonly parent?: WireId };
  readonly network_infos?: readonly WireNetworkInfo[];
  readonly executor_pid?: number;
}

/** Acknowledge iff `uuid` is present. */
export interface WireTaskStatus {
  readonly task_id: WireId;
  readonly state: string;
  readonly message?: string;
  readonly source?: string;
  readonly reason?: string;
  /** Base64; of a running docker task the answer of `docker inspect`. */
  readonly data?: string;
  readonly agent_id?: WireId;
  readonly executor_id?: WireId;
  readonly timestamp?: number;
  /** 16 bytes in base64. */
  readonly uuid?: string;
  readonly healthy?: boolean;
  readonly labels?: WireLabels;
  readonly container_status?: WireContainerStatus;
  readonly unreachable_time?: WireTime;
  readonly limitation?: { readonly resources?: readonly WireResource[] };
  readonly check_status?: unknown;
}

/** A file that the agent fetches into the sandbox; archives are extracted unless told otherwise. */
export interface WireUri {
  readonly value: string;
  readonly extract?: boolean;
  readonly executable?: boolean;
  readonly cache?: boolean;
  readonly output_file?: string;
}

/** What to run. */
export interface WireCommandInfo {
  readonly shell?: boolean;
  readonly value?: string;
  readonly arguments?: readonly string[];
  readonly user?: string;
  readonly environment?: { readonly variables: readonly { readonly name: string; readonly value?: string }[] };
  readonly uris?: readonly WireUri[];
}

/** What starts tasks: one of one's own, named by its id on an agent. */
export interface WireExecutorInfo {
  readonly type: "CUSTOM";
  readonly executor_id: WireId;
  readonly framework_id: WireId;
  readonly name: string;
  readonly command: WireCommandInfo;
  readonly container?: WireContainerInfo;
  readonly resources: readonly WireResource[];
}

/** A path of the agent inside the container. */
export interface WireVolume {
  readonly mode: "RW" | "RO";
  readonly container_path: string;
  readonly host_path?: string;
}

/** A port of the agent that leads into a container. */
export interface WirePortMapping {
  readonly host_port: number;
  readonly container_port: number;
  readonly protocol?: string;
}

/** An image for the Mesos containerizer; `config` holds docker's config.json in base64. */
export interface WireImage {
  readonly type: "DOCKER";
  readonly docker: {
    readonly name: string;
    readonly config?: { readonly type: "VALUE"; readonly value: { readonly data: string } };
  };
  readonly cached?: boolean;
}

/** The container around a command. */
export interface WireContainerInfo {
  readonly type: "DOCKER" | "MESOS";
  readonly docker?: {
    readonly image: string;
    readonly network?: "HOST" | "BRIDGE" | "NONE" | "USER";
    readonly privileged?: boolean;
    readonly force_pull_image?: boolean;
    readonly parameters?: readonly { readonly key: string; readonly value: string }[];
    readonly port_mappings?: readonly WirePortMapping[];
  };
  readonly mesos?: { readonly image?: WireImage };
  readonly volumes?: readonly WireVolume[];
  readonly network_infos?: readonly WireNetworkInfo[];
}

/** A check run by the agent; seconds. */
export interface WireHealthCheck {
  readonly type: "COMMAND" | "HTTP" | "TCP";
  readonly command?: WireCommandInfo;
  readonly http?: { readonly scheme?: string; readonly port: number; readonly path?: string };
  readonly tcp?: { readonly port: number };
  readonly delay_seconds?: number;
  readonly interval_seconds?: number;
  readonly timeout_seconds?: number;
  readonly grace_period_seconds?: number;
  readonly consecutive_failures?: number;
}

/** How long a task may take to end. */
export interface WireKillPolicy {
  readonly grace_period?: WireTime;
}

/** Ports and name under which others find a task. */
export interface WireDiscoveryInfo {
  readonly visibility: "FRAMEWORK" | "CLUSTER" | "EXTERNAL";
  readonly name?: string;
  readonly ports?: {
    readonly ports: readonly { readonly number: number; readonly name?: string; readonly protocol?: string }[];
  };
}

/** One task to launch. */
export interface WireTaskInfo {
  readonly name: string;
  readonly task_id: WireId;
  readonly agent_id: WireId;
  readonly resources: readonly WireResource[];
  /** Either this or the executor. */
  readonly command?: WireCommandInfo;
  readonly executor?: WireExecutorInfo;
  /** Base64, for the executor. */
  readonly data?: string;
  /** Hard limits above the resources; `Infinity` as text. */
  readonly limits?: Readonly<Record<string, { readonly value: number | "Infinity" }>>;
  readonly container?: WireContainerInfo;
  readonly health_check?: WireHealthCheck;
  readonly kill_policy?: WireKillPolicy;
  readonly labels?: WireLabels;
  readonly discovery?: WireDiscoveryInfo;
}

/** What ACCEPT does with the offers, in order. */
export type WireOperation = {
  readonly type: "LAUNCH";
  readonly launch: { readonly task_infos: readonly WireTaskInfo[] };
};

/** How long declined resources stay away. */
export interface WireFilters {
  readonly refuse_seconds?: number;
}

/** The task and where it should be; the agent is left out only when it is not known. */
export interface WireTaskKey {
  readonly task_id: WireId;
  readonly agent_id?: WireId;
}

/** `POST /api/v1/scheduler` for a new stream. */
export interface WireSubscribe {
  readonly type: "SUBSCRIBE";
  readonly framework_id?: WireId;
  readonly subscribe: {
    readonly framework_info: WireFrameworkInfo;
    readonly suppressed_roles?: readonly string[];
  };
}

/** The calls on a live stream, without the framework id. */
export type WireStreamCall =
  | {
      readonly type: "ACCEPT";
      readonly accept: {
        readonly offer_ids: readonly WireId[];
        readonly operations?: readonly WireOperation[];
        readonly filters?: WireFilters;
      };
    }
  | {
      readonly type: "DECLINE";
      readonly decline: { readonly offer_ids: readonly WireId[]; readonly filters?: WireFilters };
    }
  | {
      readonly type: "ACCEPT_INVERSE_OFFERS";
      readonly accept_inverse_offers: { readonly inverse_offer_ids: readonly WireId[]; readonly filters?: WireFilters };
    }
  | {
      readonly type: "DECLINE_INVERSE_OFFERS";
      readonly decline_inverse_offers: {
        readonly inverse_offer_ids: readonly WireId[];
        readonly filters?: WireFilters;
      };
    }
  | { readonly type: "SUPPRESS"; readonly suppress?: { readonly roles?: readonly string[] } }
  | { readonly type: "REVIVE"; readonly revive?: { readonly roles?: readonly string[] } }
  | { readonly type: "KILL"; readonly kill: WireTaskKey & { readonly kill_policy?: WireKillPolicy } }
  | {
      readonly type: "ACKNOWLEDGE";
      readonly acknowledge: { readonly agent_id: WireId; readonly task_id: WireId; readonly uuid: string };
    }
  | { readonly type: "RECONCILE"; readonly reconcile: { readonly tasks: readonly WireTaskKey[] } }
  | { readonly type: "SHUTDOWN"; readonly shutdown: { readonly executor_id: WireId; readonly agent_id: WireId } }
  | { readonly type: "TEARDOWN" };

/** Every call of the scheduler API that we send. */
export type WireCall = WireSubscribe | (WireStreamCall & { readonly framework_id: WireId });

/** The records of the scheduler stream. Others may come and must be passed over. */
export type WireEvent =
  | {
      readonly type: "SUBSCRIBED";
      readonly subscribed: {
        readonly framework_id: WireId;
        readonly heartbeat_interval_seconds?: number;
        readonly master_info?: WireMasterInfo;
      };
    }
  | { readonly type: "HEARTBEAT" }
  | { readonly type: "OFFERS"; readonly offers: { readonly offers: readonly WireOffer[] } }
  | { readonly type: "RESCIND"; readonly rescind: { readonly offer_id: WireId } }
  | {
      readonly type: "INVERSE_OFFERS";
      readonly inverse_offers: { readonly inverse_offers: readonly WireInverseOffer[] };
    }
  | {
      readonly type: "RESCIND_INVERSE_OFFER";
      readonly rescind_inverse_offer: { readonly inverse_offer_id: WireId };
    }
  | { readonly type: "UPDATE"; readonly update: { readonly status: WireTaskStatus } }
  | {
      readonly type: "FAILURE";
      readonly failure: { readonly agent_id?: WireId; readonly executor_id?: WireId; readonly status?: number };
    }
  | { readonly type: "ERROR"; readonly error: { readonly message: string } };
