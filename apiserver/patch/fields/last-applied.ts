import type { KubeObject } from "../../../api-types/meta/object.js";
import { isJsonObject, type JsonObject } from "../json.js";
import { compareObjects } from "./compare.js";
import { difference, type FieldSet } from "./field-set.js";
import type { ObjectType } from "./field-type.js";
import { setOfApplied } from "./set-of-value.js";

/** Where client-side apply keeps its last configuration. */
export const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
/** As all annotations of an object together. */
const ANNOTATION_SIZE_MAX = 256 * 1024;

/** The fields that client-side apply set last and that still stand so: its successor may take them. */
export function lastAppliedSet(live: KubeObject, type: ObjectType): FieldSet {
  const config = parse(live.metadata.annotations?.[LAST_APPLIED_ANNOTATION]);
  if (config === undefined || config.apiVersion !== live.apiVersion) return undefined;
  const comparison = compareObjects(config, live, type);
  return difference(difference(setOfApplied(config, type), comparison.changed), comparison.removed);
}

/** When `merged` carries the annotation, sets it to `config`, so that client-side apply can take over again. */
export function withLastApplied(merged: KubeObject, config: KubeObject): KubeObject {
  const { annotations } = merged.metadata;
  if (annotations?.[LAST_APPLIED_ANNOTATION] === undefined) return merged;
  const text = `${JSON.stringify(sorted(withoutAnnotation(config)))}\n`;
  if (text === annotations[LAST_APPLIED_ANNOTATION]) return merged;
  const { [LAST_APPLIED_ANNOTATION]: _, ...others } = annotations;
  const updated = text.length > ANNOTATION_SIZE_MAX ? others : { ...annotations, [LAST_APPLIED_ANNOTATION]: text };
  return { ...merged, metadata: { ...merged.metadata, annotations: updated } };
}

function parse(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    const config: unknown = JSON.parse(text);
    return isJsonObject(config) ? config : undefined;
  } catch {
    // a spoilt annotation claims nothing
    return undefined;
  }
}

function withoutAnnotation(config: KubeObject): KubeObject {
  const { annotations } = config.metadata;
  if (annotations?.[LAST_APPLIED_ANNOTATION] === undefined) return config;
  const { [LAST_APPLIED_ANNOTATION]: _, ...others } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: others } };
}

/** Members in order of name, as Go writes them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
