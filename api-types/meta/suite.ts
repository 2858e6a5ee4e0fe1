import { describe, expect, it } from "vitest";
import { withDefaults } from "../schema/defaults.js";
import { oversized } from "../schema/oversized.js";
import { prune } from "../schema/prune.js";
import type { FieldError } from "../schema/structural.js";
import { validateSchema } from "../schema/validate.js";
import type { Kind } from "./kind.js";
import type { KubeObject } from "./object.js";

/** What the API server would say of an object under strict validation: one line for each fault, `path: text`. */
export function faultsOf(kind: Kind, object: unknown, previous?: unknown): readonly string[] {
  const excess = oversized(kind.schema, object);
  if (excess.length > 0) return excess.map(textOf);
  const { object: pruned, unknown } = prune(kind.schema, object);
  if (unknown.length > 0) return unknown.map((path) => `unknown field "${path}"`);
  const candidate = withDefaults(kind.schema, pruned);
  const faults = validateSchema(kind.schema, candidate);
  if (faults.length > 0) return faults.map(textOf);
  // The schema was just checked.
  return kind.validate(candidate as KubeObject, stored(kind, previous)).map(textOf);
}

function stored(kind: Kind, previous: unknown): KubeObject | undefined {
  // Tests give objects of the kind.
  return previous === undefined ? undefined : (withDefaults(kind.schema, previous) as KubeObject);
}

function textOf({ path, message }: FieldError): string {
  return `${path}: ${message}`;
}

/** An object of a kind. */
export const objectOf = (kind: Kind, spec: object, metadata: object = {}) => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name: "it", ...metadata },
  spec,
});

/** Rows of what is changed in a good spec, and the faults that follow. */
export type Row = readonly [what: string, change: object, faults: readonly string[]];

/** Checks each row against the kind. */
export function checkRows(kind: Kind, good: object, rows: readonly Row[]): void {
  describe(kind.kind, () => {
    it.each(rows)("%s", (_what, change, faults) => {
      expect(faultsOf(kind, objectOf(kind, { ...good, ...change }))).toEqual(faults);
    });
  });
}
