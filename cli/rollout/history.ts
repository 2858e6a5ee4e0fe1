import { StatusError } from "../../api-types/meta/status-error.js";
import type { Revision } from "../../api-types/revision.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { formatted, table } from "../access/print.js";
import type { Session } from "../access/session.js";
import { parseTarget, qualifiedName, readTarget } from "../access/target.js";
import { differenceText } from "./difference.js";
import { currentOf, revisionsOf, serviceOf, usesOf } from "./revisions.js";

export interface HistoryFlags {
  readonly service?: string;
  readonly revision?: number;
}

/** `rackctl rollout history`: which Revisions there are, and what each changed. */
export async function history(session: Session, target: string, flags: HistoryFlags): Promise<number> {
  const group = await readTarget(session, ServiceGroup, parseTarget(target, [ServiceGroup]).name);
  if (flags.service !== undefined) serviceOf(group, flags.service);
  const all = await revisionsOf(session, group, flags.service);
  if (flags.revision !== undefined) return details(session, group, { all, number: flags.revision });
  if (all.length === 0) session.warn(`ServiceGroup ${group.metadata.name} has no Revisions yet`);
  else if (session.output === "name")
    session.say(all.map((one) => `revision.rackwright.dev/${one.metadata.name}`).join("\n"));
  else if (session.output !== undefined) session.say(formatted(session.output, listOf(all)));
  else session.say(table(HEAD, rowsOf(group, all, await usesOf(session, group))));
  return 0;
}

const HEAD = ["SERVICE", "REVISION", "CREATED", "STATE", "INSTANCES", "CHANGE"];

function rowsOf(group: ServiceGroup, all: readonly Revision[], uses: ReadonlyMap<string, number>): string[][] {
  return all.map((revision, index) => {
    const { service, number, template } = revision.spec;
    const before = all[index - 1];
    const isFirst = before === undefined || before.spec.service !== service;
    return [
      service,
      String(number),
      revision.metadata.creationTimestamp ?? "",
      stateOf(group, revision, all),
      String(uses.get(revision.metadata.name) ?? 0),
      isFirst ? "" : differenceText(before.spec.template, template),
    ];
  });
}

/** Revisions that were wholly available once are those that `undo` chooses from. */
function stateOf(group: ServiceGroup, { metadata, spec }: Revision, all: readonly Revision[]): string {
  const service = group.spec.services.find(({ name }) => name === spec.service);
  if (service === undefined) return "removed";
  const status = group.status?.services?.find(({ name }) => name === spec.service);
  const isCurrent = currentOf(service, all)?.metadata.name === metadata.name;
  const isGood = status?.availableRevisions?.includes(metadata.name);
  const states = [
    ...(isCurrent ? ["current"] : []),
    ...(status?.failedRevision === metadata.name ? ["failed"] : []),
    ...(isGood && !isCurrent ? ["was available"] : []),
  ];
  return states.join(", ");
}

function details(
  session: Session,
  group: ServiceGroup,
  { all, number }: { readonly all: readonly Revision[]; readonly number: number },
): number {
  const found = all.filter(({ spec }) => spec.number === number);
  if (found.length === 0) {
    const next = `rackctl rollout history sg/${group.metadata.name} lists them`;
    throw new StatusError("NotFound", `ServiceGroup ${group.metadata.name} has no revision ${number}; ${next}`);
  }
  for (const revision of found) {
    if (session.output === "name") session.say(`revision.rackwright.dev/${revision.metadata.name}`);
    else if (session.output !== undefined) session.say(formatted(session.output, revision));
    else {
      session.say(`${qualifiedName(ServiceGroup, group.metadata.name)} ${revision.spec.service} revision ${number}`);
      session.say(formatted("yaml", revision.spec.template).replaceAll(/^/gm, "  "));
    }
  }
  return 0;
}

function listOf(items: readonly Revision[]) {
  return { apiVersion: "v1", kind: "List", items };
}
