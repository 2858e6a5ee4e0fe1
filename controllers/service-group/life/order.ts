import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isAvailable, isDeleting, isLeaving, isTerminal } from "../../../api-types/life.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import { jobState } from "../slot/job.js";
import { newestOf, slotsOf } from "../slot/slots.js";
import type { Blocker, GroupView } from "./model.js";
import { membersOf } from "./model.js";
import { isStopped, perCopy, wantedCount } from "./size.js";
import { isOutdated, targetOf } from "./target.js";

/** Every service of the group that it depends on has all the instances it wants, available; a job is complete. */
export function areDependenciesAvailable(view: GroupView, service: Service): boolean {
  return dependenciesOf(view, service).every((dependency) => {
    if (dependency === undefined) return false;
    const members = membersOf(view.instances, dependency.name);
    const wanted = wantedCount(view, dependency);
    if (dependency.mode === "Job") {
      const { name } = targetOf(view, dependency, members);
      const state = jobState(dependency, members, (one) => !isOutdated(view, one, name));
      return wanted === 0 || state?.isComplete === true;
    }
    // an old and a new instance of one number count once
    const available = new Set(members.filter(isAvailable).map(({ spec }) => spec.number));
    return available.size >= wanted;
  });
}

/** None of them is in the middle of an update; one that is paused is not. */
export function areDependenciesUpdated(view: GroupView, service: Service): boolean {
  return dependenciesOf(view, service).every((dependency) => {
    if (dependency === undefined || dependency.update.paused || wantedCount(view, dependency) === 0) return true;
    const members = membersOf(view.instances, dependency.name);
    const { name } = targetOf(view, dependency, members);
    return slotsOf(members).every((slot) => slot.members.length === 1 && !isOutdated(view, newestOf(slot), name));
  });
}

/** Those in the group; undefined: a name that no service of the group has. */
function dependenciesOf({ group }: GroupView, { dependsOn = [] }: Service): readonly (Service | undefined)[] {
  return dependsOn
    .filter((name) => !name.includes("/"))
    .map((name) => group.spec.services.find((other) => other.name === name));
}

/** Something that depends on a service of its group, and is wanted no more, still runs. */
export function hasDependentsLeft(view: GroupView, service: Service): boolean {
  return view.group.spec.services.some(
    (other) =>
      (other.dependsOn ?? []).includes(service.name) &&
      wantedCount(view, other) === 0 &&
      membersOf(view.instances, other.name).some((instance) => !isTerminal(instance)),
  );
}

/** Finds groups by `namespace/name`. */
export type FindGroup = (key: string) => ServiceGroup | undefined;

/** Keys of the groups that a group, or one of its services, depends on. A bare name is in its own namespace. */
export function groupDependencies(group: ServiceGroup): readonly string[] {
  const own = (group.spec.dependsOn ?? []).map((name) => (name.includes("/") ? name : keyIn(group, name)));
  const ofServices = group.spec.services.flatMap(({ dependsOn = [] }) =>
    dependsOn.filter((name) => name.includes("/")).map((name) => keyIn(group, name.split("/")[0] ?? "")),
  );
  return [...new Set([...own, ...ofServices])];
}

function keyIn({ metadata }: ServiceGroup, name: string): string {
  return `${metadata.namespace ?? ""}/${name}`;
}

/** What a group waits for before anything of it starts: other groups, and cycles that it is part of. */
export function groupBlockers(group: ServiceGroup, find: FindGroup): readonly Blocker[] {
  const cycle = cycleThrough(group, find);
  if (cycle !== undefined) return [{ type: "cycle", names: cycle }];
  const keys = (group.spec.dependsOn ?? []).map((name) => (name.includes("/") ? name : keyIn(group, name)));
  return keys.flatMap((name): Blocker[] => {
    const dependency = find(name);
    if (dependency === undefined) return [{ type: "unknown", name }];
    return isGroupAvailable(dependency) ? [] : [{ type: "notAvailable", name }];
  });
}

