import { Instance } from "../../api-types/instance.js";
import { isTerminal } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { isSameTemplate, Revision } from "../../api-types/revision.js";
import type { Service, ServiceGroup } from "../../api-types/service-group.js";
import { LABEL } from "../../api-types/well-known.js";
import type { Session } from "../access/session.js";

/** The Revisions of a group, or of one of its services, by service and number. */
export async function revisionsOf(session: Session, group: ServiceGroup, only?: string): Promise<readonly Revision[]> {
  const { items } = await session.client.list(Revision, { namespace: session.namespace });
  return items
    .filter(({ spec }) => spec.serviceGroup === group.metadata.name && (only === undefined || spec.service === only))
    .sort((a, b) => a.spec.service.localeCompare(b.spec.service) || a.spec.number - b.spec.number);
}

/** How many instances run each Revision, by its name. */
export async function usesOf(session: Session, group: ServiceGroup): Promise<ReadonlyMap<string, number>> {
  const { items } = await session.client.list(Instance, {
    namespace: session.namespace,
    labelSelector: `${LABEL.group}=${group.metadata.name}`,
  });
  const uses = new Map<string, number>();
  for (const instance of items.filter((one) => !isTerminal(one))) {
    const { revisionName } = instance.spec;
    uses.set(revisionName, (uses.get(revisionName) ?? 0) + 1);
  }
  return uses;
}

/** The Revision that holds what the spec says now; undefined: it is not made yet. */
export function currentOf(service: Service, revisions: readonly Revision[]): Revision | undefined {
  const own = revisions.filter(({ spec }) => spec.service === service.name);
  return own.find(({ spec }) => isSameTemplate(spec.template, service));
}

/** The service of that name; the error names those that there are. */
export function serviceOf(group: ServiceGroup, name: string): Service {
  const found = group.spec.services.find((service) => service.name === name);
  if (found !== undefined) return found;
  const names = group.spec.services.map((service) => service.name).join(", ");
  throw new StatusError("BadRequest", `ServiceGroup ${group.metadata.name} has no service ${name}; it has ${names}`);
}
