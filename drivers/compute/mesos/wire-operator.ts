import type {
  WireAttribute,
  WireContainerInfo,
  WireDiscoveryInfo,
  WireDomain,
  WireExecutorInfo,
  WireFrameworkInfo,
  WireHealthCheck,
  WireId,
  WireKillPolicy,
  WireLabels,
  WireMasterInfo,
  WireOffer,
  WireResource,
  WireTaskStatus,
  WireTime,
  WireUnavailability,
} from "./wire.js";

/** A task as the operator API lists it. */
export interface WireTask {
  readonly name: string;
  readonly task_id: WireId;
  readonly framework_id: WireId;
  readonly executor_id?: WireId;
  readonly agent_id: WireId;
  readonly state: string;
  readonly resources?: readonly WireResource[];
  readonly statuses?: readonly WireTaskStatus[];
  readonly status_update_state?: string;
  readonly status_update_uuid?: string;
  readonly labels?: WireLabels;
  readonly discovery?: WireDiscoveryInfo;
  readonly container?: WireContainerInfo;
  readonly health_check?: WireHealthCheck;
  readonly kill_policy?: WireKillPolicy;
  readonly user?: string;
}

/** An agent as it describes itself. */
export interface WireAgentInfo {
  readonly hostname: string;
  readonly port?: number;
  readonly resources?: readonly WireResource[];
  readonly attributes?: readonly WireAttribute[];
  readonly id?: WireId;
  readonly domain?: WireDomain;
  readonly checkpoint?: boolean;
}

/** An agent as the master lists it. */
export interface WireAgent {
  readonly agent_info: WireAgentInfo;
  readonly active: boolean;
  readonly deactivated?: boolean;
  readonly version?: string;
  /** `slave(1)@ip:port` */
  readonly pid?: string;
  readonly registered_time?: WireTime;
  readonly reregistered_time?: WireTime;
  readonly total_resources?: readonly WireResource[];
  readonly allocated_resources?: readonly WireResource[];
  readonly offered_resources?: readonly WireResource[];
  readonly capabilities?: readonly { readonly type: string }[];
  readonly drain_info?: { readonly state: string; readonly config?: unknown };
}

/** A framework as the master lists it. */
export interface WireFramework {
  readonly framework_info: WireFrameworkInfo;
  readonly active: boolean;
  readonly connected: boolean;
  readonly recovered?: boolean;
  readonly registered_time?: WireTime;
  readonly reregistered_time?: WireTime;
  readonly unregistered_time?: WireTime;
  readonly offers?: readonly WireOffer[];
}

/** An executor that runs, as it was started. */
export interface WireExecutor {
  readonly executor_info: WireExecutorInfo;
  readonly agent_id: WireId;
}

/** Machines that are to be maintained together; a machine is named by host name, address or both. */
export interface WireWindow {
  readonly machine_ids: readonly { readonly hostname?: string; readonly ip?: string }[];
  readonly unavailability: WireUnavailability;
}

/** Answers of `POST /api/v1`; empty lists are left out. */
export type WireOperatorAnswer =
  | {
      readonly type: "GET_TASKS";
      readonly get_tasks: {
        readonly pending_tasks?: readonly WireTask[];
        readonly tasks?: readonly WireTask[];
        readonly unreachable_tasks?: readonly WireTask[];
        readonly completed_tasks?: readonly WireTask[];
        readonly orphan_tasks?: readonly WireTask[];
      };
    }
  | {
      readonly type: "GET_AGENTS";
      readonly get_agents: {
        readonly agents?: readonly WireAgent[];
        readonly recovered_agents?: readonly WireAgentInfo[];
      };
    }
  | {
      readonly type: "GET_EXECUTORS";
      readonly get_executors: { readonly executors?: readonly WireExecutor[] };
    }
  | {
      readonly type: "GET_MAINTENANCE_SCHEDULE";
      readonly get_maintenance_schedule: { readonly schedule: { readonly windows?: readonly WireWindow[] } };
    }
  | {
      readonly type: "GET_FRAMEWORKS";
      readonly get_frameworks: {
        readonly frameworks?: readonly WireFramework[];
        readonly completed_frameworks?: readonly WireFramework[];
        readonly recovered_frameworks?: readonly WireFramework[];
      };
    }
  | {
      readonly type: "GET_MASTER";
      readonly get_master: {
        readonly master_info: WireMasterInfo;
        readonly start_time?: number;
        readonly elected_time?: number;
      };
    };

/** The operator calls that only read. */
export interface WireOperatorCall {
  readonly type: WireOperatorAnswer["type"];
}
