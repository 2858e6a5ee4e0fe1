import { StatusError } from "../../api-types/meta/status-error.js";
import type { Revision } from "../../api-types/revision.js";
import { type Service, ServiceGroup } from "../../api-types/service-group.js";
import { changeSpec } from "../access/change.js";
import { printDone } from "../access/print.js";
import type { Session } from "../access/session.js";
import { parseTarget, readTarget } from "../access/target.js";
import { differenceText } from "./difference.js";
import { currentOf, revisionsOf, serviceOf } from "./revisions.js";
import { undone } from "./undone.js";

export interface UndoFlags {
  readonly service?: string;
  readonly toRevision?: number;
  readonly dryRun?: boolean;
}

/** `rackctl rollout undo`: writes an earlier Revision's fields into the spec; what restarts nothing stays as it is. */
export async function undo(session: Session, target: string, flags: UndoFlags): Promise<number> {
  const { name } = parseTarget(target, [ServiceGroup]);
  const group = await readTarget(session, ServiceGroup, name);
  const all = await revisionsOf(session, group);
  const serviceName = flags.service ?? onlyService(group, all);
  const service = serviceOf(group, serviceName);
  const own = all.filter(({ spec }) => spec.service === serviceName);
  const revision =
    flags.toRevision === undefined || flags.toRevision === 0
      ? lastGood(group, service, own)
      : numbered(service, own, flags.toRevision);
  const isDryRun = flags.dryRun === true;
  let change = "";
  const object = await changeSpec(session, {
    kind: ServiceGroup,
    name,
    isDryRun,
    specOf({ spec }) {
      const services = spec.services.map((service) =>
        service.name === serviceName ? undone(service, revision.spec.template) : service,
      );
      change = differenceText(serviceOf({ ...group, spec }, serviceName), revision.spec.template);
      return change === "" ? undefined : { services };
    },
  });
  const what = `revision ${revision.spec.number}`;
  if (object === undefined) session.warn(`service ${serviceName} of ${name} has ${what} already; nothing is changed`);
  else
    printDone(session, {
      kind: ServiceGroup,
      name,
      object,
      what: `${serviceName} goes back to ${what}: ${change}`,
      isDryRun,
    });
  return 0;
}

/** The service to undo where none is named: the only one that has been changed at all. */
function onlyService(group: ServiceGroup, revisions: readonly Revision[]): string {
  const { name } = group.metadata;
  const changed = group.spec.services.filter(
    (service) => revisions.filter(({ spec }) => spec.service === service.name).length > 1,
  );
  const [first, second] = changed;
  if (first === undefined)
    throw new StatusError("BadRequest", `ServiceGroup ${name} has no earlier revision to go back to`);
  if (second === undefined) return first.name;
  const names = changed.map((service) => service.name).join(", ");
  throw new StatusError(
    "BadRequest",
    `several services of ${name} have earlier revisions: choose one of ${names} with --service`,
  );
}

function numbered(service: Service, own: readonly Revision[], wanted: number): Revision {
  const found = own.find(({ spec }) => spec.number === wanted);
  if (found !== undefined) return found;
  throw new StatusError("NotFound", `service ${service.name} has no revision ${wanted}; there are: ${numbers(own)}`);
}

/**
 * The last that was wholly available, as an automatic rollback has it; where that is what the spec holds, the newest
 * before it that was wholly available once. Never one that only failed.
 */
function lastGood(group: ServiceGroup, service: Service, own: readonly Revision[]): Revision {
  const current = currentOf(service, own);
  const good = goodOf(group, service, own);
  const last = good.at(-1);
  if (last !== undefined && last !== current) return last;
  const earlier = good.filter(({ spec }) => current !== undefined && spec.number < current.spec.number);
  const newest = earlier.sort((a, b) => a.spec.number - b.spec.number).at(-1);
  if (newest !== undefined) return newest;
  const what = `service ${service.name} has no revision before its current one that was ever wholly available`;
  throw new StatusError("BadRequest", `${what}; name one with --to-revision; there are: ${numbers(own)}`);
}

/** Those that were wholly available, the last one last. */
function goodOf(group: ServiceGroup, service: Service, own: readonly Revision[]): readonly Revision[] {
  const status = group.status?.services?.find(({ name }) => name === service.name);
  const names = [...(status?.availableRevisions ?? []), status?.availableRevision];
  return names.flatMap((name) => own.find(({ metadata }) => metadata.name === name) ?? []);
}

function numbers(own: readonly Revision[]): string {
  return own.map(({ spec }) => spec.number).join(", ") || "none";
}
