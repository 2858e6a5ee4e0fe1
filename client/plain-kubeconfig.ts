import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { isRecord } from "../platform/is-record.js";
import type { UndiciOptions } from "../platform/undici-transport.js";

/** What a kubeconfig of the simplest sort says. */
export interface PlainAccess {
  readonly server: string;
  readonly namespace: string | undefined;
  readonly transport: UndiciOptions;
}

const CLUSTER_FIELDS = new Set(["server", "certificate-authority-data"]);
const USER_FIELDS = new Set(["client-certificate-data", "client-key-data"]);

/**
 * Reads a kubeconfig as `rackctl up` writes it: one https server, an authority, a certificate and its key, all in the
 * file. Undefined for everything else, faults included: the library, which takes half a second to load, judges those.
 */
export async function plainKubeconfig(path: string, context: string | undefined): Promise<PlainAccess | undefined> {
  const config = await parsed(path);
  const name = context ?? config?.["current-context"];
  const chosen = part(config, "contexts", { name, inner: "context" });
  const cluster = part(config, "clusters", { name: chosen?.cluster, inner: "cluster" });
  const user = part(config, "users", { name: chosen?.user, inner: "user" });
  if (cluster === undefined || user === undefined) return undefined;
  if (!hasOnly(cluster, CLUSTER_FIELDS) || !hasOnly(user, USER_FIELDS)) return undefined;
  const { server } = cluster;
  const [ca, cert, key] = [
    pem(cluster["certificate-authority-data"]),
    pem(user["client-certificate-data"]),
    pem(user["client-key-data"]),
  ];
  if (typeof server !== "string" || !server.startsWith("https://")) return undefined;
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const namespace = typeof chosen?.namespace === "string" ? chosen.namespace : undefined;
  return { server, namespace, transport: { ca, cert, key } };
}

type Fields = Readonly<Record<string, unknown>>;

async function parsed(path: string): Promise<Fields | undefined> {
  try {
    const value: unknown = parse(await readFile(path, "utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    // the library says what is wrong with the file
    return undefined;
  }
}

function part(
  config: Fields | undefined,
  list: string,
  { name, inner }: { readonly name: unknown; readonly inner: string },
): Fields | undefined {
  const items = config?.[list];
  const found: unknown = Array.isArray(items) ? items.find((item) => isRecord(item) && item.name === name) : undefined;
  const value = isRecord(found) ? found[inner] : undefined;
  return isRecord(value) ? value : undefined;
}

function hasOnly(fields: Fields, known: ReadonlySet<string>): boolean {
  return Object.keys(fields).every((name) => known.has(name));
}

function pem(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? Buffer.from(value, "base64").toString("utf8") : undefined;
}
