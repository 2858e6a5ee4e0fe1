import type { KubeObject } from "../../../api-types/meta/object.js";
import { withDefaults } from "../../../api-types/schema/defaults.js";
import { prune } from "../../../api-types/schema/prune.js";
import { isRecord } from "../../../platform/is-record.js";
import { checkMetadataTypes } from "../../admission/metadata.js";
import { rememberServed } from "../encode.js";
import { keyParts, type Resource } from "../resource.js";

/**
 * A stored value as a frozen object: pruned and defaulted by today's schema, its identity taken from the key and its
 * version from the revision. Undefined when the bytes are not an object: one bad value must not hide the others.
 */
export function decodeStored(
  resource: Resource,
  entry: { readonly key: string; readonly value: Uint8Array; readonly revision: number },
): KubeObject | undefined {
  const parts = keyParts(resource.prefix, entry.key);
  if (parts === undefined) return undefined;
  const own = ownWrite(entry);
  if (own !== undefined) {
    const metadata = { ...own.metadata, resourceVersion: String(entry.revision) };
    const object = deepFreeze({ ...own, metadata });
    rememberServed(object, entry.value);
    return object;
  }
  const raw = parsed(entry.value);
  if (!isRecord(raw) || !isRecord(raw.metadata)) return undefined;
  const { namespace: _namespace, ...metadata } = raw.metadata;
  const object = {
    ...raw,
    apiVersion: resource.stored.apiVersion,
    kind: resource.stored.kind,
    metadata: {
      ...metadata,
      name: parts.name,
      ...(parts.namespace !== undefined && { namespace: parts.namespace }),
      resourceVersion: String(entry.revision),
    },
  } as KubeObject; // the fields of KubeObject were just set
  try {
    // labels that are no text would make typed clients drop the whole list
    checkMetadataTypes(object.metadata);
    return deepFreeze(withDefaults(resource.stored.schema, prune(resource.stored.schema, object).object) as KubeObject);
  } catch {
    return undefined;
  }
}

/** Saves the decoding of `storedBytes` that this process wrote itself, where the store delivers the same bytes, or their like. */
export function rememberDecoded(key: string, bytes: Uint8Array, object: KubeObject): void {
  written.delete(key);
  written.set(key, { bytes, object });
  const [oldest] = written.keys();
  if (written.size > WRITTEN_MAX && oldest !== undefined) written.delete(oldest);
}

/** So many writes may be on their way back from the store; those beyond are decoded. */
const WRITTEN_MAX = 1000;
const written = new Map<string, { readonly bytes: Uint8Array; readonly object: KubeObject }>();

function ownWrite({ key, value }: { readonly key: string; readonly value: Uint8Array }): KubeObject | undefined {
  const own = written.get(key);
  if (own === undefined || (own.bytes !== value && Buffer.compare(own.bytes, value) !== 0)) return undefined;
  return own.object;
}

/** Freezes an object and all it holds; what is frozen already is trusted to be so inside. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
}
