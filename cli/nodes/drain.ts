import { conditionOf } from "../../api-types/life.js";
import { Node } from "../../api-types/node.js";
import { changeSpec } from "../access/change.js";
import { follow, type Look } from "../access/follow.js";
import { printDone } from "../access/print.js";
import type { Session } from "../access/session.js";
import { parseTarget } from "../access/target.js";

export interface DrainFlags {
  /** Milliseconds. */
  readonly deadline?: number;
  readonly wait?: boolean;
  /** Milliseconds; 0 or unset: for as long as it takes. */
  readonly timeout?: number;
}

/** `rackctl drain`: everything moves away from a node, and nothing starts there. */
export async function drain(session: Session, target: string, flags: DrainFlags): Promise<number> {
  const { name } = parseTarget(target, [Node]);
  const deadlineSeconds = flags.deadline === undefined ? undefined : Math.ceil(flags.deadline / 1000);
  const object = await changeSpec(session, {
    kind: Node,
    name,
    // null: a deadline of an earlier drain does not count for this one
    specOf: () => ({ unschedulable: true, drain: { deadlineSeconds: deadlineSeconds ?? null } }),
  });
  const until = deadlineSeconds === undefined ? "" : `, deadline in ${deadlineSeconds} s`;
  printDone(session, { kind: Node, name, object, what: `draining${until}` });
  if (!flags.wait) return 0;
  return follow(session, {
    target: { kind: Node, name },
    look: drainLook,
    timeoutMs: flags.timeout === 0 ? undefined : flags.timeout,
    wanted: `Node ${name} to be drained`,
  });
}

/** How far the drain of a node is. */
export function drainLook(node: Node): Look {
  const { name } = node.metadata;
  if (node.spec.drain === undefined) return { text: `${name}: the drain was called off`, code: 1 };
  const drained = conditionOf(node, "Drained");
  if (node.status?.drainingSince === undefined || drained === undefined)
    return { text: `${name}: waiting for the control plane`, code: undefined };
  return { text: `${name}: ${drained.message}`, code: drained.status === "True" ? 0 : undefined };
}

/** `rackctl cordon` and `uncordon`: whether something new may start on a node; uncordon calls a drain off, too. */
export async function cordon(session: Session, target: string, isCordoned: boolean): Promise<number> {
  const { name } = parseTarget(target, [Node]);
  const object = await changeSpec(session, {
    kind: Node,
    name,
    specOf: ({ spec }) => {
      const isDone = spec.unschedulable === isCordoned && (isCordoned || spec.drain === undefined);
      if (isDone) return undefined;
      return isCordoned ? { unschedulable: true } : { unschedulable: false, drain: null };
    },
  });
  const what = isCordoned ? "cordoned" : "uncordoned";
  if (object === undefined) session.warn(`Node ${name} is ${what} already; nothing is changed`);
  else printDone(session, { kind: Node, name, object, what });
  return 0;
}
