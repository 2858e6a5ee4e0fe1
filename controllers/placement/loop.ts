import { Instance } from "../../api-types/instance.js";
import { IPAddress } from "../../api-types/ip-address.js";
import { isDeleting, isLeaving, isTerminal, keyOf, TERMINAL_STATES } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import type { Offer } from "../../drivers/compute/driver.js";
import type { Cache } from "../../runtime/cache.js";
import { taskIdsOf } from "../attached.js";
import type { LoopContext, RackDrivers } from "../context.js";
import { createOrphanWatch } from "../orphans.js";
import { CLAIM_INDEXES } from "./address/claims.js";
import { createOfferKeeper } from "./offers.js";
import { createTurns } from "./round/turn.js";

/** The field manager of everything that placement writes. */
export const PLACEMENT = "placement";

export type Compute = NonNullable<RackDrivers["compute"]>;

/** A rack with its compute back end. */
export interface Place {
  readonly rack: Rack;
  readonly compute: Compute;
}

/** What placement remembers of a rack between rounds. */
export interface RackMemory {
  readonly keeper: ReturnType<typeof createOfferKeeper>;
  readonly orphans: ReturnType<typeof createOrphanWatch>;
  readonly turns: ReturnType<typeof createTurns>;
  /** Instances that a launch refused, and until when (monotonic) they are passed over: they hold no room from others. */
  readonly heldUntil: Map<string, number>;
  /** What the last round saw. */
  seen: { readonly held: readonly Offer[]; readonly nodes: readonly Node[] } | undefined;
}

/** The caches of the loop, and its memory of racks. */
export interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly racks: Cache<Rack>;
  readonly claims: Cache<IPAddress>;
  readonly nodes: Cache<Node>;
  readonly memory: Map<string, RackMemory>;
}

/** Where an Instance stands: `attached`: placed, and something beside it ended. */
export type PlacementState = "waiting" | "placed" | "attached" | "done";

export function openLoop(context: LoopContext): Loop {
  const { informers } = context;
  const instances = informers.cache(Instance, {
    group: (instance) => [groupKeyOf(instance)],
    placement: (instance) => statesOf(instance).map((state) => `${groupKeyOf(instance)} ${state}`),
    task: taskIdsOf,
  });
  return {
    context,
    instances,
    groups: informers.cache(ServiceGroup, { rack: (group) => [group.spec.rackName] }),
    revisions: informers.cache(Revision),
    racks: informers.cache(Rack),
    claims: informers.cache(IPAddress, CLAIM_INDEXES),
    nodes: informers.cache(Node, { rack: (node) => [node.spec.rackName] }),
    memory: new Map(),
  };
}

export function memoryOf({ memory, context }: Loop, rack: string): RackMemory {
  const known = memory.get(rack) ?? {
    keeper: createOfferKeeper(context.clock),
    orphans: createOrphanWatch(),
    turns: createTurns(),
    heldUntil: new Map(),
    seen: undefined,
  };
  memory.set(rack, known);
  return known;
}

/** The Instances of a rack in one state; costs as much as the rack has groups, not as there are Instances. */
export function* instancesIn({ instances, groups }: Loop, rack: string, state: PlacementState): Iterable<Instance> {
  for (const group of groups.by("rack", rack)) yield* instances.by("placement", `${keyOf(group)} ${state}`);
}

export function groupOf({ groups }: Loop, instance: Instance): ServiceGroup | undefined {
  return groups.get(groupKeyOf(instance));
}

/** The template that the instance was created with. */
export function templateOf({ revisions }: Loop, { metadata, spec }: Instance): Service | undefined {
  return revisions.get(`${metadata.namespace ?? ""}/${spec.revisionName}`)?.spec.template;
}

export function placementState(instance: Instance): "waiting" | "placed" | "done" {
  if (instance.status?.placement !== undefined) return isTerminal(instance) ? "done" : "placed";
  return isDeleting(instance) ? "done" : "waiting";
}

/** Whether something beside a placed Instance has ended; whether it starts again is not told here. */
export function hasEndedAttached(instance: Instance): boolean {
  if (placementState(instance) !== "placed" || isLeaving(instance)) return false;
  return (instance.status?.attached ?? []).some(({ state }) => TERMINAL_STATES.includes(state ?? ""));
}

export function groupKeyOf({ metadata, spec }: Instance): string {
  return `${metadata.namespace ?? ""}/${spec.serviceGroup}`;
}

function statesOf(instance: Instance): readonly PlacementState[] {
  const state = placementState(instance);
  return hasEndedAttached(instance) ? [state, "attached"] : [state];
}
