import {
  concat,
  defer,
  filter,
  type MonoTypeOperatorFunction,
  map,
  Observable,
  repeat,
  retry,
  takeUntil,
  tap,
  throwError,
} from "rxjs";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import { isStatus, StatusError } from "../api-types/meta/status-error.js";
import type { Client, WatchEvent } from "../client/client.js";
import { resourceName } from "../client/path.js";
import { after$, type Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";

/** What became known of a kind. */
export type ReflectEvent<T> =
  /** The whole state at `resourceVersion`: first, and after every list; the cache turns it into differences. */
  | { readonly type: "Synced"; readonly objects: readonly T[]; readonly resourceVersion: string }
  | { readonly type: "Applied"; readonly object: T }
  /** The last state, with the deletion's own resource version. */
  | { readonly type: "Deleted"; readonly object: T };

export interface ReflectOptions<K extends Kind> {
  readonly client: Client;
  readonly kind: K;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Unset: all namespaces. */
  readonly namespace?: string;
  /** A watch that is silent for so long, bookmarks included, is opened again; default 120 s. */
  readonly idleMs?: number;
  /** At least this often everything is listed anew, whatever the watch says (R19); default 300 s. */
  readonly relistMs?: number;
}

/**
 * List and watch of one kind. Never completes, never errors, does not replay. After `Expired`, and once every
 * `relistMs`, it lists again; every other fault resumes from the last seen resource version, with jittered back-off.
 */
export function reflect<K extends Kind>(options: ReflectOptions<K>): Observable<ReflectEvent<ObjectOf<K>>> {
  return defer(() => {
    const cursor: Cursor = { resourceVersion: "", failures: 0, olderLists: 0 };
    const cycle$ = concat(list$(options, cursor), watch$(options, cursor));
    return cycle$.pipe(retry({ delay: (error) => pause$(options, cursor, error) }), repeat());
  });
}

const PAGE_SIZE = 500;
const BACK_OFF_BASE_MS = 200;
const BACK_OFF_MAX_MS = 30_000;
/** So many lists in a row must be older than what was seen before the store is believed to have gone back (R7). */
const OLDER_LISTS_MAX = 3;

interface Cursor {
  resourceVersion: string;
  /** Since the last sign of life. */
  failures: number;
  olderLists: number;
}

function list$<K extends Kind>(options: ReflectOptions<K>, cursor: Cursor): Observable<ReflectEvent<ObjectOf<K>>> {
  return defer(() => listAll(options)).pipe(
    tap(({ resourceVersion }) => accept(options, cursor, resourceVersion)),
    map(({ objects, resourceVersion }) => ({ type: "Synced", objects, resourceVersion }) as const),
  );
}

async function listAll<K extends Kind>(options: ReflectOptions<K>) {
  const { client, kind, namespace } = options;
  const scope = namespace === undefined ? {} : { namespace };
  let page = await client.list(kind, { ...scope, limit: PAGE_SIZE });
  const { resourceVersion } = page;
  const objects = [...page.items];
  while (page.continue !== undefined) {
    page = await client.list(kind, { ...scope, limit: PAGE_SIZE, continue: page.continue });
    objects.push(...page.items);
  }
  return { objects, resourceVersion };
}

/** A view must not go back: an older list is refused until it has repeated itself. */
function accept<K extends Kind>(options: ReflectOptions<K>, cursor: Cursor, resourceVersion: string): void {
  if (Number(resourceVersion) < Number(cursor.resourceVersion) && cursor.olderLists < OLDER_LISTS_MAX) {
    cursor.olderLists += 1;
    const message = `listing ${resourceName(options.kind)}: version ${resourceVersion} is before ${cursor.resourceVersion}`;
    throw new StatusError("ServiceUnavailable", message);
  }
  cursor.olderLists = 0;
  cursor.resourceVersion = resourceVersion;
}

/** Watches, again and again, until a list is due (completes) or demanded (errors). */
function watch$<K extends Kind>(options: ReflectOptions<K>, cursor: Cursor): Observable<ReflectEvent<ObjectOf<K>>> {
  const { client, kind, clock, random, namespace } = options;
  const { idleMs = 120_000, relistMs = 300_000 } = options;
  const scope = namespace === undefined ? {} : { namespace };
  return defer(() => client.watch$(kind, { ...scope, resourceVersion: cursor.resourceVersion })).pipe(
    endWhenIdle(clock, idleMs),
    map((event) => advance<ObjectOf<K>>(cursor, event)),
    filter((event): event is ReflectEvent<ObjectOf<K>> => event !== undefined),
    repeat({ delay: () => pause$(options, cursor, undefined) }),
    retry({ delay: (error) => (isListNeeded(error) ? throwError(() => error) : pause$(options, cursor, error)) }),
    // spread, so that the kinds of a process do not list at the same moment
    takeUntil(after$(clock, relistMs * (0.8 + 0.2 * random.next()))),
  );
}

/** Completes a stream that has been silent for `idleMs`. */
function endWhenIdle<T>(clock: Clock, idleMs: number): MonoTypeOperatorFunction<T> {
  return (source$) =>
    new Observable((subscriber) => {
      let heardAt = clock.monotonic();
      // one timer that looks again, not one for every event
      const wait = (delayMs: number) =>
        clock.schedule(delayMs, () => {
          const restMs = heardAt + idleMs - clock.monotonic();
          if (restMs > 0) timer = wait(restMs);
          else subscriber.complete();
        });
      let timer = wait(idleMs);
      subscriber.add(() => timer.cancel());
      const heard = tap<T>(() => {
        heardAt = clock.monotonic();
      });
      subscriber.add(source$.pipe(heard).subscribe(subscriber));
    });
}

function advance<T extends { readonly metadata: { readonly resourceVersion?: string } }>(
  cursor: Cursor,
  event: WatchEvent<T>,
): ReflectEvent<T> | undefined {
  cursor.failures = 0;
  if (event.type === "BOOKMARK") {
    cursor.resourceVersion = event.resourceVersion || cursor.resourceVersion;
    return undefined;
  }
  const { resourceVersion = cursor.resourceVersion } = event.object.metadata;
  if (Number(resourceVersion) < Number(cursor.resourceVersion)) {
    throw new StatusError("Expired", `an event of version ${resourceVersion} follows ${cursor.resourceVersion}`);
  }
  cursor.resourceVersion = resourceVersion;
  return { type: event.type === "DELETED" ? "Deleted" : "Applied", object: event.object };
}

/** The history is gone, or the version is refused: only a list can go on. */
function isListNeeded(error: unknown): boolean {
  if (isStatus(error, "Expired", "BadRequest", "Invalid")) return true;
  return isStatus(error, "Timeout") && error.details?.causes?.[0]?.reason === "ResourceVersionTooLarge";
}

/** Waits before the next attempt: full jitter, growing while nothing answers; a server's hint is a lower bound. */
function pause$<K extends Kind>(options: ReflectOptions<K>, cursor: Cursor, error: unknown): Observable<void> {
  cursor.failures += 1;
  const hintMs = error instanceof StatusError ? (error.details?.retryAfterSeconds ?? 0) * 1000 : 0;
  const ceilingMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_BASE_MS * 2 ** Math.min(cursor.failures, 16));
  const delayMs = hintMs + Math.ceil(options.random.next() * ceilingMs);
  if (error !== undefined) {
    options.log.warn("reflecting is interrupted", { resource: resourceName(options.kind), delayMs, error });
  }
  return after$(options.clock, delayMs);
}
