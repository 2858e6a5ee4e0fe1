import type { Instance } from "../../../api-types/instance.js";
import { isAvailable, isLeaving } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { timeOf } from "../slot/slots.js";
import { type Backoff, type GroupView, statusOf } from "./model.js";

/** One revision of a service on its way to be wholly available. */
export interface Rollout {
  readonly service: Service;
  readonly members: readonly Instance[];
  readonly revisionName: string;
}

/**
 * Whether nothing went forward for longer than `progressDeadlineSeconds` while an instance of this revision is waited for.
 * A revision that was wholly available once has met its deadline, whatever happens to its instances later.
 */
export function isPastDeadline(view: GroupView, rollout: Rollout): boolean {
  const due = deadlineAt(view, rollout);
  return due !== undefined && due <= view.now;
}

/** When the deadline of a rollout is over; undefined: there is none at the moment. */
export function deadlineAt(view: GroupView, { service, members, revisionName }: Rollout): number | undefined {
  if (service.mode === "Job") return undefined;
  if (statusOf(view, service.name)?.availableRevision === revisionName) return undefined;
  const own = members.filter(({ spec }) => spec.revisionName === revisionName);
  const isAwaited =
    own.some((instance) => !isLeaving(instance) && !isAvailable(instance)) ||
    // its last instance failed and is gone; the next one is not due yet
    knownBackoff(view, service)?.revisionName === revisionName;
  if (!isAwaited) return undefined;
  return progressAt(view, { service, members, revisionName }) + view.group.spec.progressDeadlineSeconds * 1000;
}

/** Steps of an instance's life that bring a rollout forward. */
const STEPS: readonly string[] = ["Scheduled", "Running", "Ready", "Published"];
/** Instances that take the place of failed ones bring nothing forward before they serve. */
const REPEATED: readonly (string | undefined)[] = ["Restart", "Unhealthy", "Retry"];

/** When a rollout last went forward. */
export function progressAt({ revisions, steady }: GroupView, { members, revisionName }: Rollout): number {
  const revision = revisions.find(({ metadata }) => metadata.name === revisionName);
  const times = members.flatMap((instance) => {
    const steps = instance.spec.revisionName === revisionName ? stepsOf(instance) : leavingOf(instance);
    return steps.map(({ type, at }) => steady(`${type} of ${instance.metadata.name}`, at));
  });
  const begunAt = steady(`creation of ${revisionName}`, timeOf(revision?.metadata.creationTimestamp));
  return times.reduce((latest, time) => Math.max(latest, time), begunAt);
}

interface Step {
  readonly type: string;
  readonly at: number;
}

function leavingOf({ metadata }: Instance): readonly Step[] {
  return metadata.deletionTimestamp === undefined ? [] : [{ type: "deletion", at: timeOf(metadata.deletionTimestamp) }];
}

function stepsOf({ metadata, status }: Instance): readonly Step[] {
  const isRepeated = REPEATED.includes(metadata.annotations?.[ANNOTATION.cause]);
  const steps = (status?.conditions ?? []).filter(
    (condition) =>
      condition.status === "True" && STEPS.includes(condition.type) && (!isRepeated || condition.type === "Published"),
  );
  const times = steps.map(({ type, lastTransitionTime }) => ({ type, at: timeOf(lastTransitionTime) }));
  return isRepeated ? times : [{ type: "creation", at: timeOf(metadata.creationTimestamp) }, ...times];
}

/** Failures counted so far: the newer of what the status says and what this process remembers. */
export function knownBackoff(view: GroupView, { name }: Service): Backoff | undefined {
  const newest = newerOf(view.remembered.get(name), storedBackoff(statusOf(view, name)));
  return newest && { ...newest, lastFailure: view.steady(`failure of ${name}`, newest.lastFailure) };
}

function storedBackoff(status: ReturnType<typeof statusOf>): Backoff | undefined {
  if (status?.failures === undefined || status.lastFailure === undefined) return undefined;
  return { failures: status.failures, lastFailure: timeOf(status.lastFailure), revisionName: status.revision ?? "" };
}

/** What is remembered goes before what is stored, unless another leader stored more since. */
function newerOf(remembered: Backoff | undefined, stored: Backoff | undefined): Backoff | undefined {
  if (remembered === undefined || stored === undefined) return remembered ?? stored;
  return remembered.lastFailure >= stored.lastFailure ? remembered : stored;
}
