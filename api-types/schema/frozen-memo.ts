import type { StructuralSchema } from "./structural.js";

/** Frozen values about which something was found out that holds as long as they live, each for the schema it was found with. */
export interface FrozenMemo {
  has(schema: StructuralSchema, value: unknown): boolean;
  /** Passes over what is not frozen: it may become another. What is frozen is trusted to be so inside. */
  add(schema: StructuralSchema, value: unknown): void;
}

/**
 * Knows nothing yet. Most writes change one part of an object and share the others with what is stored, which is frozen:
 * those need not be walked again.
 */
export function frozenMemo(): FrozenMemo {
  const known = new WeakMap<object, StructuralSchema>();
  return {
    has: (schema, value) => typeof value === "object" && value !== null && known.get(value) === schema,
    add(schema, value) {
      if (typeof value === "object" && value !== null && Object.isFrozen(value)) known.set(value, schema);
    },
  };
}
