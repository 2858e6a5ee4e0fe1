import { KINDS } from "../../../api-types/kinds.js";
import { Rack } from "../../../api-types/rack.js";
import { SYSTEM_IDENTITY } from "../../../apiserver/http/contract.js";
import { type ApiServer, createApiServer } from "../../../apiserver/main.js";
import type { Store } from "../../../apiserver/storage/store.js";
import type { Client } from "../../../client/client.js";
import { createClient } from "../../../client/create-client.js";
import { type Controllers, startControllers } from "../../../controllers/main.js";
import type { Clock } from "../../../platform/clock.js";
import { type Logger, silentLogger } from "../../../platform/log.js";
import { createMetrics, type Metrics } from "../../../platform/metrics.js";
import { seededRandom } from "../../../platform/random.js";
import { type HttpHandler, inProcessTransport } from "../../../platform/transport.js";
import { agentAddresses, MASTER, MESOS_HOST, startBackends } from "./backends.js";

export interface BenchRackOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly log?: Logger;
  /** What the loops tell of themselves. */
  readonly metrics?: Metrics;
  /** Wraps the API that the loops and the benchmark call. */
  readonly wrapApi?: (api: HttpHandler) => HttpHandler;
  /** How back ends that run elsewhere are reached; default: they run in this process. */
  readonly transport?: HttpHandler;
}

/** The whole product on a pretended rack of twenty agents, in one process. */
export interface BenchRack {
  readonly api: ApiServer;
  readonly client: Client;
  readonly controllers: Controllers;
  stop(): Promise<void>;
}

/** Starts API server, loops and back ends; the Rack is applied and nothing runs yet. */
export async function startBenchRack(options: BenchRackOptions): Promise<BenchRack> {
  const { clock, store, log = silentLogger } = options;
  const random = seededRandom(1);
  const { metrics = createMetrics() } = options;
  const tools = { clock, random, log };
  const api = await createApiServer({ ...tools, store, kinds: KINDS, metrics: metrics.registry, version: "0.0.0" });
  const client = clientOf(api, options.wrapApi);
  const backends = options.transport === undefined ? startBackends(tools) : undefined;
  const transport = options.transport ?? inProcessTransport(backends?.handlers ?? new Map());
  await client.apply(Rack, rackObject(), { fieldManager: "bench" });
  const controllers = startControllers({
    ...tools,
    ...(options.metrics === undefined ? {} : { metrics }),
    client,
    transport,
    identity: "bench",
    takeOverHolder: () => true,
  });
  return {
    api,
    client,
    controllers,
    async stop() {
      void controllers.stop();
      await api.close();
      backends?.close();
    },
  };
}

/** A client that calls an API server in this process. */
export function clientOf(api: ApiServer, wrap: (handler: HttpHandler) => HttpHandler = (handler) => handler): Client {
  const handler: HttpHandler = (request) => {
    const { pathname, search } = new URL(request.url);
    return api.handle({ ...request, url: pathname + search }, SYSTEM_IDENTITY);
  };
  return createClient({ handler: wrap(handler), baseUrl: "https://rackwright", userAgent: "bench" });
}

function rackObject() {
  const nodes = agentAddresses().map(({ name, ip }) => ({
    name,
    address: ip,
    externalAddress: ip,
    type: "worker",
    function: "lab",
  }));
  const spec = {
    nodes,
    compute: {
      mesos: {
        masters: [`http://${MESOS_HOST}`],
        frameworkName: "bench",
        user: "root",
        nodeAttributes: { name: "machine-name", type: "machine-type", function: "machine-function" },
      },
    },
    dns: { type: "Consul", domain: "service.bench", ttlSeconds: 0, consul: { address: `http://${MASTER}:8500` } },
    network: { networkName: "bench", switch: { type: "SnapRoute", address: `http://${MASTER}:8080` } },
  };
  return { metadata: { name: "bench" }, spec } as never; // defaults are the server's to fill in
}
