import type { Instance, InstanceBalancer } from "../../api-types/instance.js";
import type { BalancerItem, ServerItem } from "../../drivers/load-balancer/driver.js";
import type { Observation } from "../../drivers/observation.js";
import type { ConditionUpdate } from "../../runtime/conditions.js";
import type { Trial } from "./desired/trial.js";

/** What each proxy of a rack said last, by its name. */
export type Said = ReadonlyMap<string, Observation<BalancerItem>>;

/** Where proxies know a task; of one that did not tell all what was written before, marked as such. */
export function balancersOf(instance: Instance, said: Said, servers: ServersById): readonly InstanceBalancer[] {
  const id = instance.status?.placement?.taskID ?? "";
  const before = instance.status?.balancers ?? [];
  return [...said].flatMap(([name, observation]): readonly InstanceBalancer[] => {
    if (observation.type !== "Complete") {
      return before.filter((known) => known.name === name).map((known) => ({ ...known, isUnconfirmed: true }));
    }
    return (servers.get(name)?.get(id) ?? []).map((item) => ({ name, port: item.servicePort, state: stateOf(item) }));
  });
}

/** By proxy and id of the server. */
export type ServersById = ReadonlyMap<string, ReadonlyMap<string, readonly ServerItem[]>>;

/** Everything that runs, gone through once. */
export function serversById(said: Said): ServersById {
  return new Map(
    [...said].map(([name, observation]) => {
      const byId = new Map<string, ServerItem[]>();
      for (const item of observation.type === "Unknown" ? [] : observation.items.values()) {
        if (item.type !== "server" || item.state === undefined) continue;
        byId.set(item.id, [...(byId.get(item.id) ?? []), item]);
      }
      for (const items of byId.values()) items.sort((a, b) => a.servicePort - b.servicePort);
      return [name, byId];
    }),
  );
}

function stateOf({ state, sessions }: ServerItem): string {
  if (state === "Ready") return "Ready";
  return sessions === 0 ? "Drained" : "Draining";
}

/** What the Rack says of its load balancer. */
export function balancerCondition(said: Said, trials: ReadonlyMap<string, Trial>, unowned: number): ConditionUpdate {
  const type = "BalancerReady";
  if (said.size === 0) return { type, status: "True", reason: "NotUsed", message: "" };
  const silent = [...said].flatMap(([name, each]) => (each.type === "Complete" ? [] : [`${name}: ${each.reason}`]));
  if (silent.length > 0) return { type, status: "Unknown", reason: "BalancerUnknown", message: silent.join("; ") };
  const refused = [...trials].filter(([name, trial]) => said.has(name) && trial.refused.size > 0);
  if (refused.length > 0) {
    const ports = refused.map(
      ([name, trial]) => `${name}: ${[...trial.refused.keys()].sort((a, b) => a - b).join(", ")}`,
    );
    const message = `cannot listen on ${ports.join("; ")}; free the port on that machine or choose another servicePort; tried again every minute`;
    return { type, status: "False", reason: "ServicePortNotServed", message };
  }
  const failed = [...trials].find(([name, trial]) => said.has(name) && trial.message !== "");
  if (failed !== undefined)
    return { type, status: "False", reason: "ReloadFailed", message: `${failed[0]}: ${failed[1].message}` };
  const message = unowned === 0 ? "" : `${unowned} servers belong to no Instance and are left as they are`;
  return { type, status: "True", reason: "BalancerAnswers", message };
}
