import type { WireAgent, WireAgentInfo, WireFramework, WireMasterInfo, WireTask } from "./wire.js";

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
