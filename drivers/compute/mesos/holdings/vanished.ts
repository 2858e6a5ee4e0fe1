import type { Clock } from "../../../../platform/clock.js";
import type { Agent } from "../../driver.js";

/** Remembers since when agents are not listed. */
export interface VanishedAgents {
  /** Agents of `before` that are not in `listed`, until their time is over or their host is back under another id. */
  update(before: ReadonlyMap<string, Agent>, listed: ReadonlyMap<string, Agent>): ReadonlyMap<string, Agent>;
}

/** How long an agent that the master stopped listing is shown as unreachable. */
const VANISHED_KEPT_MS = 60 * 60_000;

/** The master stops listing an agent that it cannot reach: it is shown on, as unreachable, for a while. */
export function vanishedAgents(clock: Clock): VanishedAgents {
  const since = new Map<string, number>();

  function update(before: ReadonlyMap<string, Agent>, listed: ReadonlyMap<string, Agent>): ReadonlyMap<string, Agent> {
    const now = clock.monotonic();
    const kept = new Map(
      missing(before, listed)
        .filter(([id]) => now - (since.get(id) ?? now) < VANISHED_KEPT_MS)
        .map(([id, agent]) => [id, { ...agent, state: "Unreachable" as const }]),
    );
    for (const id of since.keys()) if (!kept.has(id)) since.delete(id);
    for (const id of kept.keys()) if (!since.has(id)) since.set(id, now);
    return kept;
  }

  return { update };
}

/** Agents that are not listed, and whose host is not listed under another id either. */
function missing(
  before: ReadonlyMap<string, Agent>,
  listed: ReadonlyMap<string, Agent>,
): readonly (readonly [string, Agent])[] {
  const hosts = new Set([...listed.values()].map((agent) => agent.hostname));
  return [...before].filter(([id, agent]) => !listed.has(id) && !hosts.has(agent.hostname));
}
