import type { KubeObject } from "../../api-types/meta/object.js";
import type { View } from "../read/resource.js";

/** events.k8s.io/v1 Events are the core Events under other field names. */
export const EVENT_VIEW: View = {
  toServed: (stored) => ({ ...renamed(stored, TO_NEW), apiVersion: "events.k8s.io/v1" }) as KubeObject, // kind and metadata keep their names
  toStored: (served) => withDisplayTimes({ ...renamed(served, TO_CORE), apiVersion: "v1" } as KubeObject),
};

const PAIRS = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
] as const;

const TO_NEW: ReadonlyMap<string, string> = new Map(PAIRS);
const TO_CORE: ReadonlyMap<string, string> = new Map(PAIRS.map(([core, current]) => [current, core]));

function renamed(object: KubeObject, names: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]));
}

/** The old tables show count and times: an involved object is required by the core shape. */
function withDisplayTimes(object: KubeObject): KubeObject {
  return object.involvedObject === undefined ? { ...object, involvedObject: {} } : object;
}
