import { Instance } from "../../api-types/instance.js";
import { isTerminal } from "../../api-types/life.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { systemRandom } from "../../platform/random.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import type { Session } from "../access/session.js";
import { parseTarget, readTarget } from "../access/target.js";
import { mesosAccess } from "../mesos/access.js";
import { masterOf } from "../mesos/master.js";

export interface TeardownFlags {
  /** The framework's name, as a confirmation. */
  readonly yesIKnow?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly master?: string;
}

/** What a teardown would end. */
export interface Loss {
  readonly frameworkName: string;
  readonly frameworkID: string;
  /** Instances whose task runs or may run. */
  readonly running: readonly Instance[];
  /** Groups of the rack that would start their tasks again. */
  readonly active: readonly ServiceGroup[];
}

/** `rackctl framework teardown`: Mesos ends the framework of a rack with all of its tasks. */
export async function teardown(session: Session, target: string, flags: TeardownFlags): Promise<number> {
  const rack = await readTarget(session, Rack, parseTarget(target, [Rack]).name);
  const loss = await lossOf(session, rack);
  session.say(lossText(rack, loss));
  if (flags.dryRun) return 0;
  requireConsent(rack, loss, flags);
  const sockets = undiciTransport();
  try {
    const { client, kubeconfig, clock } = session;
    const access = () => mesosAccess(client, rack);
    const surroundings = { transport: sockets, access, clock, random: systemRandom() };
    const master = masterOf({ rack, kubeconfig, address: flags.master, ...surroundings });
    await master.post("/master/teardown", { type: "form", fields: { frameworkId: loss.frameworkID } });
  } finally {
    await sockets.close();
  }
  session.say(`framework ${loss.frameworkName} (${loss.frameworkID}) is torn down`);
  return 0;
}

async function lossOf({ client }: Session, rack: Rack): Promise<Loss> {
  const { name } = rack.metadata;
  const frameworkID = rack.status?.frameworkID;
  const mesos = rack.spec.compute?.mesos;
  if (mesos === undefined || frameworkID === undefined)
    throw new StatusError("BadRequest", `Rack ${name} has no framework: nothing is registered with Mesos`);
  const groups = (await client.list(ServiceGroup)).items.filter(({ spec }) => spec.rackName === name);
  const names = new Set(groups.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const instances = (await client.list(Instance)).items.filter(({ metadata, spec }) =>
    names.has(`${metadata.namespace}/${spec.serviceGroup}`),
  );
  return {
    frameworkName: mesos.frameworkName,
    frameworkID,
    running: instances.filter((instance) => instance.status?.placement !== undefined && !isTerminal(instance)),
    active: groups.filter(({ spec, metadata }) => !spec.suspend && metadata.deletionTimestamp === undefined),
  };
}

/** So many groups a message names. */
const NAMES_MAX = 5;

function lossText(rack: Rack, { frameworkName, frameworkID, running, active }: Loss): string {
  const tasks = running.length === 1 ? "1 running task" : `${running.length} running tasks`;
  const again = active.length === 0 ? "no group starts them again" : `${groupsText(active)} start them again`;
  return `framework ${frameworkName} (${frameworkID}) of Rack ${rack.metadata.name}: ${tasks} would end at once, without drain; ${again}`;
}

function groupsText(groups: readonly ServiceGroup[]): string {
  const names = groups.slice(0, NAMES_MAX).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const more = groups.length > names.length ? ` and ${groups.length - names.length} more` : "";
  return `${names.join(", ")}${more}`;
}

/** Throws unless the user named the framework, and nothing of the rack is meant to run. */
export function requireConsent(rack: Rack, { frameworkName, active }: Loss, { yesIKnow, force }: TeardownFlags): void {
  const { name } = rack.metadata;
  if (yesIKnow !== frameworkName) {
    const given = yesIKnow === undefined ? "" : ` (not ${yesIKnow})`;
    const hint = `confirm with --yes-i-know ${frameworkName}${given}`;
    throw new StatusError("BadRequest", `the framework of Rack ${name} is not torn down: ${hint}`);
  }
  if (active.length === 0 || force) return;
  const hint = "suspend or delete them first, or add --force";
  throw new StatusError(
    "BadRequest",
    `the framework of Rack ${name} is not torn down: ${groupsText(active)} are meant to run; ${hint}`,
  );
}
