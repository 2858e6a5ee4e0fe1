import { type Store, type StoreEvent, StoreUnavailableError, type Write } from "../../store.js";

/** A store under test, and what a test may do to what is below it. */
export interface StoreHarness {
  /** The store; another one after a restart if the first did not survive it. */
  store(): Store;
  /** Forgets the past before the current revision. */
  compact(): Promise<void>;
  /** Ends what is below the store without warning where that is possible, and starts it again on the same data. */
  readonly restart?: () => Promise<void>;
  close(): Promise<void>;
}

/** The bytes of a text. */
export const bytes = (text: string) => new TextEncoder().encode(text);

/** The text of bytes; the name of nothing is nothing. */
export const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

/** Writes what must succeed; the new revision. */
export async function commit(store: Store, write: Write): Promise<number> {
  const result = await store.write(write);
  if (result.type !== "committed") throw new Error(`expected a commit of ${write.key}, got ${result.type}`);
  return result.revision;
}

/** Creates a key with a text; its revision. */
export function create(store: Store, key: string, value = key): Promise<number> {
  return commit(store, { type: "create", key, value: bytes(value) });
}

/** What a watch delivered so far, and a way to wait for more. */
interface Collected {
  readonly events: StoreEvent[];
  /** Resolves when `isEnough` holds; rejects with the error of the watch. */
  until(isEnough: (events: readonly StoreEvent[]) => boolean): Promise<void>;
  stop(): void;
}

/** Follows a prefix over restarts of the store, as every user of a watch must: again from the last delivered revision. */
export function follow(store: () => Store, prefix: string, afterRevision: number): Collected {
  const events: StoreEvent[] = [];
  let waiting: (() => void)[] = [];
  let failure: unknown;
  let delivered = afterRevision;
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const subscribe = (): { unsubscribe(): void } =>
    store()
      .watch$(prefix, delivered)
      .subscribe({
        next: (event) => {
          delivered = event.revision;
          events.push(event);
          wake();
        },
        error: (error: unknown) => {
          failure = error;
          wake();
        },
      });
  let subscription = subscribe();
  async function until(isEnough: (events: readonly StoreEvent[]) => boolean): Promise<void> {
    while (!isEnough(events)) {
      if (failure instanceof StoreUnavailableError) {
        failure = undefined;
        subscription = subscribe();
      }
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }
  return { events, until, stop: () => subscription.unsubscribe() };
}

/** Changes only, in short: `+` created, `~` updated from, `-` deleted. */
export function told(events: readonly StoreEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === "progress") return [];
    if (event.type === "delete") return [`-${event.key}=${text(event.previous)}`];
    const previous = event.previous === undefined ? "+" : `~${text(event.previous)}>`;
    return [`${previous}${event.key}=${text(event.value)}`];
  });
}
