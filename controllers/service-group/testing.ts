import type { Instance } from "../../api-types/instance.js";
import { isSameTemplate } from "../../api-types/revision.js";
import { placementRules } from "../../api-types/service/placement-rules.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { NOW, revision } from "../testing/objects.js";
import type { GroupStep, GroupView } from "./life/model.js";

/** The view of a group whose services are unchanged since their first revision. */
export function viewOf(group: ServiceGroup, instances: readonly Instance[], rest: Partial<GroupView> = {}): GroupView {
  const now = rest.now ?? NOW;
  return {
    group,
    instances,
    revisions: group.spec.services.map((service) => revision(service)),
    matchingNodes: () => 3,
    isMatchingNode: () => true,
    drainOf: () => undefined,
    attributeOf: () => undefined,
    rulesOf: (service) => placementRules(service),
    blockers: [],
    serviceBlockers: () => [],
    hasDyingDependents: false,
    stopsAt: undefined,
    isRackBlind: false,
    hasOverride: false,
    remembered: new Map(),
    healthReleases: new Map(),
    failedRevisions: new Map(),
    steady: (_, time) => Math.min(time, now),
    isSameTemplate,
    now,
    ...rest,
  };
}

/** A step in one line: what a reader of a table of expectations wants to see. */
export function describeStep(step: GroupStep): string {
  switch (step.type) {
    case "createRevision":
      return `revision ${step.name}`;
    case "createInstance": {
      const replaces = step.replaces === undefined ? "" : ` for ${step.replaces}`;
      const restarts = step.restarts === 0 ? "" : ` after ${step.restarts}`;
      return `create ${step.service.name}-${step.number} of ${step.revisionName}${replaces}${restarts}`;
    }
    case "release":
      return `release ${step.instance.metadata.name}: ${step.reason}`;
    case "forget":
      return `forget ${step.instance.metadata.name}`;
    case "relabel":
      return `relabel ${step.instance.metadata.name} ${JSON.stringify(step.patch)}`;
    case "deleteRevision":
      return `delete revision ${step.revision.metadata.name}`;
    default:
      return step satisfies never;
  }
}

/** Nodes for a service with `mode: EachNode` or Unique. */
export function onNodes(count: number): Pick<GroupView, "matchingNodes"> {
  return { matchingNodes: (_: Service) => count };
}
