import { BehaviorSubject, type Observable } from "rxjs";
import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import type { Agent, Offer, Resources } from "../driver.js";
import { addResources, NO_RESOURCES } from "../resources.js";

const OFFER_AGAIN_MS = 5_000;

/** An agent and what it has left. */
export interface FreeAgent {
  readonly agent: Agent;
  readonly free: Resources;
}

/** What the offers are made of. */
export interface OfferModelOptions {
  readonly clock: Clock;
  readonly role: string;
  listFree(): ReadonlyMap<string, FreeAgent>;
}

/** Offers as a master makes them for one framework. */
export interface OfferModel {
  /** Never completes before `close`, cannot error, replays the last. */
  readonly offers$: Observable<readonly Offer[]>;
  /** Withdraws what is not there any more, offers anew what is. */
  refresh(): void;
  /** What these offers hold together. Throws StatusError when one is not held, or they are not of one agent. */
  total(offerIds: readonly string[]): Resources;
  use(offerIds: readonly string[]): void;
  decline(offerIds: readonly string[], refuseMs: number): void;
  suppress(): void;
  revive(): void;
  close(): void;
}

/** One offer for each agent that has something left, unless it is filtered, held already or all are suppressed. */
export function createOfferModel(options: OfferModelOptions): OfferModel {
  const { clock, role, listFree } = options;
  const held = new BehaviorSubject<readonly Offer[]>([]);
  const filtered = new Set<string>();
  let isSuppressed = false;
  let count = 0;

  /** Withdraws what is not there any more, offers anew what is. */
  function refresh(): void {
    const free = listFree();
    const kept = held.value.filter((offer) => isSame(offer.resources, free.get(offer.agentId)?.free));
    const covered = new Set(kept.map(({ agentId }) => agentId));
    const fresh = isSuppressed
      ? []
      : [...free.values()].flatMap((entry) => (isOffered(entry, covered) ? [offerFrom(entry)] : []));
    if (fresh.length === 0 && kept.length === held.value.length) return;
    held.next([...kept, ...fresh]);
  }

  function isOffered({ agent, free }: FreeAgent, covered: ReadonlySet<string>) {
    return !covered.has(agent.id) && !filtered.has(agent.id) && free.cpu > 0 && free.memoryMiB > 0;
  }

  function offerFrom({ agent, free }: FreeAgent): Offer {
    count += 1;
    return offerOf(agent, free, { id: `offer-${count}`, role });
  }

  function drop(offerIds: readonly string[]): readonly Offer[] {
    const dropped = held.value.filter(({ id }) => offerIds.includes(id));
    held.next(held.value.filter((offer) => !dropped.includes(offer)));
    return dropped;
  }

  return {
    offers$: held.asObservable(),
    refresh,
    total(offerIds: readonly string[]): Resources {
      return totalOf(
        held.value.filter(({ id }) => offerIds.includes(id)),
        offerIds.length,
      );
    },
    use: (offerIds) => void drop(offerIds),
    decline(offerIds: readonly string[], refuseMs: number): void {
      for (const { agentId } of drop(offerIds)) {
        filtered.add(agentId);
        clock.schedule(Math.max(refuseMs, OFFER_AGAIN_MS), () => {
          if (filtered.delete(agentId)) refresh();
        });
      }
    },
    suppress(): void {
      isSuppressed = true;
    },
    revive(): void {
      isSuppressed = false;
      filtered.clear();
      refresh();
    },
    close: () => held.complete(),
  };
}

/** The whole rest of an agent as one offer. */
function offerOf(agent: Agent, resources: Resources, { id, role }: Pick<Offer, "id" | "role">): Offer {
  const { id: agentId, hostname, attributes, region, zone } = agent;
  const location = { ...(region === undefined ? {} : { region }), ...(zone === undefined ? {} : { zone }) };
  return { id, agentId, hostname, attributes, resources, pools: [{ role: "*", resources }], role, ...location };
}

/** What offers hold together. Throws StatusError when some of the wanted are not there, or they are not of one agent. */
function totalOf(found: readonly Offer[], wanted: number): Resources {
  if (found.length !== wanted) {
    throw new StatusError("Conflict", "launching tasks: an offer is not held any more");
  }
  if (new Set(found.map(({ agentId }) => agentId)).size !== 1) {
    throw new StatusError("Invalid", "launching tasks: the offers are not of one agent");
  }
  return found.reduce((sum, { resources }) => addResources(sum, resources), NO_RESOURCES);
}

function isSame(a: Resources, b: Resources | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
