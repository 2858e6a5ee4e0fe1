import type { Observable, Subscription } from "rxjs";
import { filter, merge, mergeMap } from "rxjs";
import { DnsRecord } from "../../api-types/dns-record.js";
import { Instance } from "../../api-types/instance.js";
import type { Kind } from "../../api-types/meta/kind.js";
import type { Condition, ObjectMeta } from "../../api-types/meta/object.js";
import { Node } from "../../api-types/node.js";
import { Rack } from "../../api-types/rack.js";
import { Route } from "../../api-types/route.js";
import { ScalingPolicy } from "../../api-types/scaling-policy.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { Client } from "../../client/client.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import { createInformers } from "../../runtime/informers.js";

const KINDS: readonly Kind[] = [Rack, Node, ServiceGroup, Instance, Route, DnsRecord, ScalingPolicy];

export interface ProgressOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** A terminal gets a line of counts that is written over; anything else plain lines only. */
  readonly isTerminal: boolean;
  readonly write: (text: string) => void;
  /** Wall time: objects created before it were stored already, and are told of only when they change. */
  readonly since: number;
}

interface Shown {
  readonly metadata: ObjectMeta;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Tells, line by line, what the loops do: objects that come and go, conditions that change. */
export function showProgress(options: ProgressOptions): { close(): void } {
  const informers = createInformers(options);
  const caches = KINDS.map((kind) => ({ kind, cache: informers.cache(kind) }));
  const counted = () => {
    const objects = caches.flatMap(({ cache }) => cache.list() as readonly Shown[]);
    return { ready: objects.filter(isReady).length, all: objects.length };
  };
  const startedAt = options.clock.monotonic();
  let wasComplete = false;

  const say = (line: string) => {
    const seconds = ((options.clock.monotonic() - startedAt) / 1000).toFixed(1).padStart(6);
    options.write(`${options.isTerminal ? CLEAR_LINE : ""}${seconds}s  ${line}\n`);
  };
  const count = () => {
    const { ready, all } = counted();
    if (options.isTerminal) options.write(`${CLEAR_LINE}        ${ready} of ${all} objects Ready`);
    if (ready === all && all > 0 && !wasComplete) say(`all ${all} objects are Ready`);
    wasComplete = ready === all;
  };
  const changes$: Observable<string> = merge(
    ...caches.map(({ kind, cache }) => linesOf(kind, newsOf(cache.changes$, options.since))),
  );
  const subscription: Subscription = changes$.subscribe((line) => {
    say(line);
    count();
  });
  return {
    close() {
      subscription.unsubscribe();
      informers.stop();
      if (options.isTerminal) options.write(CLEAR_LINE);
    },
  };
}

const CLEAR_LINE = "\r\u001b[2K";

interface Change {
  readonly previous: unknown;
  readonly current: unknown;
}

/** Without the first sight of objects that were stored already. Completes and errors as its source; does not replay. */
function newsOf(changes$: Observable<Change>, since: number): Observable<Change> {
  // timestamps are cut to whole seconds
  const sinceSecond = Math.floor(since / 1000) * 1000;
  const createdAt = (shown: unknown) => Date.parse((shown as Shown).metadata.creationTimestamp ?? ""); // any object
  return changes$.pipe(filter(({ previous, current }) => previous !== undefined || createdAt(current) >= sinceSecond));
}

function linesOf(kind: Kind, changes$: Observable<Change>): Observable<string> {
  return changes$.pipe(
    mergeMap(({ previous, current }) => changeLines(kind, previous as Shown | undefined, current as Shown | undefined)),
  );
}

/** One line for each thing that a person wants to know of a change. */
function changeLines(kind: Kind, previous: Shown | undefined, current: Shown | undefined): string[] {
  const shown = current ?? previous;
  if (shown === undefined) return [];
  const name = `${kind.singular} ${nameOf(shown)}`;
  if (current === undefined) return [`${name} is gone`];
  const made = previous === undefined ? [`${name} created`] : [];
  const isNewlyDeleted =
    previous !== undefined && !previous.metadata.deletionTimestamp && current.metadata.deletionTimestamp;
  const leaving = isNewlyDeleted ? [`${name} leaves`] : [];
  return [...made, ...leaving, ...conditionLines(name, previous, current)];
}

function conditionLines(name: string, previous: Shown | undefined, current: Shown): string[] {
  return (current.status?.conditions ?? []).flatMap((condition) => {
    const before = previous?.status?.conditions?.find((other) => other.type === condition.type);
    if (before?.status === condition.status || isQuiet(condition, before)) return [];
    const message = condition.message === "" ? "" : `: ${condition.message}`;
    return [`${name} ${condition.type}=${condition.status} (${condition.reason}${message})`];
  });
}

/** First values that only say "not yet", and layers that are not used, are left out. */
function isQuiet(condition: Condition, before: Condition | undefined): boolean {
  return condition.reason === "NotUsed" || (before === undefined && condition.status !== "True");
}

function nameOf({ metadata }: Shown): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function isReady({ status }: Shown): boolean {
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;
}
