import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural.js";

/** Objects that a hint names, at most. */
const HINTED_MAX = 3;

/** What may stand where unknown fields were found: `; spec takes: a, b`. `paths` are those that `prune` told. */
export function hintOf(schema: StructuralSchema, paths: readonly string[]): string {
  const parents = [...new Set(paths.map((path) => path.slice(0, Math.max(0, path.lastIndexOf(".")))))];
  return parents
    .slice(0, HINTED_MAX)
    .map((parent) => hintFor(schema, parent))
    .join("");
}

function hintFor(schema: StructuralSchema, parent: string): string {
  const names = Object.keys(schemaAt(schema, parent)?.properties ?? {}).sort();
  if (names.length === 0) return "";
  return `; ${parent === "" ? "the object" : parent} takes: ${names.join(", ")}`;
}

/** The schema of the value at a path like `spec.services[0]`. */
function schemaAt(schema: StructuralSchema, path: string): StructuralSchema | undefined {
  let found: StructuralSchema | undefined = schema;
  for (const step of path.match(/[^.[\]]+|\[\d+\]/g) ?? []) {
    if (found === undefined) return undefined;
    found = step.startsWith("[") ? found.items : fieldSchema(found, step);
  }
  return found;
}
