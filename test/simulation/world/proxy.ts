import { Subject, takeUntil, takeWhile } from "rxjs";
import type { BalancerChange, BalancerDriver } from "../../../drivers/load-balancer/driver.js";
import { createMemoryBalancer, type MemoryBalancer } from "../../../drivers/load-balancer/memory.js";
import type { Clock } from "../../../platform/clock.js";
import type { ProcessGate } from "./process.js";
import type { WireCall, WireEntry } from "./wire.js";

/** The proxy in front of a rack; it outlives the processes that change it. */
export interface SimulatedProxy {
  readonly balancer: MemoryBalancer;
  /** The proxy as one process of control loops reaches it; what a dead one still sends does not arrive. */
  openFor(gate: ProcessGate): BalancerDriver;
}

export interface ProxyOptions {
  readonly clock: Clock;
  readonly wire: WireEntry[];
  readonly onEntry: (entry: WireEntry) => void;
}

const PERIOD_MS = 5000;

export function createProxy({ clock, wire, onEntry }: ProxyOptions): SimulatedProxy {
  const balancer = createMemoryBalancer({ clock, periodMs: PERIOD_MS });
  const record = (change: BalancerChange) => {
    const entry: WireEntry = { at: clock.monotonic(), host: "proxy", call: callOf(change), status: 200, digest: "" };
    wire.push(entry);
    onEntry(entry);
  };
  return {
    balancer,
    openFor(gate) {
      const closed = new Subject<void>();
      const isAlive = () => gate.state() !== "dead";
      return {
        observe$: balancer.observe$.pipe(takeWhile(isAlive), takeUntil(closed)),
        read: (key) => balancer.read(key),
        async apply(change) {
          if (!isAlive()) return new Promise(() => {});
          record(change);
          await balancer.apply(change);
        },
        close: () => closed.next(),
      };
    },
  };
}

function callOf(change: BalancerChange): WireCall {
  switch (change.type) {
    case "layout":
      return { type: "proxy.layout", ports: change.ports.map(({ servicePort }) => servicePort) };
    case "ready":
      return { type: "proxy.ready", taskId: change.server.id };
    case "drain":
    case "remove":
      return { type: `proxy.${change.type}`, taskId: change.id };
    default:
      return change satisfies never;
  }
}
