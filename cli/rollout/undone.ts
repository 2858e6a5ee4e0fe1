import type { TSchema } from "typebox";
import type { AppliesHow, Marks } from "../../api-types/schema/fields.js";
import { service } from "../../api-types/service/fields.js";
import type { Service } from "../../api-types/service-group.js";
import { isRecord } from "../../platform/is-record.js";

/** `current` with the fields of `template` whose change restarts instances; sizes and what is changed in place stay. */
export function undone(current: Service, template: Service): Service {
  // both have the shape of a service, and each field comes from one of them
  return merged(service, { current, template, inherited: "restart" }) as Service;
}

interface MarkedSchema extends Marks {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
}

interface Sides {
  readonly current: unknown;
  readonly template: unknown;
  /** How a field without a mark of its own applies. */
  readonly inherited: AppliesHow;
}

function merged(schema: TSchema, { current, template, inherited }: Sides): unknown {
  // a typebox schema is a plain object of JSON Schema keywords and our marks
  const { properties, items, ...marks } = schema as MarkedSchema;
  const applies = marks["rackwright:applies"] ?? inherited;
  const isFromTemplate = applies === "restart";
  if (items !== undefined) return isFromTemplate ? list(items, { current, template, inherited: applies }) : current;
  if (properties === undefined) return isFromTemplate ? template : current;
  if (!isRecord(template)) return isFromTemplate ? undefined : current;
  const own = isRecord(current) ? current : {};
  const names = Object.keys(properties).filter((name) => name in own || name in template);
  const fields = names.map((name) => {
    // the filter left declared fields only
    const child = properties[name] as TSchema;
    return [name, merged(child, { current: own[name], template: template[name], inherited: applies })] as const;
  });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** The template's items, each with what is changed in place of the current item of its name. */
function list(items: TSchema, { current, template, inherited }: Sides): unknown {
  if (!Array.isArray(template)) return undefined;
  const known: readonly unknown[] = Array.isArray(current) ? current : [];
  return template.map((item) => {
    const same = known.find((other) => isRecord(other) && isRecord(item) && other.name === item.name);
    return same === undefined ? item : merged(items, { current: same, template: item, inherited });
  });
}
