import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { StatusError } from "../api-types/meta/status-error.js";
import type { HttpHandler } from "../platform/transport.js";
import { type UndiciOptions, undiciTransport } from "../platform/undici-transport.js";
import type { Client } from "./client.js";
import { createClient } from "./create-client.js";
import { plainKubeconfig } from "./plain-kubeconfig.js";

/** A client for the cluster that a kubeconfig names, and what lies below it. */
export interface KubeconfigClient {
  readonly client: Client;
  /** For requests that the client has no verb for; adds the credentials. */
  readonly handler: HttpHandler;
  readonly baseUrl: string;
  /** The namespace of the context; `default` when it names none. */
  readonly namespace: string;
  close(): Promise<void>;
}

/**
 * Reads a kubeconfig and makes a client for its current, or the named, context: client certificates, tokens, basic
 * authentication, and programs that print credentials (run once, here).
 */
export async function clientFromKubeconfig(
  path: string,
  options: { readonly userAgent: string; readonly context?: string },
): Promise<KubeconfigClient> {
  const plain = await plainKubeconfig(path, options.context);
  if (plain !== undefined) {
    const transport = undiciTransport(plain.transport);
    return connected({ ...plain, handler: transport, close: transport.close, userAgent: options.userAgent });
  }
  const config = await load(path, options.context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new StatusError("BadRequest", `kubeconfig ${path}: ${contextFault(config)}`);
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  // the library refuses plain HTTP unless told that nothing is verified; over HTTP nothing is
  const user = config.getCurrentUser();
  if (cluster.server.startsWith("http://") && user !== null) {
    config.loadFromClusterAndUser({ ...cluster, skipTLSVerify: true }, user);
  }
  const access = await accessOf(config, path);
  const transport = undiciTransport(access.transport);
  const handler: HttpHandler = (request) =>
    transport({ ...request, headers: { ...access.headers, ...request.headers } });
  return connected({
    server: cluster.server,
    namespace,
    handler,
    close: transport.close,
    userAgent: options.userAgent,
  });
}

function contextFault(config: KubeConfig): string {
  const name = config.getCurrentContext();
  if (!name) return "it names no current context; choose one with --context";
  if (config.getContextObject(name) !== null) return `its context ${name} names no cluster that is there`;
  const known = config.getContexts().map((context) => context.name);
  return `it has no context ${name}${known.length === 0 ? "" : `, but ${known.join(", ")}`}`;
}

interface Connection {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly handler: HttpHandler;
  readonly close: () => Promise<void>;
  readonly userAgent: string;
}

function connected({ server, namespace = "default", handler, close, userAgent }: Connection): KubeconfigClient {
  const baseUrl = server.replace(/\/+$/, "");
  return { client: createClient({ handler, baseUrl, userAgent }), handler, baseUrl, namespace, close };
}

/** The library is loaded on first use: it costs 400 ms and 80 MB. */
async function load(path: string, context: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (error) {
    // a parser goes on with a picture of the line
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw new StatusError("BadRequest", `reading kubeconfig ${path}: ${why}`, { cause: error });
  }
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

interface Access {
  readonly transport: UndiciOptions;
  readonly headers: Readonly<Record<string, string>>;
}

async function accessOf(config: KubeConfig, path: string): Promise<Access> {
  const applied: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(applied);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StatusError("Unauthorized", `credentials of kubeconfig ${path}: ${why}`, { cause: error });
  }
  const { ca, cert, key, rejectUnauthorized, servername, auth, headers } = applied;
  const authorization = headerOf(headers, "authorization") ?? (auth ? `Basic ${btoa(auth)}` : undefined);
  return {
    transport: {
      isVerified: rejectUnauthorized !== false,
      ...pem("ca", ca),
      ...pem("cert", cert),
      ...pem("key", key),
      ...(servername === undefined ? {} : { serverName: servername }),
    },
    headers: authorization === undefined ? {} : { authorization },
  };
}

function pem(name: "ca" | "cert" | "key", value: unknown): Pick<UndiciOptions, typeof name> {
  return typeof value === "string" || value instanceof Buffer ? { [name]: value } : {};
}

function headerOf(headers: RequestOptions["headers"], wanted: string): string | undefined {
  if (headers === undefined || Array.isArray(headers)) return undefined;
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  return typeof found === "string" ? found : undefined;
}
