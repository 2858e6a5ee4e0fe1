import type { InstanceBalancer } from "../../../api-types/instance.js";
import { conditionOf, isTerminal } from "../../../api-types/life.js";
import { ANNOTATION, FINALIZER } from "../../../api-types/well-known.js";
import type { ConditionUpdate } from "../../../runtime/conditions.js";
import { LEAVING } from "../../leaving-steps.js";
import type { EndpointsView } from "../plan.js";

type Sight = Pick<EndpointsView, "instance" | "balanced" | "service">;

/** Whether every proxy sends it sessions at every service port; what was confirmed stays so while a proxy is silent. */
export function balancedCondition({ instance, balanced }: Sight): ConditionUpdate {
  const type = "Balanced";
  switch (balanced.type) {
    case "unused":
      return { type, status: "True", reason: "NotUsed", message: "" };
    case "lost": {
      const message = `service port ${balanced.port} belongs to ${balanced.owner}; take another one, or 0`;
      return { type, status: "False", reason: "ServicePortNotOurs", message };
    }
    case "used": {
      const ready = knownBalancers({ instance }).filter(({ state }) => state === "Ready");
      const isThere = (proxy: string, at: number) => ready.some(({ name, port }) => name === proxy && port === at);
      const missing = balanced.proxies.flatMap((proxy) =>
        balanced.ports.filter((port) => !isThere(proxy, port)).map((port) => `${proxy} port ${port}`),
      );
      if (missing.length > 0) {
        return { type, status: "False", reason: "AwaitingBalancer", message: `not at ${missing.join(", ")}` };
      }
      const silent = ready.filter(({ isUnconfirmed }) => isUnconfirmed).map(({ name }) => name);
      if (silent.length === 0) return { type, status: "True", reason: "BalancerConfirmed", message: "" };
      const message = `no answer of ${[...new Set(silent)].join(", ")}`;
      return { type, status: "True", reason: "BalancerLastConfirmed", message };
    }
    default:
      return balanced satisfies never;
  }
}

/** Where proxies know it, as the load-balancer loop last wrote. */
export function knownBalancers({ instance }: Pick<Sight, "instance">): readonly InstanceBalancer[] {
  return instance.status?.balancers ?? [];
}

/** A leaving instance to which some proxy may send new sessions; a dead one that any proxy still knows. */
export function isStillBalanced(view: Sight): boolean {
  if (!isBalancerHeld(view)) return false;
  const known = knownBalancers(view);
  return isTerminal(view.instance) ? known.length > 0 : known.some(({ state }) => state === "Ready");
}

/** The load-balancer loop has not let go of it, and no person says that it need not. */
export function isBalancerHeld({ instance }: Pick<Sight, "instance">): boolean {
  const { annotations, finalizers = [] } = instance.metadata;
  const isReleased = (annotations?.[ANNOTATION.release] ?? "").split(",").includes("balancer");
  return finalizers.includes(FINALIZER.balancer) && !isReleased;
}

/**
 * Whether nobody needs it any more although its time is not over: clients come through proxies only, none of which has a
 * session left, by its own confirmed word. Once so it stays so.
 */
export function isDrainOver(view: Sight, hasOtherWays: boolean): boolean {
  const reason = conditionOf(view.instance, "Leaving")?.reason;
  if (reason === LEAVING.remove || reason === LEAVING.end) return true;
  if (hasOtherWays || view.service.network.anycast !== undefined) return false;
  const known = knownBalancers(view);
  return known.length > 0 && known.every(({ state, isUnconfirmed }) => state === "Drained" && isUnconfirmed !== true);
}
