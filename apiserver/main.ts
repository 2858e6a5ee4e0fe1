import type { Registry } from "prom-client";
import { asCustomResourceDefinition } from "../api-types/core/custom-resource-definition.js";
import type { Kind } from "../api-types/meta/kind.js";
import type { KubeObject } from "../api-types/meta/object.js";
import type { Clock } from "../platform/clock.js";
import type { Logger } from "../platform/log.js";
import type { Random } from "../platform/random.js";
import { absentRack } from "./admission/absent-rack.js";
import { activePolicy, overriddenSize } from "./admission/active-policy.js";
import type { Admission } from "./admission/admission.js";
import { managementPrefix } from "./admission/management-prefix.js";
import { ignoredTtl, movedNames } from "./admission/name-server.js";
import { overrideCreator } from "./admission/override-creator.js";
import { safetyAllow } from "./admission/safety-allow.js";
import { restartTime } from "./admission/service-group/restart-time.js";
import { assignServicePorts, servicePortOwner } from "./admission/service-group/service-ports.js";
import { EVENT_PREFIX, startEventExpiry } from "./built-in/event-expiry.js";
import { EVENT_VIEW } from "./built-in/event-view.js";
import { leaseDecorator } from "./built-in/lease-term.js";
import { NAMESPACE_PREFIX, PERMANENT_NAMESPACES } from "./built-in/namespace.js";
import { startNamespaceCleaner } from "./built-in/namespace-cleaner.js";
import { type ApiHandler, SYSTEM_IDENTITY } from "./http/contract.js";
import { apiHandler } from "./http/handler.js";
import { apiMetrics } from "./http/health/metrics.js";
import { openApiOf } from "./openapi/openapi.js";
import { deepFreeze } from "./read/cache/decode.js";
import { startFeed } from "./read/cache/feed.js";
import type { ApiContext } from "./read/context.js";
import { prefixOf, type Resource, storageKey } from "./read/resource.js";
import type { Store } from "./storage/store.js";
import { pendingWrites } from "./write/prepare/pending-writes.js";
import { systemWriter } from "./write/system-writer.js";

export interface ApiServerOptions {
  readonly store: Store;
  readonly kinds: readonly Kind[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Registry;
  /** The product's version, e.g. `0.1.0`. */
  readonly version: string;
}

export interface ApiServer {
  readonly handle: ApiHandler;
  /** Ends all watches and background work; requests are refused from now on. The store stays open. */
  close(): Promise<void>;
}

/** Rules between objects, in the order in which they are told. */
const ADMISSIONS: readonly Admission[] = [
  safetyAllow,
  absentRack,
  ignoredTtl,
  movedNames,
  activePolicy,
  overriddenSize,
  managementPrefix,
  overrideCreator,
  servicePortOwner,
  restartTime,
];

/** Starts the Kubernetes-compatible API over a store: fills the caches, creates the built-in namespaces, then serves. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, kinds, clock, random, log } = options;
  const resources = resourcesOf(kinds);
  const feed = await startFeed({
    store,
    resources: resources.filter(({ view }) => view === undefined),
    clock,
    log,
    decorator: leaseDecorator(store),
    constants: definitionsOf(kinds, clock),
  });
  const resourceOf: ApiContext["resourceOf"] = (name, group) =>
    resources.find(
      ({ kind, view }) => view === undefined && kind.kind === name && (group ?? kind.group) === kind.group,
    );
  const context: ApiContext = {
    ...{ store, feed, clock, random, log, resources, resourceOf },
    admissions: ADMISSIONS,
    mutations: [assignServicePorts],
    pending: pendingWrites(["ServiceGroup"]),
  };
  const counts = () =>
    resources
      .filter(({ view }) => view === undefined)
      .map(({ kind, prefix }) => ({
        resource: kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`,
        count: feed.cacheOf(prefix).size,
      }));
  let isClosing = false;
  const handle = apiHandler({
    context,
    kinds,
    metrics: apiMetrics(options.metrics, counts),
    registry: options.metrics,
    openApi: openApiOf(kinds),
    versionInfo: versionInfo(options.version),
    isClosing: () => isClosing,
  });
  await createNamespaces(context, handle);
  const background = startBackground(context);
  return {
    handle,
    async close() {
      isClosing = true;
      for (const part of background) part.close();
      feed.close();
    },
  };
}

function startBackground(context: ApiContext): readonly { readonly close: () => void }[] {
  const writer = systemWriter(context);
  const events = context.resources.find(({ prefix, view }) => prefix === EVENT_PREFIX && view === undefined);
  return [
    startNamespaceCleaner(context, { remove: writer.remove, finalize: writer.finalizeNamespace }),
    ...(events === undefined ? [] : [startEventExpiry(context, (event) => writer.removeUnchanged(events, event))]),
  ];
}

function resourcesOf(kinds: readonly Kind[]): readonly Resource[] {
  const coreEvent = kinds.find((kind) => kind.kind === "Event" && kind.group === "");
  return kinds.map((kind): Resource => {
    if (kind.kind === "Event" && kind.group === "events.k8s.io" && coreEvent !== undefined) {
      return { kind, stored: coreEvent, prefix: prefixOf(coreEvent), view: EVENT_VIEW, isReadOnly: false };
    }
    return { kind, stored: kind, prefix: prefixOf(kind), isReadOnly: isDefinition(kind) };
  });
}

function isDefinition(kind: Kind): boolean {
  return kind.kind === "CustomResourceDefinition";
}

/** Our own kinds as CustomResourceDefinitions: constants that are read like any object. */
function definitionsOf(kinds: readonly Kind[], clock: Clock): ReadonlyMap<string, KubeObject> {
  const definition = kinds.find(isDefinition);
  if (definition === undefined) return new Map();
  const creationTimestamp = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  return new Map(
    kinds
      .filter((kind) => kind.family === "custom")
      .map((kind) => {
        const object = asCustomResourceDefinition(kind);
        const metadata = {
          creationTimestamp,
          uid: `definition-${kind.plural}`,
          ...object.metadata,
          resourceVersion: "1",
        };
        return [storageKey(prefixOf(definition), undefined, metadata.name), deepFreeze({ ...object, metadata })];
      }),
  );
}

async function createNamespaces({ feed, log }: ApiContext, handle: ApiHandler): Promise<void> {
  for (const name of PERMANENT_NAMESPACES) {
    if (feed.cacheOf(NAMESPACE_PREFIX).get(storageKey(NAMESPACE_PREFIX, undefined, name)) !== undefined) continue;
    const body = Buffer.from(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    const headers = { "content-type": "application/json" };
    const response = await handle({ method: "POST", url: "/api/v1/namespaces", headers, body }, SYSTEM_IDENTITY);
    // 409: another server over the same store was faster
    if (response.status !== 201 && response.status !== 409) {
      log.warn("creating a built-in namespace failed", { namespace: name, status: response.status });
    }
  }
}

/** The Kubernetes version whose behaviour is served; clients choose their own behaviour by it. */
const KUBERNETES_MINOR = "32";

function versionInfo(version: string): Readonly<Record<string, string>> {
  return {
    major: "1",
    minor: KUBERNETES_MINOR,
    gitVersion: `v1.${KUBERNETES_MINOR}.0+rackwright-${version}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "node",
  };
}
