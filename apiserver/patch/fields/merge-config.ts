import { withDefaults } from "../../../api-types/schema/defaults.js";
import { copyObject, isEqualJson, isJsonObject, type JsonObject, setOwn } from "../json.js";
import {
  type FieldType,
  fieldTypeOf,
  itemsOf,
  itemTypeOf,
  type MapListType,
  type ObjectType,
  objectTypeOf,
} from "./field-type.js";

/** `live` with `config` laid over it, the config winning; what does not change is shared with `live`. */
export function mergeConfig(live: JsonObject, config: JsonObject, type: ObjectType): JsonObject {
  let result: Record<string, unknown> | undefined;
  for (const key of Object.keys(config)) {
    if (config[key] === undefined || type.isIgnored?.(key)) continue;
    const before = Object.hasOwn(live, key) ? live[key] : undefined;
    const merged = mergeValue(before, config[key], fieldTypeOf(type, key));
    if (merged === before) continue;
    result ??= copyObject(live);
    setOwn(result, key, merged);
  }
  return result ?? live;
}

function mergeValue(live: unknown, config: unknown, type: FieldType): unknown {
  if (live === undefined) return config;
  if (type.type === "set" || type.type === "mapList") return mergeList(live, config, type);
  const objectType = objectTypeOf(type, config);
  if (objectType !== undefined && isJsonObject(live) && isJsonObject(config)) {
    return mergeConfig(live, config, objectType);
  }
  return isEqualJson(live, config) || isDefaulted(live, config, type) ? live : config;
}

/** Whether an atomic value is live already but for the defaults inside it: applying it again must change nothing. */
function isDefaulted(live: unknown, config: unknown, type: FieldType): boolean {
  return type.type === "leaf" && type.schema !== undefined && isEqualJson(live, withDefaults(type.schema, config));
}

function mergeList(live: unknown, config: unknown, type: MapListType | { readonly type: "set" }): unknown {
  if (!Array.isArray(live) || !Array.isArray(config)) return isEqualJson(live, config) ? live : config;
  const merged = interleave(itemsOf(type, live), itemsOf(type, config), itemTypeOf(type));
  const isUnchanged = merged.length === live.length && merged.every((item, index) => item === live[index]);
  return isUnchanged ? live : merged;
}

/** The config's order, with items that only `live` has left where they stand. */
function interleave(
  live: ReadonlyMap<string, unknown>,
  config: ReadonlyMap<string, unknown>,
  itemType: FieldType,
): readonly unknown[] {
  const pending = [...live.keys()];
  const taken = new Set<string>();
  const result: unknown[] = [];
  let next = 0;
  /** Passes over live items up to the first that the config places later. */
  const takeLiveOnly = () => {
    for (let segment = pending[next]; segment !== undefined; segment = pending[++next]) {
      if (taken.has(segment)) continue;
      if (config.has(segment)) return;
      result.push(live.get(segment));
    }
  };
  for (const [segment, item] of config) {
    takeLiveOnly();
    taken.add(segment);
    result.push(mergeValue(live.get(segment), item, itemType));
  }
  takeLiveOnly();
  return result;
}
