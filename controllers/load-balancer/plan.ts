import type { Action, Ground } from "../../actuation/action.js";
import { isTerminal } from "../../api-types/life.js";
import {
  type BalancerItem,
  type LayoutPort,
  type PortItem,
  portKey,
  type ServerItem,
  serverKey,
} from "../../drivers/load-balancer/driver.js";
import type { ProxyChange } from "../executor-backends.js";
import type { Wanted } from "./desired/wanted.js";

export interface ProxyView {
  readonly rack: string;
  readonly proxy: string;
  readonly items: ReadonlyMap<string, BalancerItem>;
  /** Service ports that services of the rack own. */
  readonly ports: readonly number[];
  readonly wanted: readonly Wanted[];
  /** Of these new ports, which to add now. */
  readonly toTry: (added: readonly number[]) => readonly number[];
  /** No reload for now: the last one failed. */
  readonly isResting: boolean;
}

export interface ProxyPlan {
  readonly actions: readonly Action<ProxyChange>[];
  /** New ports that the first action adds; undefined: nothing is reloaded. */
  readonly tried: readonly number[] | undefined;
  /** Ports that are left out. */
  readonly missing: readonly number[];
}

/**
 * First ports, by a reload that reads all servers from the file; else servers one by one: who comes before who drains
 * before who goes. Last the file, so that a reload at any moment finds who serves. Pure.
 */
export function planProxy(view: ProxyView): ProxyPlan {
  const ports = portsOf(view);
  const tried = view.toTry(ports.added);
  const listened = [...ports.kept, ...tried].sort((a, b) => a - b);
  const layout = listened.map((servicePort) => ({ servicePort, servers: storedServers(view, servicePort) }));
  const missing = ports.added.filter((port) => !tried.includes(port));
  const isOther = listened.some((port) => !isOpen(view, port)) || ports.dropped.length > 0;
  if (isOther && !view.isResting) return { actions: [layoutAction(view, layout, ports.dropped)], tried, missing };
  const changes = [...readyActions(view), ...drainActions(view), ...removeActions(view)];
  const served = layout.filter(({ servicePort }) => isOpen(view, servicePort));
  const store = isStored(view, served, changes) || isOther ? [] : [layoutAction(view, served, [])];
  return { actions: [...changes, ...store], tried: undefined, missing };
}

/** A port stays as long as anybody owns it, or a server of it is left, whosever that is (R2). */
function portsOf({ items, ports }: ProxyView) {
  const known = [...items.values()]
    .filter((item): item is PortItem => item.type === "port")
    .map((item) => item.servicePort);
  const busy = new Set(
    [...items.values()].flatMap((item) => (item.type === "server" && item.state ? [item.servicePort] : [])),
  );
  const owned = new Set(ports);
  const kept = known.filter((port) => owned.has(port) || busy.has(port));
  const dropped = known.filter((port) => !owned.has(port) && !busy.has(port));
  return { kept, dropped, added: ports.filter((port) => !items.has(portKey(port))) };
}

function isOpen({ items }: ProxyView, servicePort: number): boolean {
  const item = items.get(portKey(servicePort));
  return item?.type === "port" && item.isOpen;
}

/** Whom a process that starts now has to know: who is wanted, and who serves although nobody knows it. */
function storedServers({ items, wanted }: ProxyView, servicePort: number): LayoutPort["servers"] {
  const own = wanted.filter((each) => each.servicePort === servicePort);
  const known = new Set(own.map(({ target }) => target.id));
  const ready = own.filter(({ wish }) => wish === "Ready").map(({ target }) => target);
  const others = [...items.values()].flatMap((item) =>
    item.type === "server" && item.servicePort === servicePort && !known.has(item.id) && item.state === "Ready"
      ? [{ id: item.id, address: item.address, port: item.port }]
      : [],
  );
  return [...ready, ...others];
}

