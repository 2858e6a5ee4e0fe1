import {
  Etcd3,
  type IOptions,
  type IRangeRequest,
  type IRangeResponse,
  type ITxnRequest,
  type ITxnResponse,
} from "etcd3";
import type { Clock } from "../../../platform/clock.js";
import { faultOf, isNeverSent, unavailable } from "./fault.js";

export interface EtcdConnectionOptions {
  /** Like `http://127.0.0.1:2379`; `https` with `tls`. */
  readonly endpoints: readonly string[];
  /** PEM: the authority of the servers, and this client's own certificate and key. */
  readonly tls?: { readonly ca: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly auth?: { readonly username: string; readonly password: string };
  readonly clock: Clock;
}

type WatchStream = Awaited<ReturnType<Etcd3["watchClient"]["watch"]>>;

/** The calls that the store needs; each fails with StoreUnavailableError or with etcd's own refusal. */
export interface EtcdConnection {
  range(request: IRangeRequest): Promise<IRangeResponse>;
  txn(request: ITxnRequest): Promise<ITxnResponse>;
  /** The version of a member, like `3.5.16`. */
  version(): Promise<string>;
  /** A raw stream of watches; it has no deadline. */
  watch(): Promise<WatchStream>;
  close(): void;
}

const DEADLINE_MS = 5_000;
const RECEIVE_MAX = 64 * 1024 * 1024;
/** Each try takes an endpoint by chance: two for each of them make a living one likely. */
const TRIES_PER_ENDPOINT = 2;

/** Connects when the first call needs it. */
export function connectEtcd(options: EtcdConnectionOptions): EtcdConnection {
  const { endpoints } = options;
  const client = new Etcd3(clientOptions(options));

  async function attempt<T>(operation: string, isRepeatable: boolean, call: () => Promise<T>): Promise<T> {
    for (let tries = endpoints.length * TRIES_PER_ENDPOINT; ; tries--) {
      try {
        return await call();
      } catch (error) {
        const fault = faultOf(error);
        const isAgain = isNeverSent(fault) || (isRepeatable && fault.code === "UNAVAILABLE");
        if (tries <= 1 || !isAgain) throw unavailable(error, { operation, endpoints }) ?? error;
      }
    }
  }

  return {
    range: (request) => attempt("reading from", true, () => client.kv.range(request)),
    txn: (request) => attempt("writing to", false, () => client.kv.txn(request)),
    version: () => attempt("asking", true, async () => (await client.maintenance.status()).version),
    watch: () => client.watchClient.watch(),
    close: () => client.close(),
  };
}

function clientOptions({ endpoints, tls, auth, clock }: EtcdConnectionOptions): IOptions {
  return {
    hosts: [...endpoints],
    ...(auth && { auth }),
    ...(tls && { credentials: credentialsOf(tls) }),
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: clock.now() + DEADLINE_MS }),
    // the client's own retries would repeat writes whose outcome is unknown
    faultHandling: { global: RUN_ONCE, host: () => RUN_ONCE },
    grpcOptions: {
      // etcd refuses clients that ask more often than every 5 s
      "grpc.keepalive_time_ms": 6_000,
      "grpc.keepalive_timeout_ms": 2_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
      "grpc.max_receive_message_length": RECEIVE_MAX,
    },
  };
}

function credentialsOf(tls: NonNullable<EtcdConnectionOptions["tls"]>): IOptions["credentials"] {
  return {
    rootCertificate: tls.ca,
    ...(tls.key && { privateKey: tls.key }),
    ...(tls.cert && { certChain: tls.cert }),
  };
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;

// the client calls nothing of a policy but `execute`
const RUN_ONCE = { execute: async (run: (context: unknown) => unknown) => run({}) } as unknown as Policy;