/** What a service waits for: `group/service` in its namespace. */
export function serviceBlockers(group: ServiceGroup, service: Service, find: FindGroup): readonly Blocker[] {
  const names = (service.dependsOn ?? []).filter((name) => name.includes("/"));
  return names.flatMap((name): Blocker[] => {
    const [groupName = "", serviceName = ""] = name.split("/");
    const other = find(keyIn(group, groupName));
    const dependency = other?.spec.services.find((one) => one.name === serviceName);
    if (other === undefined || dependency === undefined) return [{ type: "unknown", name }];
    return isServiceAvailable(other, dependency) ? [] : [{ type: "notAvailable", name }];
  });
}

/** Suspended or with nothing wanted counts as available; so does what its own loop said of what is wanted now. */
function isGroupAvailable(group: ServiceGroup): boolean {
  if (isStopped(group)) return !isDeleting(group);
  const condition = conditionOf(group, "Available");
  return condition?.status === "True" && (condition.observedGeneration ?? 0) >= (group.metadata.generation ?? 0);
}

function isServiceAvailable(group: ServiceGroup, service: Service): boolean {
  if (isStopped(group)) return !isDeleting(group);
  if (service.mode !== "EachNode" && perCopy(group, service) === 0) return true;
  const status = group.status?.services?.find(({ name }) => name === service.name);
  const isCurrent = (group.status?.observedGeneration ?? 0) >= (group.metadata.generation ?? 0);
  if (status === undefined || !isCurrent) return false;
  if (service.mode === "Job") return (status.succeeded ?? 0) >= (service.job?.completions ?? 1);
  return (status.available ?? 0) >= (status.desired ?? 0);
}

/** So many steps of dependency are followed; what lies beyond is taken for no cycle. */
const GROUPS_MAX = 10_000;

/** The way from a group over what it waits for back to itself, its name at both ends; undefined: there is none. */
export function cycleThrough(group: ServiceGroup, find: FindGroup): readonly string[] | undefined {
  if (groupDependencies(group).length === 0) return undefined;
  const own = keyIn(group, group.metadata.name);
  const cameFrom = new Map<string, string>();
  const starts = group.spec.services.map(({ name }) => `${own}#${name}`);
  const queue = [...starts];
  const seen = new Set(queue);
  for (let next = queue.shift(); next !== undefined && seen.size < GROUPS_MAX; next = queue.shift()) {
    for (const target of waitsFor(next, find)) {
      const isHome = target === own || (starts.includes(target) && !isWithin(own, next));
      if (isHome) return namesOf([...trail(cameFrom, next), target]);
      if (seen.has(target)) continue;
      seen.add(target);
      cameFrom.set(target, next);
      queue.push(target);
    }
  }
  return undefined;
}

/** A step inside the group is no way back to it: cycles of its own services are refused at admission. */
function isWithin(own: string, node: string): boolean {
  return node.startsWith(`${own}#`);
}

/** `namespace/group#service` waits for its dependencies and those of its group; `namespace/group` for all its services. */
function waitsFor(node: string, find: FindGroup): readonly string[] {
  const [key = "", serviceName] = node.split("#");
  const group = find(key);
  if (group === undefined) return [];
  if (serviceName === undefined) return group.spec.services.map(({ name }) => `${key}#${name}`);
  const groups = (group.spec.dependsOn ?? []).map((name) => (name.includes("/") ? name : keyIn(group, name)));
  const service = group.spec.services.find(({ name }) => name === serviceName);
  const services = (service?.dependsOn ?? []).map((name) => {
    const [first = "", second] = name.split("/");
    return second === undefined ? `${key}#${first}` : `${keyIn(group, first)}#${second}`;
  });
  return [...groups, ...services];
}

function trail(cameFrom: ReadonlyMap<string, string>, end: string): readonly string[] {
  const nodes = [end];
  for (let before = cameFrom.get(end); before !== undefined; before = cameFrom.get(before)) nodes.unshift(before);
  return nodes;
}

/** Groups instead of their services, each run of one group once. */
function namesOf(nodes: readonly string[]): readonly string[] {
  const keys = nodes.map((node) => node.split("#")[0] ?? "");
  return keys.filter((key, index) => key !== keys[index - 1]);
}

/** Whether groups that depend on one still run although they, too, stop: they go first. */
export function hasStoppingDependents(
  dependents: readonly ServiceGroup[],
  instancesOf: (group: ServiceGroup) => readonly Instance[],
): boolean {
  return dependents.some(
    (other) => isStopped(other) && instancesOf(other).some((one) => !isTerminal(one) || isLeaving(one)),
  );
}
