import type { World } from "../world/world.js";

/** Notes when two living tasks have one address, or it goes to another number before its quarantine is over. */
export function guardAddresses(world: World, quarantineMs: number) {
  const freed = new Map<string, { readonly at: number; readonly slot: string }>();
  const tasks = new Map<string, string>();
  const faults: string[] = [];
  const subscription = world.runner.events$.subscribe((event) => {
    const now = world.clock.monotonic();
    if (event.type === "started") {
      const holder = [...tasks].find(([, address]) => address === event.address)?.[0];
      if (holder !== undefined) faults.push(`${event.address} of ${holder} was given to ${event.taskId}`);
      const last = freed.get(event.address);
      const isOthers = last !== undefined && last.slot !== slotOf(event.taskId);
      if (isOthers && now - last.at < quarantineMs) faults.push(`${event.address} after ${now - last.at} ms`);
      tasks.set(event.taskId, event.address);
      return;
    }
    if (event.type === "failed") faults.push(event.message);
    freed.set(tasks.get(event.taskId) ?? "", { at: now, slot: slotOf(event.taskId) });
    tasks.delete(event.taskId);
  });
  return { faults, stop: () => subscription.unsubscribe() };
}

/** What an instance and its successors have in common: a task id is `namespace.group-service-number-suffix.uid`. */
function slotOf(taskId: string): string {
  return taskId.replace(/-[^-.]+\.[^.]+$/, "");
}
