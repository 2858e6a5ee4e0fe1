import type { KubeObject } from "../../api-types/meta/object.js";
import { FENCE_HEADER, TERM_ANNOTATION } from "../http/contract.js";
import { badRequest } from "../http/failure.js";
import { deepFreeze } from "../read/cache/decode.js";
import type { Decorator } from "../read/cache/feed.js";
import type { Store } from "../storage/store.js";

/** Where Leases are stored. */
export const LEASE_PREFIX = "coordination.k8s.io/leases/";

/** The internal key whose revision is the term of a Lease. */
export function termKey(namespace: string, name: string): string {
  return `_terms/${namespace}/${name}`;
}

/** The prefix of all term keys. */
export const TERM_PREFIX = "_terms/";

/** Whether going from one state of a Lease to the next begins a new term; creation and deletion do. */
export function beginsTerm(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  const a = holderOf(before);
  const b = holderOf(after);
  return a.holderIdentity !== b.holderIdentity || a.leaseTransitions !== b.leaseTransitions;
}

/** The Lease as it is answered: with its term. */
export function withTerm(lease: KubeObject, term: number): KubeObject {
  const annotations = { ...lease.metadata.annotations, [TERM_ANNOTATION]: String(term) };
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}

/** The Lease as it is stored: the term is never part of it, even when a client sends it back. */
export function withoutTerm(lease: KubeObject): KubeObject {
  const { annotations } = lease.metadata;
  if (annotations === undefined || !Object.hasOwn(annotations, TERM_ANNOTATION)) return lease;
  const { [TERM_ANNOTATION]: _term, ...others } = annotations;
  const { annotations: _annotations, ...metadata } = lease.metadata;
  const isEmpty = Object.keys(others).length === 0;
  return { ...lease, metadata: isEmpty ? metadata : { ...metadata, annotations: others } };
}

/** The term that an answered Lease carries; undefined when it carries none. */
export function termOf(lease: KubeObject): number | undefined {
  const text = lease.metadata.annotations?.[TERM_ANNOTATION];
  return text === undefined ? undefined : Number(text);
}

/** What a fenced request demands of the store; throws BadRequest for a header that is not understood. */
export function fenceGuards(
  headers: Readonly<Record<string, string>>,
): readonly { readonly key: string; readonly revision: number }[] {
  const fence = headers[FENCE_HEADER];
  if (fence === undefined) return [];
  const [namespace, lease, term, ...rest] = fence.split("/");
  if (!namespace || !lease || rest.length > 0 || !/^[1-9]\d*$/.test(term ?? "")) {
    throw badRequest(`header ${FENCE_HEADER} is not namespace/lease/term: "${fence}"`);
  }
  return [{ key: termKey(namespace, lease), revision: Number(term) }];
}

function holderOf(lease: KubeObject): { readonly holderIdentity?: unknown; readonly leaseTransitions?: unknown } {
  const { spec } = lease;
  // the schema of Lease makes spec an object; anything else has no holder
  return typeof spec === "object" && spec !== null ? spec : {};
}

/** Shows the term of every cached Lease. */
export function leaseDecorator(store: Pick<Store, "list">): Decorator {
  let terms: ReadonlyMap<string, number> = new Map();
  return {
    async prepare() {
      // read after the objects: a term that is newer than its Lease is put right by the change that follows
      const page = await store.list(TERM_PREFIX);
      terms = new Map(page.entries.map((entry) => [entry.key.slice(TERM_PREFIX.length), entry.revision]));
    },
    filled(key, object) {
      const term = key.startsWith(LEASE_PREFIX) ? terms.get(key.slice(LEASE_PREFIX.length)) : undefined;
      return term === undefined ? object : deepFreeze(withTerm(object, term));
    },
    changed(key, object, { previous, revision }) {
      if (!key.startsWith(LEASE_PREFIX)) return object;
      const known = previous && !beginsTerm(previous, object) ? termOf(previous) : undefined;
      return deepFreeze(withTerm(object, known ?? revision));
    },
  };
}
