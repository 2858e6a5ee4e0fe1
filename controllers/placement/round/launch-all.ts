import { isStatus } from "../../../api-types/meta/status-error.js";
import type { Offer, TaskLaunch } from "../../../drivers/compute/driver.js";
import { launchAction } from "../launch/action.js";
import { memoryOf } from "../loop.js";
import type { Placement } from "../place/model.js";
import { byAgentId } from "./facts.js";
import { inParallel } from "./in-parallel.js";
import type { IntentTools, Written } from "./intents.js";

/** What is to run on an agent, and how that is stored first. */
export interface Intent extends Placement {
  readonly write: () => Promise<Written>;
}

/** So many agents at once, each with so many writes: 64 in all. */
const AGENTS_AT_ONCE = 16;
const WRITES_PER_AGENT = 4;
/** What a launch refused is passed over for so long: its place is for others meanwhile. */
export const HOLD_MS = 2000;

/**
 * Writes each intent, then sends one ACCEPT per agent with those whose write succeeded; returns the offers used. Where an
 * offer was taken back since the round began nothing is written: its tasks would be lost, and the next round places them.
 */
export async function launchAll(
  tools: IntentTools,
  intents: readonly Intent[],
  held: () => readonly Offer[],
): Promise<ReadonlySet<string>> {
  const areHeld = offerCheck(held);
  const used = await inParallel([...byAgentId(intents).values()], AGENTS_AT_ONCE, async (ofAgent) => {
    return ofAgent.every(({ offerIds }) => areHeld(offerIds)) ? launchOn(tools, ofAgent) : [];
  });
  return new Set(used.flat());
}

/** The same list comes back until it changes. */
function offerCheck(held: () => readonly Offer[]): (ids: readonly string[]) => boolean {
  let offers: readonly Offer[] = [];
  let ids: ReadonlySet<string> = new Set();
  return (wanted) => {
    const now = held();
    if (now !== offers) ids = new Set(now.map(({ id }) => id));
    offers = now;
    return wanted.every((id) => ids.has(id));
  };
}

async function launchOn({ loop, rack, ...tools }: IntentTools, intents: readonly Intent[]): Promise<readonly string[]> {
  const [first] = intents;
  const written = await inParallel(intents, WRITES_PER_AGENT, (intent) => tasksOf({ loop, rack, ...tools }, intent));
  const tasks = written.flat();
  if (first === undefined || tasks.length === 0) return [];
  const { agentId, offerIds } = first;
  await loop.context.execute([launchAction(rack, { agentId, offerIds, tasks })]);
  return offerIds;
}

/** One Instance that cannot be stored keeps no other one back. */
async function tasksOf({ loop, rack }: IntentTools, { key, write }: Intent): Promise<readonly TaskLaunch[]> {
  const { clock, log } = loop.context;
  const hold = () => memoryOf(loop, rack.metadata.name).heldUntil.set(key, clock.monotonic() + HOLD_MS);
  try {
    const written = await write();
    if (written.type === "launch") return written.tasks;
    hold();
  } catch (error) {
    if (isStatus(error, "Fenced")) throw error;
    hold();
    log.warn("placement is not stored", { key, error });
  }
  return [];
}
