import type { Action } from "../../../actuation/action.js";
import { Instance } from "../../../api-types/instance.js";
import { isLeaving, keyOf } from "../../../api-types/life.js";
import { StatusError } from "../../../api-types/meta/status-error.js";
import { ServiceGroup } from "../../../api-types/service-group.js";
import type { Client } from "../../../client/client.js";
import { readOptional } from "../../../client/read-optional.js";
import type { ProxyChange } from "../../executor-backends.js";
import { ownerOfPort } from "../../service-ports.js";
import type { Desired } from "./view.js";
import type { Wanted } from "./wanted.js";

/** The ground of a removal is what its owner wants now, by a fresh read (R2); rejects when that is something else. */
export async function confirmRemovals(
  client: Client,
  actions: readonly Action<ProxyChange>[],
  { wanted, ports }: Desired,
): Promise<void> {
  const ordered = actions.filter(({ ground }) => ground?.type === "tombstone");
  const owners = new Set(ordered.flatMap(({ ground }) => (ground?.type === "tombstone" ? [ground.owner] : [])));
  const removed = wanted.filter(({ instance, wish }) => wish !== "Ready" && owners.has(instance.metadata.uid ?? ""));
  const retired = removed.filter(({ wish }) => wish === "Retire");
  const isPortDropped = ordered.some(({ type }) => type === "balancer.withdraw");
  if (isPortDropped || retired.length > 0) await confirmPorts(client, { ordered, ports, retired });
  for (const { instance, wish } of removed) if (wish === "Remove") await confirmLeaving(client, instance);
}

interface Claimed {
  readonly ordered: readonly Action<ProxyChange>[];
  readonly ports: readonly number[];
  readonly retired: readonly Wanted[];
}

async function confirmPorts(client: Client, { ordered, ports, retired }: Claimed): Promise<void> {
  const { items } = await client.list(ServiceGroup);
  const groups = items.filter(({ spec }) => spec.rackName === ordered[0]?.rack);
  const owned = groups
    .flatMap(({ spec }) => spec.services)
    .flatMap(({ network }) =>
      (network.ports ?? []).map(({ servicePort = 0, protocol }) => (protocol === "TCP" ? servicePort : 0)),
    );
  const unknown = owned.find((port) => port > 0 && !ports.includes(port));
  if (unknown !== undefined) throw outdated(`service port ${unknown} is owned`);
  for (const { instance, servicePort } of retired) {
    const owner = ownerOfPort(groups, servicePort);
    const own = `${instance.metadata.namespace ?? ""}/${instance.spec.serviceGroup}/${instance.spec.service}`;
    if (owner && `${keyOf(owner.group)}/${owner.service.name}` === own)
      throw outdated(`${own} has port ${servicePort}`);
  }
}

async function confirmLeaving(client: Client, { metadata }: Instance): Promise<void> {
  const { namespace = "", name, uid } = metadata;
  const fresh = await readOptional(client, Instance, { namespace, name });
  if (fresh?.metadata.uid === uid && fresh !== undefined && !isLeaving(fresh)) throw outdated(`${name} does not leave`);
}

function outdated(why: string): StatusError {
  return new StatusError(
    "Conflict",
    `removing servers and ports from the load balancer: the cache is outdated, ${why}`,
  );
}