function isStored({ items }: ProxyView, layout: readonly LayoutPort[], changes: readonly unknown[]): boolean {
  if (changes.length > 0) return false;
  const wanted = new Set(
    layout.flatMap(({ servicePort, servers }) => servers.map(({ id }) => serverKey(servicePort, id))),
  );
  return [...items].every(([key, item]) => item.isStored === (item.type === "port" || wanted.has(key)));
}

function serverOf({ items }: ProxyView, { servicePort, target }: Wanted): ServerItem | undefined {
  const item = items.get(serverKey(servicePort, target.id));
  return item?.type === "server" && item.state !== undefined ? item : undefined;
}

function readyActions(view: ProxyView): Action<ProxyChange>[] {
  return view.wanted.flatMap((each): Action<ProxyChange>[] => {
    const { servicePort, target, wish } = each;
    if (wish !== "Ready" || !isOpen(view, servicePort)) return [];
    const known = serverOf(view, each);
    const isSame = known?.state === "Ready" && known.address === target.address && known.port === target.port;
    if (isSame) return [];
    const message = `send sessions of port ${servicePort} to ${target.id} at ${target.address}:${target.port}`;
    return [
      {
        type: "balancer.ready",
        change: { proxy: view.proxy, change: { type: "ready", servicePort, server: target } },
        ...stepOf(view, each),
        message,
      },
    ];
  });
}

function drainActions(view: ProxyView): Action<ProxyChange>[] {
  return view.wanted.flatMap((each): Action<ProxyChange>[] => {
    const { servicePort, target, wish } = each;
    if ((wish !== "Drain" && wish !== "Retire") || serverOf(view, each)?.state !== "Ready") return [];
    const message = `send no new sessions of port ${servicePort} to ${target.id}`;
    return [
      {
        type: "balancer.drain",
        change: { proxy: view.proxy, change: { type: "drain", servicePort, id: target.id } },
        ...stepOf(view, each),
        message,
      },
    ];
  });
}

function removeActions(view: ProxyView): Action<ProxyChange>[] {
  return view.wanted.flatMap((each): Action<ProxyChange>[] => {
    const { servicePort, target, wish } = each;
    const known = serverOf(view, each);
    const isOver = wish === "Remove" || (wish === "Retire" && known?.state !== "Ready" && known?.sessions === 0);
    if (known === undefined || !isOver) return [];
    const message = `forget ${target.id} at port ${servicePort}`;
    return [
      {
        type: "balancer.remove",
        change: { proxy: view.proxy, change: { type: "remove", servicePort, id: target.id } },
        ground: groundOf(each),
        ...stepOf(view, each),
        message,
      },
    ];
  });
}

/** The loop confirms a tombstone by a fresh read before anything is sent. */
function groundOf({ instance, wish }: Wanted): Ground {
  if (wish === "Remove" && isTerminal(instance)) {
    const { state = "", at = "" } = instance.status?.lastStatus ?? {};
    return { type: "statement", source: `task ${state}`, epoch: at };
  }
  return { type: "tombstone", owner: instance.metadata.uid ?? "" };
}

function stepOf({ rack, proxy }: ProxyView, { servicePort, target, instance }: Wanted) {
  const { uid = "", generation = 0 } = instance.metadata;
  return { rack, key: `${proxy}/${serverKey(servicePort, target.id)}`, cause: [`${uid}@${generation}`], evidence: [] };
}

function layoutAction(
  { rack, proxy }: ProxyView,
  ports: readonly LayoutPort[],
  dropped: readonly number[],
): Action<ProxyChange> {
  const change = { proxy, change: { type: "layout" as const, ports } };
  const step = { rack, key: proxy, change, cause: [], evidence: [] };
  const text = ports.map(({ servicePort }) => servicePort).join(", ") || "no port";
  if (dropped.length === 0) return { ...step, type: "balancer.set", message: `serve ${text} at ${proxy}` };
  const message = `serve ${text} at ${proxy}, no more ${dropped.join(", ")}, which nobody owns`;
  return { ...step, type: "balancer.withdraw", ground: { type: "tombstone", owner: dropped.join() }, message };
}
