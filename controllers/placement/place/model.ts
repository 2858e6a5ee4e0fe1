import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import type { AttributeValue, ResourcePool } from "../../../drivers/compute/driver.js";

/** A port of the node that a task takes. */
export type PortNeed =
  | { readonly type: "fixed"; readonly name: string; readonly port: number }
  /** Any port of the offer. */
  | { readonly type: "assigned"; readonly name: string };

/** What an Instance with everything attached to it takes. Units: cores, MiB, MiB, devices. */
export interface Need {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly gpu: number;
  readonly ports: readonly PortNeed[];
}

/** Something that waits for a node: an Instance, or a task attached to one that has to start again. */
export interface WaitingTask {
  readonly key: string;
  /** `namespace/group/service`: what rules count, whatever the revision. */
  readonly service: string;
  /** How many instances the service wants in all: the shares of GroupBy. */
  readonly wanted: number;
  readonly need: Need;
  /** Only resources reserved for these roles, `*`: unreserved; undefined: any. */
  readonly roles: readonly string[] | undefined;
  /** In order of preference; empty: any. */
  readonly nodeNames: readonly string[];
  readonly nodeType: string | undefined;
  readonly nodeFunction: string | undefined;
  readonly rules: readonly PlacementRule[];
  /** Services, as `service` names them, that must not be on the node. */
  readonly apartFrom: readonly string[];
  /** Services whose nodes are preferred. */
  readonly near: readonly string[];
  readonly strategy: "Spread" | "BinPack";
  /** Older waiting tasks go first; RFC 3339. */
  readonly createdAt: string;
}

/** A task that holds a node: placed and not ended, whatever its revision. */
export interface PlacedTask {
  readonly service: string;
  readonly node: string;
}

/** A node, whether it offers something now or not; one whose agent is away is closed, and counts for rules as it was. */
export interface NodeFacts {
  readonly name: string;
  readonly type: string;
  readonly function: string | undefined;
  /** What rules compare: `hostname`, `@region`, `@zone` and the attributes of its agent. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Whether its agent has GPUs, given away or not; unset: it has none. */
  readonly hasGpu?: boolean;
  /** Why nothing new may start there, e.g. `unschedulable`, `draining`, `unreachable`; undefined: it may. */
  readonly closedBecause: string | undefined;
}

/** What one agent offers now, all its held offers together. */
export interface NodeOffer {
  readonly agentId: string;
  readonly offerIds: readonly string[];
  /** Name of a node of `nodes`. */
  readonly node: string;
  /** By the role that it is reserved for. */
  readonly pools: readonly ResourcePool[];
}

/** Everything a round of placement rests on. */
export interface PlaceInput {
  readonly waiting: readonly WaitingTask[];
  readonly placed: readonly PlacedTask[];
  readonly nodes: readonly NodeFacts[];
  readonly offers: readonly NodeOffer[];
  /** Where the choice of assigned ports begins, so that a port just freed is not taken again at once; any whole number. */
  readonly portSeed: number;
}

/** A task with its node and ports. */
export interface Placement {
  readonly key: string;
  readonly agentId: string;
  readonly offerIds: readonly string[];
  readonly node: string;
  /** By name, fixed and assigned ones. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}

/** Why a task found no node. */
export interface Refusal {
  readonly key: string;
  /** How many of the offering nodes refused for which reason, each counted once by its first reason. */
  readonly counts: ReadonlyMap<string, number>;
  /** For people: counts, and the nearest miss (the node that got furthest, and what it lacks). */
  readonly message: string;
}

export interface PlaceResult {
  readonly placements: readonly Placement[];
  readonly refusals: readonly Refusal[];
}
