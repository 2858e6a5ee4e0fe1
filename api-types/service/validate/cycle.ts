/** A cycle of a graph of names, its first name repeated at the end; undefined when there is none. Bounded by edges. */
export function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const cycle = cycleFrom(start, edges, done);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Depth first with a stack of its own: a long chain must not exhaust the call stack. */
function cycleFrom(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): readonly string[] | undefined {
  const trail = [{ name: start, next: 0 }];
  const onTrail = new Set([start]);
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const child = edges.get(top.name)?.[top.next];
    top.next += 1;
    if (child === undefined) {
      done.add(top.name);
      onTrail.delete(top.name);
      trail.pop();
    } else if (onTrail.has(child)) {
      const names = trail.map(({ name }) => name);
      return [...names.slice(names.indexOf(child)), child];
    } else if (!done.has(child)) {
      trail.push({ name: child, next: 0 });
      onTrail.add(child);
    }
  }
  return undefined;
}
