import { createHash } from "node:crypto";
import { Event } from "../api-types/core/event.js";
import type { KubeObject } from "../api-types/meta/object.js";
import { isStatus } from "../api-types/meta/status-error.js";
import type { Client } from "../client/client.js";
import { readOptional } from "../client/read-optional.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import { formatTime } from "./conditions.js";

export interface EventWriter {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What happened to an object. */
export interface ObjectEvent {
  readonly object: Pick<KubeObject, "apiVersion" | "kind" | "metadata">;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The loop's name. */
  readonly reporter: string;
}

/**
 * Tells people what happened. There is one Event per object, reason and reporter, whose count and last message are
 * kept, so that their number is bounded; it is written at most once in ten seconds. Failing to tell fails nothing but
 * the log, except `Fenced`.
 */
export async function recordEvent(writer: EventWriter, event: ObjectEvent): Promise<void> {
  try {
    await store(writer, event);
  } catch (error) {
    if (isStatus(error, "Fenced")) throw error;
    writer.log.warn("event is not recorded", { reason: event.reason, object: event.object.metadata.name, error });
  }
}

const QUIET_MS = 10_000;
/** Events of cluster-scoped objects live here, as in Kubernetes. */
const CLUSTER_EVENTS_NAMESPACE = "default";

async function store({ client, clock }: EventWriter, event: ObjectEvent): Promise<void> {
  const { metadata } = event.object;
  const identity = [metadata.uid, event.type, event.reason, event.reporter].join("/");
  const suffix = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  const key = { namespace: metadata.namespace ?? CLUSTER_EVENTS_NAMESPACE, name: `${metadata.name}.${suffix}` };
  const lastTimestamp = formatTime(clock.now());
  const known = await readOptional(client, Event, key);
  if (known === undefined) {
    await client.create(Event, {
      ...bodyOf(event),
      metadata: key,
      firstTimestamp: lastTimestamp,
      lastTimestamp,
      count: 1,
    });
    return;
  }
  if (Math.abs(clock.now() - Date.parse(known.lastTimestamp ?? "")) < QUIET_MS) return;
  await client.patch(Event, key, { message: event.message, lastTimestamp, count: (known.count ?? 1) + 1 });
}

function bodyOf({ object, type, reason, message, reporter }: ObjectEvent) {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  const involvedObject = { apiVersion, kind, name, namespace, uid, resourceVersion };
  return { involvedObject, type, reason, message, source: { component: reporter }, reportingComponent: reporter };
}
