import { ServiceGroup } from "../../api-types/service-group.js";
import { changeSpec } from "../access/change.js";
import { printDone } from "../access/print.js";
import type { Session } from "../access/session.js";
import { parseTarget } from "../access/target.js";
import { parseSizes, sizesOf } from "./sizes.js";

export interface ScaleFlags {
  readonly replicas?: number;
  readonly by?: string;
  readonly dryRun?: boolean;
}

/** `rackctl scale`: writes absolute sizes, of the group or of its services. */
export async function scale(session: Session, words: readonly string[], flags: ScaleFlags): Promise<number> {
  const [target = "", ...rest] = words;
  const { name } = parseTarget(target, [ServiceGroup]);
  const wish = { ...parseSizes(rest), replicas: flags.replicas, by: flags.by };
  let changes: readonly string[] = [];
  const object = await changeSpec(session, {
    kind: ServiceGroup,
    name,
    isDryRun: flags.dryRun === true,
    specOf(group) {
      const { changes: texts, ...sizes } = sizesOf(group, wish);
      changes = texts;
      return sizes;
    },
  });
  const what = `scaled: ${changes.join(", ")}`;
  printDone(session, { kind: ServiceGroup, name, object, what, isDryRun: flags.dryRun === true });
  return 0;
}

/** `rackctl suspend` and `resume`: everything stops, and counts are kept. */
export async function suspend(session: Session, target: string, isSuspended: boolean): Promise<number> {
  const { name } = parseTarget(target, [ServiceGroup]);
  const object = await changeSpec(session, {
    kind: ServiceGroup,
    name,
    specOf: (group) => (group.spec.suspend === isSuspended ? undefined : { suspend: isSuspended }),
  });
  const what = isSuspended ? "suspended" : "resumed";
  if (object === undefined)
    session.warn(
      `${name} is ${isSuspended ? "" : "not "}suspended${isSuspended ? " already" : ""}; nothing is changed`,
    );
  else printDone(session, { kind: ServiceGroup, name, object, what });
  return 0;
}
