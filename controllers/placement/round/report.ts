import { Instance } from "../../../api-types/instance.js";
import { conditionOf } from "../../../api-types/life.js";
import { isStatus } from "../../../api-types/meta/status-error.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { reportStatus } from "../../../runtime/report.js";
import { ownConditions } from "../../own-conditions.js";
import { type Loop, PLACEMENT } from "../loop.js";

/** What is said of an Instance; what is left out stays as it is. */
export interface Said {
  readonly condition?: ConditionUpdate;
  readonly placement?: unknown;
  /** All tasks beside it. */
  readonly attached?: readonly { readonly name: string; readonly taskID: string }[];
}

/** Writes what placement owns of an Instance's status, as a whole: what it left out would be taken back. */
export async function report(loop: Loop, key: string, said: Said): Promise<void> {
  const object = loop.instances.get(key);
  if (object === undefined) return;
  const { client, clock } = loop.context;
  const before = object.status;
  const placement = said.placement ?? before?.placement;
  const attached = said.attached ?? (before?.attached ?? []).map(({ name, taskID }) => ({ name, taskID }));
  const known = conditionOf(object, "Scheduled");
  const kept = known === undefined ? [] : [known];
  const status = {
    ...(placement === undefined ? {} : { placement }),
    ...(attached.length === 0 ? {} : { attached }),
    conditions: said.condition === undefined ? kept : ownConditions(object, [said.condition], clock.now()),
  };
  await reportStatus({ client, cache: loop.instances, kind: Instance, object, status, manager: PLACEMENT });
}

/** The same, where one Instance that cannot be written, because it has just gone, must not keep the others back. */
export async function tryReport(loop: Loop, key: string, said: Said): Promise<void> {
  try {
    await report(loop, key, said);
  } catch (error) {
    if (isStatus(error, "Fenced")) throw error;
    loop.context.log.warn("refusal is not stored", { key, error });
  }
}
