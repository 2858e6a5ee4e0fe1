import type { Instance } from "../../../api-types/instance.js";
import { conditionOf, isLeaving, isTerminal } from "../../../api-types/life.js";
import type { Service } from "../../../api-types/service-group.js";
import { ANNOTATION } from "../../../api-types/well-known.js";
import { isMassive } from "../../doubt.js";
import type { Steady } from "../life/model.js";
import { isOutOfReach } from "./slots.js";

/** When an instance went out of reach; undefined: it did not. */
export function unreachableSince(instance: Instance): number | undefined {
  if (isTerminal(instance) || !isOutOfReach(instance)) return undefined;
  const since = Date.parse(conditionOf(instance, "Running")?.lastTransitionTime ?? "");
  return Number.isNaN(since) ? undefined : since;
}

function steadySince(instance: Instance, steady: Steady): number | undefined {
  const since = unreachableSince(instance);
  return since === undefined ? undefined : steady(`loss of ${instance.metadata.name}`, since);
}

/** When an instance out of reach is to be replaced: each has its own time. Undefined: never, or it is in reach. */
export function replacementDueAt(service: Service, instance: Instance, steady: Steady): number | undefined {
  const since = steadySince(instance, steady);
  const hasVolumes = (service.volumes ?? []).length > 0;
  const seconds = service.unreachable.replaceAfterSeconds ?? (hasVolumes ? -1 : 30);
  return since === undefined || seconds < 0 ? undefined : since + seconds * 1000;
}

/** When an instance that was let go and stays out of reach is given up; undefined: it need not be, or it was. */
export function forgetDueAt(service: Service, instance: Instance, steady: Steady): number | undefined {
  const since = steadySince(instance, steady);
  const isForgotten = instance.metadata.annotations?.[ANNOTATION.leave] === "Forgotten";
  if (since === undefined || !isLeaving(instance) || isForgotten) return undefined;
  return since + service.unreachable.forgetAfterSeconds * 1000;
}

/** Whether so many of a rack's placed instances went out of reach within one window that the observer is blind (R3). */
export function isBlind(instances: readonly Instance[], placedCount: number): boolean {
  return isMassive(
    instances.flatMap((instance) => unreachableSince(instance) ?? []),
    placedCount,
  );
}
