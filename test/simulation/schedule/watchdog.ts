import { isRemoval, type WireEntry } from "../world/wire.js";
import type { World } from "../world/world.js";

/** What must hold at every instant, with or without faults; breaches are gathered as sentences. */
export interface Watchdog {
  readonly breaches: readonly string[];
  /** The outside did something to the rack itself: for so long the state outside proves nothing against us. */
  excuse(forMs: number): void;
  isExcused(): boolean;
  /** Looks at the answers of DNS, and at whether who is named can be reached; call every so often. */
  look(): void;
}

export interface WatchdogOptions {
  /** Names that, once they answered, always must. */
  readonly names: readonly string[];
}

/**
 * Checks each request before the back end sees it (SAFETY R6):
 * - `register` only for an address whose /32 is in the switch's table;
 * - `route.remove` only when no name leads to the address any more;
 * - `kill` of a task that was reachable only when neither name nor route lead to it.
 */
export function watchdog(world: World, { names }: WatchdogOptions): Watchdog {
  const breaches: string[] = [];
  const answered = new Set<string>();
  const addresses = new Map<string, string>();
  let excusedUntil = 0;
  const isExcused = () => world.clock.monotonic() < excusedUntil;
  const breach = (what: string) => {
    if (breaches.length < BREACHES_MAX) breaches.push(`at ${world.clock.monotonic()} ms: ${what}`);
  };

  const named = (address: string) =>
    world.consul
      .snapshot()
      .services.filter((service) => service.address === address)
      .map((service) => service.id);
  const isRouted = (address: string) => world.tor.routes().has(`${address}/32`);
  const learn = () => {
    for (const { task, address } of world.runner.running()) if (task.isRouted) addresses.set(task.taskId, address);
  };

  function check({ call }: WireEntry): void {
    learn();
    switch (call.type) {
      case "register":
        checkRegistration(call.id, call.address);
        return;
      case "route.remove": {
        const leading = named(call.prefix.replace("/32", ""));
        if (leading.length > 0) breach(`route ${call.prefix} is removed while ${leading.join()} lead to it`);
        return;
      }
      case "kill":
        checkKill(call.taskId);
        return;
      default:
        return;
    }
  }

  function checkRegistration(id: string, address: string): void {
    const isOwn = [...addresses.values()].includes(address);
    if (isOwn && !isRouted(address) && !isExcused()) {
      breach(`${id} is registered at ${address}, which has no route`);
    }
  }

  function checkKill(taskId: string): void {
    const address = addresses.get(taskId);
    if (address === undefined) return;
    const leading = named(address);
    if (leading.length > 0) breach(`task ${taskId} is killed while ${leading.join()} lead to it`);
    if (isRouted(address)) breach(`task ${taskId} is killed while its route stands`);
  }

  world.observers.push((entry) => {
    if (isRemoval(entry) || entry.call.type === "register") check(entry);
  });

  return {
    breaches,
    isExcused,
    excuse(forMs) {
      excusedUntil = Math.max(excusedUntil, world.clock.monotonic() + forMs);
    },
    look() {
      for (const name of names) {
        const found = addressesOf(world, name);
        if (found.length > 0) answered.add(name);
        else if (answered.has(name) && !isExcused()) breach(`${name} does not answer any more`);
        const own = new Set(addresses.values());
        const unrouted = found.filter((address) => own.has(address) && !isRouted(address));
        if (unrouted.length > 0 && !isExcused()) breach(`${name} leads to ${unrouted.join()}, which has no route`);
      }
    },
  };
}

const BREACHES_MAX = 20;

function addressesOf({ consul }: World, name: string): readonly string[] {
  const { answers } = consul.answer({ name: `${name}.service.torc`, type: "A" });
  return answers.flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
}
