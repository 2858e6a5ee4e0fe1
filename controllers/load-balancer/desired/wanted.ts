import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isDeleting, isLeaving, isTerminal, isTrue } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { ANNOTATION, FINALIZER } from "../../../api-types/well-known.js";
import type { ServerTarget } from "../../../drivers/load-balancer/driver.js";
import { LEAVING } from "../../leaving-steps.js";

/** What is to become of an instance behind one service port; `Retire`: as `Drain`, and gone when its last session is. */
export type Wish = "Ready" | "Drain" | "Retire" | "Remove" | "Nothing";

/** One instance behind one service port. */
export interface Wanted {
  readonly servicePort: number;
  readonly instance: Instance;
  /** Its id is that of the task, by which it is found again. */
  readonly target: ServerTarget;
  readonly wish: Wish;
}

export interface Sight {
  readonly servicePort: number;
  readonly service: Service;
  /** Whether another instance of the service is Ready, Routed and staying. */
  readonly hasOther: boolean;
  /** So many of its service turned bad at once that its bad health is not believed (R3). */
  readonly isDoubted: boolean;
  /** Whether the port is its service's. */
  readonly isOwn: boolean;
}

/**
 * | instance                          | wish                                                        |
 * |-----------------------------------|-------------------------------------------------------------|
 * | leaves                            | Drain; Remove when its time is over or its task ended        |
 * | of a service without the port     | Retire                                                       |
 * | ended                             | Remove; as it was while it is the last one and is kept (R11) |
 * | Ready and Routed                  | Ready                                                        |
 * | known not to be Ready             | Drain; as it was while it is the last one (R11) or doubted   |
 * | nobody knows                      | as it was                                                    |
 */
export function wishFor(instance: Instance, sight: Sight): Wish {
  const { service, hasOther, isDoubted, isOwn } = sight;
  if (isLeaving(instance)) return isTerminal(instance) || isToBeRemoved(instance) ? "Remove" : "Drain";
  if (!isOwn) return "Retire";
  if (isTerminal(instance)) return hasOther || !isKept(service) ? "Remove" : asItWas(instance, sight);
  if (isServing(instance)) return mayBeAdded(instance) ? "Ready" : "Nothing";
  const isBad = conditionOf(instance, "Ready")?.status === "False";
  return isBad && hasOther && !isDoubted ? "Drain" : asItWas(instance, sight);
}

/** A job is meant to end: nobody follows, and nobody is to be found. */
function isKept({ dns, mode }: Service): boolean {
  return (dns?.lastInstance ?? "Keep") === "Keep" && mode !== "Job";
}

/** It answers, and packets find it. */
export function isServing(instance: Instance): boolean {
  return isTrue(instance, "Ready") && isTrue(instance, "Routed") && !isTerminal(instance) && !isLeaving(instance);
}

/** As it was last written: a proxy that came back empty gets it again. */
function asItWas({ status }: Instance, { servicePort }: Sight): Wish {
  const known = (status?.balancers ?? []).filter(({ port }) => port === servicePort);
  if (known.some(({ state }) => state === "Ready")) return "Ready";
  return known.length > 0 ? "Drain" : "Nothing";
}

/** Its finalizer, which is stored before the first effect outside, can no more be set when it is deleted. */
function mayBeAdded(instance: Instance): boolean {
  return !isDeleting(instance) || (instance.metadata.finalizers ?? []).includes(FINALIZER.balancer);
}

function isToBeRemoved(instance: Instance): boolean {
  return conditionOf(instance, "Leaving")?.reason === LEAVING.remove || isReleasedByHand(instance);
}

/** A person says that no proxy needs to be waited for. */
export function isReleasedByHand({ metadata }: Instance): boolean {
  return (metadata.annotations?.[ANNOTATION.release] ?? "").split(",").includes("balancer");
}
