import { join } from "node:path";
import { KINDS } from "../../api-types/kinds.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { type Listener, listen } from "../../apiserver/http/listener.js";
import { type ApiServer, createApiServer } from "../../apiserver/main.js";
import { ensurePki } from "../../apiserver/pki/ensure-pki.js";
import { writeKubeconfig } from "../../apiserver/pki/kubeconfig.js";
import { openEmbeddedStore } from "../../apiserver/storage/embedded.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import type { Store } from "../../apiserver/storage/store.js";
import type { Client } from "../../client/client.js";
import { createClient } from "../../client/create-client.js";
import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Metrics } from "../../platform/metrics.js";
import type { Random } from "../../platform/random.js";

export interface ServerFlags {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly store: "embedded" | "etcd" | "memory";
  readonly etcdEndpoints: string;
}

export interface Tools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface RunningServer {
  readonly api: ApiServer;
  /** Calls the API in this process, as the system. */
  readonly client: Client;
  readonly url: string;
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** The API server of `up`: store, certificates, HTTPS listener, kubeconfig. */
export async function startServer(flags: ServerFlags, tools: Tools): Promise<RunningServer> {
  const { clock, random, log, metrics } = tools;
  const store = await openStore(flags, tools);
  try {
    const api = await createApiServer({
      store,
      kinds: KINDS,
      clock,
      random,
      log,
      metrics: metrics.registry,
      version: "0.1.0",
    });
    const listener = await openListener(flags, { api, clock, log }).catch(async (error: unknown) => {
      await api.close();
      throw error;
    });
    const kubeconfig = join(flags.data, "kubeconfig");
    const pki = await ensurePki(pkiOptions(flags, clock));
    await writeKubeconfig({ path: kubeconfig, server: listener.url, authority: pki.authority, client: pki.admin });
    const client = createClient({
      handler: (request) => api.handle({ ...request, url: pathOf(request.url) }, SYSTEM_IDENTITY),
      baseUrl: "https://rackwright",
      userAgent: "rackctl",
    });
    return {
      api,
      client,
      url: listener.url,
      kubeconfig,
      async close() {
        await api.close();
        await listener.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore({ data, store, etcdEndpoints }: ServerFlags, { clock, log }: Tools): Promise<Store> {
  if (store === "memory") return memoryStore({ clock });
  if (store === "embedded") return openEmbeddedStore({ directory: join(data, "store"), clock });
  // loaded when it is asked for: its client is a tenth of the time that a start takes
  const { openEtcdStore } = await import("../../apiserver/storage/etcd.js");
  const etcd = openEtcdStore({ endpoints: etcdEndpoints.split(","), prefix: "rackwright", clock, log });
  try {
    await etcd.current();
  } catch (cause) {
    await etcd.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StatusError("ServiceUnavailable", `opening the store (--etcd-endpoints): ${reason}`, { cause });
  }
  return etcd;
}

function pkiOptions({ data, listen: { host } }: ServerFlags, clock: Clock) {
  return { directory: join(data, "pki"), hosts: [...new Set([host, "127.0.0.1", "localhost"])], clock };
}

async function openListener(
  flags: ServerFlags,
  { api, clock, log }: { api: ApiServer; clock: Clock; log: Logger },
): Promise<Listener> {
  const pki = await ensurePki(pkiOptions(flags, clock));
  return listen({
    handle: api.handle,
    ...flags.listen,
    key: pki.server.key,
    certificate: pki.server.certificate,
    clientAuthority: pki.authority,
    log,
  }).catch((cause: unknown) => {
    if (!(cause instanceof StatusError)) throw cause;
    throw new StatusError("ServiceUnavailable", `serving the API (--listen): ${cause.message}`, { cause });
  });
}

function pathOf(url: string): string {
  const parsed = new URL(url);
  return parsed.pathname + parsed.search;
}
