import type { KubeObject } from "../../../api-types/meta/object.js";

/** Objects on their way to the store, which the caches do not show yet: rules that compare objects see them too. */
export interface PendingWrites {
  /** Whether writes of a kind are followed at all. */
  follows(kind: string): boolean;
  /** Shows an object until the returned function is called. */
  add(object: KubeObject): () => void;
  of(kind: string): readonly KubeObject[];
}

/** Follows the writes of some kinds: those whose objects claim what only one of them may have. */
export function pendingWrites(kinds: readonly string[]): PendingWrites {
  const pending = new Set<KubeObject>();
  return {
    follows: (kind) => kinds.includes(kind),
    add(object) {
      pending.add(object);
      return () => void pending.delete(object);
    },
    of: (kind) => (pending.size === 0 ? [] : [...pending].filter((object) => object.kind === kind)),
  };
}
