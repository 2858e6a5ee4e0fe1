import { isDeepStrictEqual } from "node:util";
import { withDefaults } from "../../api-types/schema/defaults.js";
import { emit } from "../../api-types/schema/emit.js";
import { service } from "../../api-types/service/fields.js";
import { restartFields } from "../../api-types/service/restart-fields.js";
import type { Service } from "../../api-types/service-group.js";
import { isRecord } from "../../platform/is-record.js";

const schema = emit(service);
const SHOWN_MAX = 3;
const VALUE_MAX = 48;

/** In words, which fields that replace instances differ: `image web:1 → web:2, env.ZONE added`. Empty: none. */
export function differenceText(before: Service, after: Service): string {
  const all = differences(flat(before), flat(after));
  const more = all.length > SHOWN_MAX ? [`and ${all.length - SHOWN_MAX} more`] : [];
  return [...all.slice(0, SHOWN_MAX), ...more].join(", ");
}

type Flat = ReadonlyMap<string, unknown>;

function differences(before: Flat, after: Flat): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => !isDeepStrictEqual(before.get(name), after.get(name)))
    .map((name) => {
      if (!before.has(name)) return `${name} ${valueText(after.get(name))} added`;
      if (!after.has(name)) return `${name} removed`;
      return `${name} ${valueText(before.get(name))} → ${valueText(after.get(name))}`;
    });
}

/** Leaves by path; items of lists by their names, lists of plain values as one. */
function flat(template: Service): Flat {
  return new Map(leavesOf("", restartFields(service, withDefaults(schema, template))));
}

function leavesOf(path: string, value: unknown): readonly (readonly [string, unknown])[] {
  const below = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (isRecord(value)) return Object.entries(value).flatMap(([name, child]) => leavesOf(below(name), child));
  if (isNamedList(value)) return value.flatMap((item) => leavesOf(below(item.name), withoutName(item)));
  return value === undefined ? [] : [[path, value]];
}

type Named = Readonly<Record<string, unknown>> & { readonly name: string };

function isNamedList(value: unknown): value is readonly Named[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => isRecord(item) && typeof item.name === "string")
  );
}

/** A variable is its value. */
function withoutName({ name: _name, ...rest }: Named): unknown {
  return Object.keys(rest).length === 1 && "value" in rest ? rest.value : rest;
}

function valueText(value: unknown): string {
  const text = Array.isArray(value) && value.every((item) => typeof item !== "object") ? value.join(" ") : plain(value);
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX - 1)}…` : text;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value.replaceAll("\n", "\\n") : JSON.stringify(value);
}
