import { IsOptional, type TSchema } from "typebox";
import type { AppliesHow, Marks } from "../schema/fields.js";

/** What people and programs may want to know of one field beyond its schema. */
export interface FieldNote {
  /** Path with `[]` for items and `.*` for free keys, e.g. `spec.services[].network.mode`. */
  readonly path: string;
  /** For people: `string`, `list of objects`, `"A" or "B"`. */
  readonly type: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly default: unknown;
  /** What a change does to running instances; undefined where that is no question. */
  readonly applies: AppliesHow | undefined;
  /** True: declared and refused. A list: values of it that are refused. */
  readonly later: true | readonly string[] | undefined;
}

interface NotedSchema extends Marks {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

/** Every field below `schema`, in the order of its declaration. What lies inside a refused field is refused as well. */
export function fieldNotes(schema: TSchema, path: string): readonly FieldNote[] {
  return notesInside(asNoted(schema), { path, applies: undefined, later: undefined });
}

interface Parent {
  readonly path: string;
  readonly applies: AppliesHow | undefined;
  readonly later: true | undefined;
}

function notesInside(schema: NotedSchema, parent: Parent): readonly FieldNote[] {
  if (schema.items !== undefined) {
    return notesInside(asNoted(schema.items), { ...parent, path: `${parent.path}[]` });
  }
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => notesOf(field, name, parent));
}

function notesOf(field: TSchema, name: string, parent: Parent): readonly FieldNote[] {
  const noted = asNoted(field);
  const path = parent.path === "" ? name : `${parent.path}.${name}`;
  const applies = noted["rackwright:applies"] ?? parent.applies;
  const later = parent.later ?? noted["rackwright:later"];
  const note: FieldNote = {
    path,
    type: typeText(noted),
    description: noted.description ?? "",
    isRequired: !IsOptional(field) && noted.default === undefined,
    default: noted.default,
    applies,
    later,
  };
  return [note, ...notesInside(noted, { path, applies, later: later === true ? true : undefined })];
}

function typeText(schema: NotedSchema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (schema.enum !== undefined) return schema.enum.map((choice) => `\`${choice}\``).join(", ");
  if (schema.items !== undefined) return `list of ${plural(typeText(asNoted(schema.items)))}`;
  const value = Object.values(schema.patternProperties ?? {})[0];
  return value === undefined ? (schema.type ?? "any") : `map of ${plural(typeText(asNoted(value)))}`;
}

function plural(type: string): string {
  return /^[a-z]+$/.test(type) ? `${type}s` : type;
}

/** A typebox schema is a plain object of JSON Schema keywords and our marks. */
function asNoted(schema: TSchema): NotedSchema {
  return schema as NotedSchema;
}
