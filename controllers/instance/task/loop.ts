import type { Instance } from "../../../api-types/instance.js";
import type { Node } from "../../../api-types/node.js";
import type { Revision } from "../../../api-types/revision.js";
import type { Service, ServiceGroup } from "../../../api-types/service-group.js";
import type { TaskStatus } from "../../../drivers/compute/driver.js";
import type { Cache } from "../../../runtime/cache.js";
import type { LoopContext, RackDrivers } from "../../context.js";
import { withThresholds } from "../../health.js";
import type { SteadyTimes } from "../../steady-times.js";
import type { createPace } from "../pace.js";
import type { Checked } from "../status/ready.js";

export type Compute = NonNullable<RackDrivers["compute"]>;

/** What the parts of the instance loop share. */
export interface Loop {
  readonly context: LoopContext;
  readonly instances: Cache<Instance>;
  readonly groups: Cache<ServiceGroup>;
  readonly revisions: Cache<Revision>;
  readonly nodes: Cache<Node>;
  /** Statuses not yet stored, by key of the instance, in the order they came; bounded as `afterHearing` says. */
  readonly said: Map<string, readonly TaskStatus[]>;
  readonly calls: ReturnType<typeof createPace>;
  /** Of launches that are watched. */
  readonly times: SteadyTimes;
  /** Deleted Instances by a task that was said to be refused, or that was given up, with the rack of their group, which may go next. */
  readonly buried: Map<string, { readonly instance: Instance; readonly rack: string }>;
}

export function groupOf(loop: Loop, instance: Instance): ServiceGroup | undefined {
  return loop.groups.get(`${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}`);
}

/** The rack that its group is on; what outlived its group runs on the rack of its node. */
export function rackOf(loop: Loop, instance: Instance): string | undefined {
  const node = instance.status?.placement?.node ?? "";
  return groupOf(loop, instance)?.spec.rackName ?? loop.nodes.get(node)?.spec.rackName;
}

/** Where its tasks run, when its rack has a compute back end. */
export function computeOf(loop: Loop, instance: Instance): Compute | undefined {
  const rack = rackOf(loop, instance);
  return rack === undefined ? undefined : loop.context.backends.of(rack).compute;
}

/** What it runs. */
export function templateOf(loop: Loop, instance: Instance): Service | undefined {
  return loop.revisions.get(`${instance.metadata.namespace ?? ""}/${instance.spec.revisionName}`)?.spec.template;
}

/** What its group says of its service today. */
export function liveService(loop: Loop, instance: Instance): Service | undefined {
  return groupOf(loop, instance)?.spec.services.find((service) => service.name === instance.spec.service);
}

/** The checks it is held to; none when nobody knows its template any more. */
export function checkedOf(loop: Loop, instance: Instance): Checked {
  const live = liveService(loop, instance);
  const template = templateOf(loop, instance) ?? live;
  return template === undefined ? {} : withThresholds(template, live);
}
