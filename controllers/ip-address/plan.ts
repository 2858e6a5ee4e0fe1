import { type IPAddress, isReleased } from "../../api-types/ip-address.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";

/** Everything that the life of one claim rests on. */
export interface ClaimView {
  readonly claim: IPAddress;
  /** Whether the Instance that holds it is there, by a fresh read. */
  readonly hasClaimant: boolean;
  /** Whether anybody wants the /32, or the switch has it. */
  readonly route: "absent" | "present" | "unknown";
  /** Whether a task that was launched with the address may still run. */
  readonly task: "absent" | "present" | "unknown";
  readonly quarantineMs: number;
  /** Since it was first seen released, by the monotonic clock of this process; undefined: it was not before. */
  readonly releasedForMs: number | undefined;
}

export type ClaimPlan =
  /** Its claimant has it; a claim that was released before is taken back. */
  | { readonly type: "keep" }
  /** The claimant is gone, and what was outside may not be. */
  | { readonly type: "wait"; readonly condition: ConditionUpdate }
  /** Nobody has it any more: the quarantine begins. */
  | { readonly type: "release"; readonly condition: ConditionUpdate }
  | { readonly type: "quarantine"; readonly remainingMs: number }
  /** It may be given again. */
  | { readonly type: "free" };

/**
 * | claimant | route, task    | released | then                          |
 * |----------|----------------|----------|-------------------------------|
 * | there    | -              | -        | it is held                    |
 * | gone     | there, unknown | no       | wait                          |
 * | gone     | gone           | no       | released: quarantine          |
 * | gone     | -              | yes      | after the quarantine: deleted |
 */
export function planClaim(view: ClaimView): ClaimPlan {
  const { claim, hasClaimant, route, task } = view;
  if (hasClaimant) return { type: "keep" };
  if (!isReleased(claim)) {
    if (task !== "absent") return { type: "wait", condition: taskCondition(view) };
    if (route !== "absent") return { type: "wait", condition: routeCondition(view) };
    const message = `given again after ${Math.round(view.quarantineMs / 1000)} s`;
    return { type: "release", condition: { type: "Ready", status: "False", reason: "AddressQuarantined", message } };
  }
  const remainingMs = view.quarantineMs - (view.releasedForMs ?? 0);
  return remainingMs > 0 ? { type: "quarantine", remainingMs } : { type: "free" };
}

function taskCondition({ task }: ClaimView): ConditionUpdate {
  return task === "unknown"
    ? {
        type: "Ready",
        status: "Unknown",
        reason: "TasksUnknown",
        message: "the claimant is gone; Mesos does not answer",
      }
    : {
        type: "Ready",
        status: "False",
        reason: "TaskMayHaveAddress",
        message: "a task with this address may still run",
      };
}

function routeCondition({ route, claim }: ClaimView): ConditionUpdate {
  const prefix = `${claim.spec.address}/32`;
  return route === "unknown"
    ? {
        type: "Ready",
        status: "Unknown",
        reason: "TableUnknown",
        message: "the claimant is gone; the switch does not answer",
      }
    : { type: "Ready", status: "False", reason: "AddressStillRouted", message: `${prefix} is still wanted or routed` };
}
