import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import type { Admission, Mutation } from "../admission/admission.js";
import type { Identity } from "../http/contract.js";
import type { Store } from "../storage/store.js";
import type { PendingWrites } from "../write/prepare/pending-writes.js";
import type { Feed } from "./cache/feed.js";
import type { Resource } from "./resource.js";

/** What every verb works with. */
export interface ApiContext {
  readonly store: Store;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly resources: readonly Resource[];
  readonly admissions: readonly Admission[];
  readonly mutations: readonly Mutation[];
  readonly pending: PendingWrites;
  /** The resource that stores a kind, by kind name; for rules that look at other objects. */
  readonly resourceOf: (kind: string, group?: string) => Resource | undefined;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** A request for objects, after the path was understood. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Empty for collections. */
  readonly name: string;
  readonly subresource: "" | "status" | "scale" | "finalize";
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly identity: Identity;
  readonly signal: AbortSignal | undefined;
}

/** What a verb answers, before it is given the form that the client accepts. */
export type Answer =
  | {
      readonly type: "object";
      readonly status: 200 | 201;
      readonly object: Readonly<Record<string, unknown>>;
      readonly warnings?: readonly string[];
    }
  | {
      readonly type: "list";
      readonly items: readonly Readonly<Record<string, unknown>>[];
      readonly metadata: ListMeta;
      readonly warnings?: readonly string[];
    }
  | { readonly type: "stream"; readonly body: AsyncIterable<Uint8Array> };

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}
