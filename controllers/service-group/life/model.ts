import type { Instance } from "../../../api-types/instance.js";
import type { Revision } from "../../../api-types/revision.js";
import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import type { InstanceCause, LeaveReason } from "../../../api-types/well-known.js";

/** What keeps a group, or one of its services, from starting anything new. It never stops what runs. */
export type Blocker =
  | { readonly type: "unknown"; readonly name: string }
  | { readonly type: "notAvailable"; readonly name: string }
  | { readonly type: "cycle"; readonly names: readonly string[] }
  | { readonly type: "portTaken"; readonly port: number; readonly owner: string };

/** A node that is to become empty. */
export interface Drain {
  /** When what is left leaves at once, in milliseconds of wall time; undefined: it is waited for. */
  readonly deadlineAt: number | undefined;
}

/** Failures in a row of one service that its back-off counts; times in milliseconds of wall time. */
export interface Backoff {
  readonly failures: number;
  readonly lastFailure: number;
  /** The revision of the spec that they were counted for. */
  readonly revisionName: string;
}

/** When something was that happened at a stored time; never to come, and immune to steps of the wall clock (R30). */
export type Steady = (what: string, at: number) => number;

/** An instance of this revision was let go for bad health, at this time in milliseconds of wall time. */
export interface HealthRelease {
  readonly revisionName: string;
  readonly number: number;
  /** How often its number had been started again. */
  readonly restarts: number;
  readonly at: number;
}

/** Everything the plan of one group rests on, as plain data. Times in milliseconds of wall time. */
export interface GroupView {
  readonly group: ServiceGroup;
  /** All Instances of the group, in any state. */
  readonly instances: readonly Instance[];
  /** In order of their numbers. */
  readonly revisions: readonly Revision[];
  /** How many nodes of the rack match the placement of a service; one that is drained matches none. */
  readonly matchingNodes: (service: Service) => number;
  /** Whether a node still matches the placement of a service. */
  readonly isMatchingNode: (service: Service, node: string) => boolean;
  readonly drainOf: (node: string) => Drain | undefined;
  /** `hostname`, `@region`, `@zone` or an attribute of a node's agent, as text. */
  readonly attributeOf: (node: string, attribute: string) => string | undefined;
  /** The constraints of a service, with the rack's variables replaced. */
  readonly rulesOf: (service: Service) => readonly PlacementRule[];
  /** What the group waits for. */
  readonly blockers: readonly Blocker[];
  /** What a service waits for outside its group. */
  readonly serviceBlockers: (service: Service) => readonly Blocker[];
  /** Whether groups that depend on this one still have instances while they, too, stop. */
  readonly hasDyingDependents: boolean;
  /** When it stops, if not now: groups that depend on it may be about to stop, too. */
  readonly stopsAt: number | undefined;
  /** So many instances of the rack became unreachable at once that none of them is believed to be gone (R3). */
  readonly isRackBlind: boolean;
  /** A DisruptionOverride for the rack's tasks is valid. */
  readonly hasOverride: boolean;
  /** Counts of failures that may be newer than the group's status. */
  readonly remembered: ReadonlyMap<string, Backoff>;
  /** When instances of a service were let go for bad health that may be gone meanwhile. */
  readonly healthReleases: ReadonlyMap<string, readonly HealthRelease[]>;
  /** Revisions found to have missed their deadline, by service, that the group's status may not name yet. */
  readonly failedRevisions: ReadonlyMap<string, string>;
  readonly steady: Steady;
  readonly isSameTemplate: (a: Service, b: Service) => boolean;
  readonly now: number;
}

/** One change of objects that the loop makes; in order. */
export type GroupStep =
  | { readonly type: "createRevision"; readonly service: Service; readonly name: string }
  | {
      readonly type: "createInstance";
      /** With the fields of the revision that decide how it runs, and today's labels. */
      readonly service: Service;
      readonly number: number;
      readonly revisionName: string;
      readonly replaces: string | undefined;
      readonly restarts: number;
      readonly cause: InstanceCause;
      /** RFC 3339: since when the number is used; undefined: since now. */
      readonly slotSince: string | undefined;
    }
  | {
      readonly type: "release";
      readonly instance: Instance;
      readonly reason: LeaveReason;
      /** Its number is served by another one and no name leads to it: its end takes nothing away from anybody. */
      readonly isCovered?: boolean;
    }
  /** It was let go and stays out of reach: nobody waits for the end of its task any more. */
  | { readonly type: "forget"; readonly instance: Instance }
  /** Labels and annotations follow their service in place: nothing is restarted. */
  | { readonly type: "relabel"; readonly instance: Instance; readonly patch: unknown }
  | { readonly type: "deleteRevision"; readonly revision: Revision };

/** Something that people must know, and what they can do. */
export interface Alarm {
  /** What many instances turned at once: unhealthy, or out of reach. */
  readonly type: "health" | "reach";
  readonly message: string;
}

/** What is decided of one service. */
export interface ServicePlan {
  readonly steps: readonly GroupStep[];
  /** When the next waiting restart or replacement is due. */
  readonly nextAttempt?: number | undefined;
  /** When something else is due that nothing else would wake the loop for. */
  readonly wakeAt?: number | undefined;
  /** It waits for what it depends on. */
  readonly isWaiting?: boolean;
  readonly backoff?: Backoff | undefined;
  readonly failedRevision?: string | undefined;
  readonly alarms?: readonly Alarm[];
  /** How its update goes, for people. */
  readonly notes?: readonly string[];
  /** What holds its update, for people. */
  readonly hold?: string | undefined;
}

export interface GroupPlan {
  readonly steps: readonly GroupStep[];
  /** By the name of its service. */
  readonly services: ReadonlyMap<string, ServicePlan>;
  /** Per service name: when the next waiting restart is due. */
  readonly nextAttempts: ReadonlyMap<string, number>;
  readonly wakeAt: number | undefined;
  /** Services that wait for what they depend on. */
  readonly waiting: readonly string[];
}

/** The instances of one service. */
export function membersOf(instances: readonly Instance[], service: string): readonly Instance[] {
  return instances.filter((instance) => instance.spec.service === service);
}

/** What is stored of one service in the status of its group. */
export function statusOf({ group }: Pick<GroupView, "group">, service: string) {
  return group.status?.services?.find(({ name }) => name === service);
}
