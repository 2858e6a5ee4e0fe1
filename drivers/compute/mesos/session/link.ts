import { BehaviorSubject, Subject } from "rxjs";
import { TransportError } from "../../../../platform/transport.js";
import type { Connection, TaskStatus } from "../../driver.js";
import { createInventory, type Inventory } from "../holdings/inventory.js";
import { createOfferBook, type OfferBook } from "../holdings/offers.js";
import { createReconciler, type Reconciler, type TaskKey } from "../holdings/reconcile.js";
import { refusalOf } from "../mapping/refusal.js";
import type { MesosDriverOptions } from "../options.js";
import type { WireExecutorInfo, WireStreamCall, WireTaskKey } from "../wire.js";
import type { MesosAccess } from "./access.js";
import { type MasterClient, masterClient } from "./master.js";
import type { Session } from "./subscription.js";

/** What is still to be learned before absence of a task means anything. */
export interface Settling {
  /** Tasks were listed when no agent was expected any more. */
  isListed: boolean;
  isSettled: boolean;
  /** Tasks of the listings that were asked for once. */
  readonly asked: Set<string>;
  /** An agent was lost: the next look must not wait. */
  isLookWanted: boolean;
  /** Ends the pause before the next look. */
  wake: () => void;
}

/** Everything one driver holds. Changed only by the functions of this folder and of the driver. */
export interface Link {
  readonly options: MesosDriverOptions;
  readonly client: MasterClient;
  readonly connection: BehaviorSubject<Connection>;
  readonly statuses: Subject<TaskStatus>;
  readonly offers: OfferBook;
  readonly inventory: Inventory;
  readonly reconciler: Reconciler;
  /** Executors of our own that were started, by agent and id. */
  readonly executors: Map<string, WireExecutorInfo>;
  /** As read for the latest attempt to connect. */
  access: MesosAccess;
  frameworkId: string | undefined;
  isSuppressed: boolean;
  /** Undefined while not subscribed. */
  session: Session | undefined;
  settling: Settling;
}

/** A link that is not connected. */
export function createLink(options: MesosDriverOptions): Link {
  const { clock, transport, observePeriodMs } = options;
  const link: Link = {
    options,
    client: masterClient({ transport, clock, access: () => link.access, trusted: options.masters }),
    connection: new BehaviorSubject<Connection>({
      type: "connecting",
      reason: "not connected yet",
      since: clock.monotonic(),
    }),
    statuses: new Subject(),
    offers: createOfferBook(),
    inventory: createInventory({ clock, source: `mesos/${options.frameworkName}`, periodMs: observePeriodMs }),
    reconciler: createReconciler({ clock, send: (keys) => callMaster(link, "reconciling tasks", reconcileCall(keys)) }),
    executors: new Map(),
    access: {},
    frameworkId: options.frameworkId,
    isSuppressed: false,
    session: undefined,
    settling: freshSettling(),
  };
  return link;
}

/** Nothing is learned yet. */
export function freshSettling(): Settling {
  return { isListed: false, isSettled: false, asked: new Set(), isLookWanted: false, wake: () => {} };
}

/** One call on the stream that is open now. Rejects with StatusError (refused) or TransportError. */
export async function callMaster(link: Link, operation: string, body: WireStreamCall): Promise<void> {
  await call(link, operation, { body, isUntilStreamEnds: true });
}

/** TEARDOWN: the stream may end before the answer to it comes. Rejects as callMaster. */
export async function tearDown(link: Link): Promise<void> {
  await call(link, "tearing the framework down", { body: { type: "TEARDOWN" }, isUntilStreamEnds: false });
}

async function call(
  link: Link,
  operation: string,
  { body, isUntilStreamEnds }: { readonly body: WireStreamCall; readonly isUntilStreamEnds: boolean },
): Promise<void> {
  const { session } = link;
  if (session === undefined) throw new TransportError(`${operation}: not subscribed`, { isSent: false });
  const { url, streamId, frameworkId, signal } = session;
  const framed = { framework_id: { value: frameworkId }, ...body };
  const post = link.client.post({ url, streamId, body: framed }, isUntilStreamEnds ? signal : undefined);
  const answer = await post.catch((error: unknown) => Promise.reject(named(operation, error)));
  const refusal = refusalOf(operation, answer);
  if (refusal === undefined) return;
  if (refusal.isDisowned) session.invalidate(refusal.error.message);
  throw refusal.error;
}

/** The failure with what was to be done. */
function named(operation: string, error: unknown): unknown {
  if (!(error instanceof TransportError)) return error;
  return new TransportError(`${operation}: ${error.message}`, { isSent: error.isSent, cause: error });
}

/** The connection is gone: nothing that rests on it may be used or believed complete. */
export function disconnect(link: Link, reason: string): void {
  link.session = undefined;
  link.offers.clear();
  link.reconciler.end();
  link.inventory.weaken(`not subscribed: ${reason}`);
}

/** The task as calls name it; an agent without a name would be one that the master does not know. */
export function wireKeyOf({ taskId, agentId = "" }: TaskKey): WireTaskKey {
  return { task_id: { value: taskId }, ...(agentId === "" ? {} : { agent_id: { value: agentId } }) };
}

/** The question for these tasks; for none: for all that live. */
export function reconcileCall(keys: readonly TaskKey[]): WireStreamCall {
  return { type: "RECONCILE", reconcile: { tasks: keys.map(wireKeyOf) } };
}
