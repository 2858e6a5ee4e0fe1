import type { Clock } from "../../../platform/clock.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { HttpHandler } from "../../../platform/transport.js";
import type { ReadAccess } from "./session/access.js";
import type { ConnectSocket } from "./zookeeper/socket.js";

/** How to reach Mesos, and who we are there. */
export interface MesosDriverOptions {
  readonly transport: HttpHandler;
  /** How ZooKeeper is reached; unset: TCP. */
  readonly connect?: ConnectSocket;
  /** `http://host:port` or https, at least one; or one `zk://host:port,…/path`. */
  readonly masters: readonly string[];
  readonly frameworkName: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly principal?: string;
  /** Read before every attempt to connect; unset: plain HTTP without credentials. */
  readonly access?: ReadAccess;
  readonly failoverTimeoutSeconds: number;
  /** The stored id; undefined: a disconnected framework of our name and identity is resumed, else a new one registered. */
  readonly frameworkId: string | undefined;
  /** `Rack.spec.identity`, kept as a label of the framework. */
  readonly identity: string;
  /** Time between two listings of tasks and agents: the period of the safety rules. */
  readonly observePeriodMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The framework's label that says whose it is. */
export const IDENTITY_LABEL = "rackwright.dev/identity";
