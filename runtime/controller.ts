import { defer, from, map, merge, mergeMap, Observable } from "rxjs";
import type { Kind, ObjectOf } from "../api-types/meta/kind.js";
import { type Clock, every$ } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Metrics } from "../platform/metrics.js";
import type { Random } from "../platform/random.js";
import type { Informers } from "./informers.js";
import { type KeyOutcome, type Reconcile, reconcileKeys } from "./reconcile-keys.js";

/** Which keys of a loop a change of some kind concerns. */
export interface Watch {
  /** Asks for the cache, so that it is filled before the loop starts. */
  prepare(informers: Informers): void;
  /** Keys of every later change; never completes, cannot error, does not replay. */
  changes$(informers: Informers): Observable<string>;
  /** Keys of everything there is. */
  keys(informers: Informers): Iterable<string>;
}

/** A loop as data. */
export interface ControllerDefinition {
  readonly name: string;
  /** Keys worked on at once; default 4. */
  readonly concurrency?: number;
  readonly watches: readonly Watch[];
  /** Further keys, e.g. from a driver's observations; subscribed when the caches are synced; must not error. */
  readonly triggers?: readonly Observable<string>[];
  readonly reconcile: Reconcile;
}

export interface ControllersOptions {
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Every key is looked at once in this time, spread evenly (R19); default 60, at most 300. */
  readonly resyncSeconds?: number;
}

export interface ControllerOutcome extends KeyOutcome {
  readonly controller: string;
}

/**
 * Watches a kind. `keysOf` gives the keys for an object; on a change `previous` is the state before, so that a mapping
 * that can move names both; a deleted object is given in its last state. `allOf` gives those of an object when all objects
 * are gone through: to be given where `keysOf` names others of the same kind, too.
 */
export function on<K extends Kind>(
  kind: K,
  keysOf: (object: ObjectOf<K>, previous: ObjectOf<K> | undefined) => readonly string[],
  allOf: (object: ObjectOf<K>) => readonly string[] = (object) => keysOf(object, undefined),
): Watch {
  return {
    prepare: (informers) => void informers.cache(kind),
    changes$: (informers) =>
      // not mergeMap: an inner stream for every change and every loop costs more than the keys
      new Observable((subscriber) =>
        informers.cache(kind).changes$.subscribe(({ previous, current }) => {
          const last = current ?? previous;
          const keys = last === undefined ? [] : keysOf(last, current && previous);
          for (const key of keys) subscriber.next(key);
        }),
      ),
    *keys(informers) {
      for (const object of informers.cache(kind).list()) yield* allOf(object);
    },
  };
}

/** Checks the shape of a loop at compile time; the same value comes back. */
export function defineController<D extends ControllerDefinition>(definition: D): D {
  return definition;
}

/**
 * Runs loops over shared caches; no loop starts before every cache is complete (R23). Never completes; errors with the
 * first `Fenced`, which stops them all; does not replay; unsubscribing stops.
 */
export function runControllers(
  controllers: readonly ControllerDefinition[],
  options: ControllersOptions,
): Observable<ControllerOutcome> {
  return defer(() => {
    for (const { watches } of controllers) for (const watch of watches) watch.prepare(options.informers);
    const synced$ = from(options.informers.whenSynced());
    return synced$.pipe(mergeMap(() => merge(...controllers.map((controller) => run$(controller, options)))));
  });
}

const CONCURRENCY = 4;
const RESYNC_SECONDS_MAX = 300;
/** Into so many parts a resync is spread. */
const RESYNC_SLICES = 20;

function run$(controller: ControllerDefinition, options: ControllersOptions): Observable<ControllerOutcome> {
  const { name, concurrency = CONCURRENCY, reconcile } = controller;
  const { clock, random, metrics } = options;
  const log = options.log.child({ controller: name });
  const outcomes$ = reconcileKeys({
    keys$: keys$(controller, options),
    reconcile,
    concurrency,
    clock,
    random,
    name,
    log,
    ...(metrics === undefined ? {} : { metrics }),
  });
  return outcomes$.pipe(map((outcome) => ({ ...outcome, controller: name })));
}

/** Changes first, so that nothing is missed between reading the caches and listening to them. */
function keys$(controller: ControllerDefinition, options: ControllersOptions): Observable<string> {
  const { watches, triggers = [] } = controller;
  return merge(
    ...watches.map((watch) => watch.changes$(options.informers)),
    defer(() => keysWhere(watches, options.informers, () => true)),
    resync$(controller, options),
    ...triggers,
  );
}

/** Every key once a period, always in the same slice of it, so that no key waits longer than one period. */
function resync$({ watches }: ControllerDefinition, options: ControllersOptions): Observable<string> {
  const periodMs = Math.min(options.resyncSeconds ?? 60, RESYNC_SECONDS_MAX) * 1000;
  return every$(options.clock, periodMs / RESYNC_SLICES).pipe(
    mergeMap((_, tick) => keysWhere(watches, options.informers, (key) => sliceOf(key) === tick % RESYNC_SLICES)),
  );
}

/** The keys that `isWanted`; no more are gathered than those, because there may be very many. */
function keysWhere(watches: readonly Watch[], informers: Informers, isWanted: (key: string) => boolean): Set<string> {
  const keys = new Set<string>();
  for (const watch of watches) for (const key of watch.keys(informers)) if (isWanted(key)) keys.add(key);
  return keys;
}

function sliceOf(key: string): number {
  let hash = 0;
  for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) >>> 0;
  return hash % RESYNC_SLICES;
}
