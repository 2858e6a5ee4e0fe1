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
  const passedMs = view.sinceProgress(service.name, progressAt(view, { service, members, revisionName }));
  return view.now - passedMs + view.group.spec.progressDeadlineSeconds * 1000;
}

/** Steps of an instance's life that bring a rollout forward. */
const STEPS: readonly string[] = ["Scheduled", "Running", "Ready", "Published"];
/** Instances that take the place of failed ones bring nothing forward before they serve. */
const REPEATED: readonly (string | undefined)[] = ["Restart", "Unhealthy", "Retry"];

/** When a rollout last went forward; a time to come counts as now. */
export function progressAt({ revisions, now }: GroupView, { members, revisionName }: Rollout): number {
  const revision = revisions.find(({ metadata }) => metadata.name === revisionName);
  const times = members.flatMap((instance) =>
    instance.spec.revisionName === revisionName ? stepsOf(instance) : [timeOf(instance.metadata.deletionTimestamp)],
  );
  const past = [timeOf(revision?.metadata.creationTimestamp), ...times].map((time) => Math.min(time, now));
  return past.reduce((latest, time) => Math.max(latest, time), 0);
}

function stepsOf({ metadata, status }: Instance): readonly number[] {
  const isRepeated = REPEATED.includes(metadata.annotations?.[ANNOTATION.cause]);
  const steps = (status?.conditions ?? []).filter(
    (condition) =>
      condition.status === "True" && STEPS.includes(condition.type) && (!isRepeated || condition.type === "Published"),
  );
  const times = steps.map(({ lastTransitionTime }) => timeOf(lastTransitionTime));
  return isRepeated ? times : [timeOf(metadata.creationTimestamp), ...times];
}

/** Failures counted so far: the newer of what the status says and what this process remembers. */
export function knownBackoff(view: GroupView, { name }: Service): Backoff | undefined {
  const remembered = view.remembered.get(name);
  const status = statusOf(view, name);
  if (status?.failures === undefined || status.lastFailure === undefined) return remembered;
  const stored = {
    failures: status.failures,
    lastFailure: timeOf(status.lastFailure),
    revisionName: status.revision ?? "",
  };
  return remembered !== undefined && remembered.lastFailure >= stored.lastFailure ? remembered : stored;
}
