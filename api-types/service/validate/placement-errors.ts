import { isMesosRole, MESOS_ROLE_RULE } from "../../format/names.js";
import { patternFault } from "../../format/pattern.js";
import { invalid, isLiteral, required, unsupported } from "../../meta/field-error.js";
import type { FieldError } from "../../schema/structural.js";
import type { Service } from "../fields.js";
import type { PlacementConstraint } from "../network.js";
import { OPERATORS, operatorOf, type PlacementOperator } from "../placement-rules.js";

/** Rules about where a service runs: its constraints, and the roles whose resources it takes. */
export function placementErrors({ placement }: Service, path: string): readonly FieldError[] {
  return [
    ...(placement.constraints ?? []).flatMap((constraint, index) =>
      constraintErrors(constraint, `${path}.constraints[${index}]`),
    ),
    ...roleErrors(placement.roles, `${path}.roles`),
  ];
}

/** What an operator takes: without `needs`, no value is fine too. */
interface ValueRule {
  readonly needs?: string;
  readonly faultOf: (value: string) => string | undefined;
}

const COUNT: ValueRule["faultOf"] = (value) =>
  /^[1-9]\d{0,5}$/.test(value) ? undefined : "must be a whole number from 1 to 999999, as text";

const PATTERN: ValueRule = {
  needs: "a regular expression",
  faultOf(value) {
    const fault = value === "" ? "it is empty" : patternFault(value);
    return fault === undefined ? undefined : `must be a regular expression as RE2 reads it: ${fault}`;
  },
};

const VALUE_RULES: Readonly<Record<PlacementOperator, ValueRule>> = {
  Unique: { faultOf: () => "Unique takes no value, not even an empty one" },
  Cluster: {
    faultOf: (value) => (value === "" ? "must not be empty: leave it out to follow the first instance" : undefined),
  },
  GroupBy: { faultOf: COUNT },
  MaxPer: { needs: "a whole number", faultOf: COUNT },
  Like: PATTERN,
  Unlike: PATTERN,
  Is: {
    needs: "the value to compare with",
    faultOf: (value) =>
      /^[A-Za-z0-9_/.-]+$/.test(value) ? undefined : "must be letters, digits, `_`, `/`, `.` and `-`",
  },
};

function constraintErrors({ operator: written, value }: PlacementConstraint, path: string): readonly FieldError[] {
  const operator = operatorOf(written);
  if (operator === undefined) return [unsupported(`${path}.operator`, written, OPERATORS)];
  const { needs, faultOf } = VALUE_RULES[operator];
  if (value === undefined) return needs === undefined ? [] : [required(`${path}.value`, `${operator} needs ${needs}`)];
  const fault = isLiteral(value) || operator === "Unique" ? faultOf(value) : undefined;
  return fault === undefined ? [] : [invalid(`${path}.value`, value, fault)];
}

function roleErrors(roles: readonly string[] | undefined, path: string): readonly FieldError[] {
  if (roles === undefined) return [];
  if (roles.length === 0) return [required(path, "leave it out to take any resources; `*` means unreserved ones")];
  return roles.flatMap((role, index) => {
    if (!isLiteral(role) || isMesosRole(role)) return [];
    return [invalid(`${path}[${index}]`, role, MESOS_ROLE_RULE)];
  });
}
