import { ConfigMap } from "../../../api-types/core/config-map.js";
import { Secret } from "../../../api-types/core/secret.js";
import { isStatus } from "../../../api-types/meta/status-error.js";
import type { Client } from "../../../client/client.js";
import { type Reference, referenceKey, type Values } from "../launch/references.js";

/** Values as they are now, and what is missing, by name and key only. */
export interface ReadValues {
  readonly values: Values;
  readonly missing: readonly string[];
}

/** What is kept of an object: its type and values. */
interface Holder {
  readonly type: string;
  readonly valueOf: (key: string) => string | undefined;
}

/** Reads what references stand for, each object once in the reader's life: make one for each round. Never caches longer. */
export function createValueReader(client: Client) {
  const holders = new Map<string, Promise<Holder | undefined>>();
  const holderOf = (namespace: string, { kind, name }: Reference) => {
    const key = `${kind}/${namespace}/${name}`;
    const known = holders.get(key) ?? read(client, kind, { namespace, name });
    holders.set(key, known);
    return known;
  };
  return async (namespace: string, references: readonly Reference[]): Promise<ReadValues> => {
    const values = new Map<string, string>();
    const missing: string[] = [];
    for (const reference of references) {
      const found = look(await holderOf(namespace, reference), reference, namespace);
      if (found.type === "value") values.set(referenceKey(reference), found.value);
      else missing.push(found.message);
    }
    return { values, missing };
  };
}

export type ValueReader = ReturnType<typeof createValueReader>;

type Found =
  | { readonly type: "value"; readonly value: string }
  | { readonly type: "missing"; readonly message: string };

function look(holder: Holder | undefined, reference: Reference, namespace: string): Found {
  const { kind, name, key, type } = reference;
  const object = `${kind} ${namespace}/${name}`;
  if (holder === undefined) return { type: "missing", message: `${object} is not there` };
  if (type !== undefined && holder.type !== type)
    return { type: "missing", message: `${object} is not of type ${type}` };
  const value = holder.valueOf(key);
  return value === undefined ? { type: "missing", message: `${object} has no key ${key}` } : { type: "value", value };
}

async function read(
  client: Client,
  kind: Reference["kind"],
  key: { readonly namespace: string; readonly name: string },
): Promise<Holder | undefined> {
  try {
    return kind === "Secret"
      ? secretHolder(await client.get(Secret, key))
      : mapHolder(await client.get(ConfigMap, key));
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

function secretHolder({ type, data = {} }: Secret): Holder {
  return { type, valueOf: (key) => decoded(own(data, key)) };
}

function mapHolder({ data = {}, binaryData = {} }: ConfigMap): Holder {
  return { type: "", valueOf: (key) => own(data, key) ?? decoded(own(binaryData, key)) };
}

/** `constructor` is no key of anybody's. */
function own(data: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(data, key) ? data[key] : undefined;
}

function decoded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
