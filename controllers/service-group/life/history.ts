import type { Revision } from "../../../api-types/revision.js";
import type { GroupStep, GroupView } from "./model.js";

/**
 * Revisions beyond the history limit of their service, oldest first: none that an Instance refers to, not the one of
 * today's template, none that a rollback names, and never the newest, whose number would be given again.
 */
export function planHistory(view: GroupView, inUse: ReadonlySet<string>): GroupStep[] {
  const { group, instances, revisions } = view;
  const used = new Set(instances.map(({ spec }) => spec.revisionName));
  const named = (group.status?.services ?? []).flatMap(({ availableRevision, failedRevision, revision }) => [
    availableRevision,
    failedRevision,
    revision,
  ]);
  const isNamed = (name: string) => used.has(name) || inUse.has(name) || named.includes(name);
  const isToday = ({ spec }: Revision) =>
    group.spec.services.some((service) => service.name === spec.service && view.isSameTemplate(spec.template, service));
  const services = new Set(revisions.map(({ spec }) => spec.service));
  return [...services].flatMap((service) => {
    const own = revisions.filter(({ spec }) => spec.service === service);
    const old = own.slice(0, -1).filter(({ metadata }) => !isNamed(metadata.name));
    const surplus = Math.max(0, old.length - group.spec.revisionHistoryLimit);
    const leaving = old.slice(0, surplus).filter((revision) => !isToday(revision));
    return leaving.map((revision): GroupStep => ({ type: "deleteRevision", revision }));
  });
}
