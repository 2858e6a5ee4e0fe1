import type { IKeyValue } from "etcd3";
import type { Entry } from "../store.js";

/** Where the store's keys lie in etcd: `/<prefix>/<key>`. */
export interface Layout {
  keyOf(key: string): Buffer;
  nameOf(raw: Buffer): string;
  entryOf(pair: IKeyValue): Entry;
  /** All keys that begin with `prefix`. */
  rangeOf(prefix: string): { readonly key: Buffer; readonly range_end: Buffer };
}

/** The layout below `prefix`; slashes at its ends do not matter. */
export function layoutBelow(prefix: string): Layout {
  const root = `/${prefix.replace(/^\/+|\/+$/g, "")}/`;
  const rootLength = Buffer.byteLength(root);
  const keyOf = (key: string) => Buffer.from(root + key);
  const nameOf = (raw: Buffer) => raw.toString("utf8", rootLength);
  return {
    keyOf,
    nameOf,
    // a copy of the value: a view would keep the whole response alive
    entryOf: ({ key, value, mod_revision }) => ({
      key: nameOf(key),
      value: new Uint8Array(value),
      revision: Number(mod_revision),
    }),
    rangeOf: (prefix) => ({ key: keyOf(prefix), range_end: endOf(keyOf(prefix)) }),
  };
}

/** The later of `start` and the first key after `key`. */
export function afterKey(start: Buffer, key: Buffer): Buffer {
  const next = Buffer.concat([key, Buffer.of(0)]);
  return Buffer.compare(next, start) > 0 ? next : start;
}

/** The first key after all that begin with `bytes`: keys are UTF-8, so no byte is 0xff. */
function endOf(bytes: Buffer): Buffer {
  const end = Buffer.from(bytes);
  // the root begins with a slash: there is a last byte
  end[end.length - 1]! += 1;
  return end;
}
