import { Rack } from "../api-types/rack.js";
import type { Cache } from "../runtime/cache.js";
import type { ConditionUpdate } from "../runtime/conditions.js";
import { reportStatus } from "../runtime/report.js";
import type { LoopContext } from "./context.js";
import { ownConditions } from "./own-conditions.js";

/** What a loop has of racks. */
export interface RackLoop {
  readonly context: Pick<LoopContext, "client" | "clock">;
  readonly racks: Cache<Rack>;
}

/** Writes the conditions that are all a loop owns of a Rack, when they changed; those it leaves out now are removed. */
export async function reportRackConditions(
  { context: { client, clock }, racks }: RackLoop,
  rack: Rack,
  { conditions, manager }: { readonly conditions: readonly ConditionUpdate[]; readonly manager: string },
): Promise<void> {
  const status = { conditions: ownConditions(rack, conditions, clock.now()) };
  await reportStatus({ client, cache: racks, kind: Rack, object: rack, status, manager });
}
