import type { World } from "../world/world.js";

/** Notes when two living tasks have one address, or one comes back before its quarantine is over. */
export function guardAddresses(world: World, quarantineMs: number) {
  const freedAt = new Map<string, number>();
  const tasks = new Map<string, string>();
  const faults: string[] = [];
  const subscription = world.runner.events$.subscribe((event) => {
    const now = world.clock.monotonic();
    if (event.type === "started") {
      const holder = [...tasks].find(([, address]) => address === event.address)?.[0];
      if (holder !== undefined) faults.push(`${event.address} of ${holder} was given to ${event.taskId}`);
      const freed = freedAt.get(event.address);
      if (freed !== undefined && now - freed < quarantineMs) faults.push(`${event.address} after ${now - freed} ms`);
      tasks.set(event.taskId, event.address);
      return;
    }
    if (event.type === "failed") faults.push(event.message);
    freedAt.set(tasks.get(event.taskId) ?? "", now);
    tasks.delete(event.taskId);
  });
  return { faults, stop: () => subscription.unsubscribe() };
}
