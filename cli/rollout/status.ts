import { ServiceGroup } from "../../api-types/service-group.js";
import { follow } from "../access/follow.js";
import type { Session } from "../access/session.js";
import { parseTarget, readTarget } from "../access/target.js";
import { progressOf } from "./progress.js";
import { serviceOf } from "./revisions.js";

export interface StatusFlags {
  readonly service?: string;
  /** False: only what is so now. */
  readonly watch: boolean;
  /** Milliseconds; 0 or unset: for as long as it takes. */
  readonly timeout?: number;
}

/** `rackctl rollout status`: waits for an update to end, a line for each change; 1 when it failed. */
export async function status(session: Session, target: string, flags: StatusFlags): Promise<number> {
  const { name } = parseTarget(target, [ServiceGroup]);
  const group = await readTarget(session, ServiceGroup, name);
  if (flags.service !== undefined) serviceOf(group, flags.service);
  if (!flags.watch) {
    const { text, code = 0 } = progressOf(group, flags.service);
    session.say(text);
    return code;
  }
  return follow(session, {
    target: { kind: ServiceGroup, name },
    look: (seen) => progressOf(seen, flags.service),
    timeoutMs: flags.timeout === 0 ? undefined : flags.timeout,
    wanted: `the update of ServiceGroup ${name}`,
  });
}
