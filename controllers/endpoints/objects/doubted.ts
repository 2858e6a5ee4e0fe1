import type { DisruptionOverride } from "../../../api-types/disruption-override.js";
import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isTrue } from "../../../api-types/life.js";
import type { Rack } from "../../../api-types/rack.js";
import type { Service } from "../../../api-types/service-group.js";
import type { Cache } from "../../../runtime/cache.js";
import type { LoopContext } from "../../context.js";
import { overridesOf } from "../../disruption.js";
import { doubtOf } from "../../doubt.js";

export interface DoubtInputs {
  readonly context: LoopContext;
  readonly overrides: Cache<DisruptionOverride>;
  readonly service: Service;
  readonly rack: Rack;
  /** All Instances of the service. */
  readonly siblings: readonly Instance[];
}

/**
 * Whether the bad health of an instance is not believed, because so many of its service turned bad at once (R3), and no
 * DisruptionOverride of class `names` says otherwise. Asked of those only that run and are bad: it goes through them all.
 */
export function isDoubted(instance: Instance, { context, overrides, service, rack, siblings }: DoubtInputs): boolean {
  if (conditionOf(instance, "Ready")?.status !== "False" || !isTrue(instance, "Running")) return false;
  const { clock, client } = context;
  if (overridesOf({ client, clock, overrides }).find(rack.metadata.name, "names", 1) !== undefined) return false;
  return doubtOf(service, siblings, clock.now()) !== undefined;
}
