import type { SwitchRoute } from "../driver.js";
import type { StateRoute } from "./wire.js";

/** What the poll remembers of the table between two lists. */
export interface TableMemory {
  readonly epoch: string;
  /** Static routes that were seen in this epoch and that we did not remove. */
  readonly known: ReadonlySet<string>;
}

/** What a whole list means. */
export interface TableJudgement {
  readonly memory: TableMemory;
  readonly items: ReadonlyMap<string, SwitchRoute>;
  /** Why the list proves nothing about what it lacks; undefined: it is complete. */
  readonly doubt: string | undefined;
}

/** Before the first list. */
export const NO_TABLE: TableMemory = { epoch: "", known: new Set() };

/**
 * The identity of the running agent: it has no boot id, but makes its connected routes anew when it starts, so that the
 * first connected network and the time of its making name one run. Undefined: the list names no connected network.
 */
function epochOf(routes: readonly StateRoute[]): string | undefined {
  const connected = routes
    .filter(({ route }) => route.protocol === "CONNECTED")
    .map(({ route, createdAt }) => `${route.prefix} since ${createdAt}`)
    .sort();
  return connected[0];
}

/**
 * Judges a list of all pages. `removed` are prefixes that we removed and that no list has lacked since: their absence is
 * our own doing.
 */
export function judgeTable(
  memory: TableMemory,
  routes: readonly StateRoute[],
  removed: ReadonlySet<string>,
): TableJudgement {
  const items = new Map(routes.map(({ route }) => [route.prefix, route]));
  // a list without connected networks is no sign of a new run
  const epoch = epochOf(routes) ?? (memory.epoch || "no connected network");
  const statics = [...items.values()].filter((route) => route.protocol === "STATIC").map((route) => route.prefix);
  const missed = epoch === memory.epoch ? [...memory.known].filter((prefix) => !removed.has(prefix)) : [];
  if (items.size < routes.length) {
    return { memory, items, doubt: "a prefix is listed twice: the table changed between two pages" };
  }
  if (routes.length === 0) {
    return { memory: { epoch, known: new Set(missed) }, items, doubt: "an empty table: not even a connected network" };
  }
  if (statics.length === 0 && missed.length > 0) {
    const doubt = `no static routes where ${missed.length} were known`;
    return { memory: { epoch, known: new Set(missed) }, items, doubt };
  }
  const known = new Set(statics.filter((prefix) => !removed.has(prefix)));
  return { memory: { epoch, known }, items, doubt: undefined };
}
