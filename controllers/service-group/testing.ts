import type { Instance } from "../../api-types/instance.js";
import { isSameTemplate } from "../../api-types/revision.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { NOW, revision } from "../testing/objects.js";
import type { GroupStep, GroupView } from "./plan.js";

/** The view of a group whose services are unchanged since their first revision. */
export function viewOf(group: ServiceGroup, instances: readonly Instance[], rest: Partial<GroupView> = {}): GroupView {
  return {
    group,
    instances,
    revisions: group.spec.services.map((service) => revision(service)),
    matchingNodes: () => 3,
    isMatchingNode: () => true,
    areGroupsAvailable: true,
    hasDyingDependents: false,
    isSameTemplate,
    now: NOW,
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
    case "relabel":
      return `relabel ${step.instance.metadata.name} ${JSON.stringify(step.patch)}`;
    default:
      return step satisfies never;
  }
}

/** Nodes for a service with `mode: EachNode` or Unique. */
export function onNodes(count: number): Pick<GroupView, "matchingNodes"> {
  return { matchingNodes: (_: Service) => count };
}
