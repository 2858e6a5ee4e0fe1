/** A node of the catalogue. */
export interface NodeRow {
  readonly node: string;
  readonly id: string;
  readonly address: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** A service on a node; `id` is unique there, `service` is its name. */
export interface ServiceRow {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  readonly enableTagOverride: boolean;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** A health check of a node, or of one of its services. */
export interface CheckRow {
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  readonly status: string;
  readonly notes: string;
  readonly output: string;
  readonly serviceId: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** A key; the value is base64 as on the wire. */
export interface KeyRow {
  readonly key: string;
  readonly value: string;
  readonly flags: number;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** Everything a simulated Consul keeps, as data that survives its restart. */
export interface ConsulState {
  readonly index: number;
  readonly nodes: readonly NodeRow[];
  readonly services: readonly ServiceRow[];
  readonly checks: readonly CheckRow[];
  readonly keys: readonly KeyRow[];
}

/** What a Consul holds before its first write. */
export const EMPTY_STATE: ConsulState = { index: 1, nodes: [], services: [], checks: [], keys: [] };
