import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Certified } from "./authority.js";
import { writePrivate } from "./ensure-pki.js";

/** How a client reaches a server. */
export interface KubeconfigOptions {
  readonly path: string;
  /** `https://host:port`. */
  readonly server: string;
  readonly authority: string;
  readonly client: Certified;
  /** Name of cluster, user and context (`rackwright`). */
  readonly name?: string;
}

interface Named {
  readonly name: string;
}

interface Kubeconfig {
  readonly clusters?: readonly (Named & { readonly cluster?: object })[] | null;
  readonly users?: readonly (Named & { readonly user?: object })[] | null;
  readonly contexts?: readonly (Named & { readonly context?: object })[] | null;
  readonly "current-context"?: string;
}

/**
 * Writes a kubeconfig with all certificates inside, readable by its owner only. In a file that is there already only the
 * entries of this name change: other contexts, the current one, and the namespace of ours stay. A file that says all of
 * that already is not touched.
 */
export async function writeKubeconfig(options: KubeconfigOptions): Promise<void> {
  const known = await read(options.path);
  const wanted = merged(known ?? {}, options);
  if (isDeepStrictEqual(known, wanted)) return;
  await mkdir(dirname(options.path), { recursive: true });
  await writePrivate(options.path, stringify(wanted));
}

async function read(path: string): Promise<Kubeconfig | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unusable(path, error);
  });
  try {
    const known: unknown = text === undefined ? undefined : parse(text);
    if (known === undefined || known === null) return undefined;
    if (typeof known !== "object" || !areLists(known)) throw new Error("it is no kubeconfig");
    return known;
  } catch (error) {
    throw unusable(path, error);
  }
}

function areLists(known: Kubeconfig): boolean {
  const lists = [known.clusters, known.users, known.contexts];
  return lists.every((list) => list === undefined || list === null || Array.isArray(list));
}

function unusable(path: string, cause: unknown): StatusError {
  const [why] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  return new StatusError("InternalError", `reading ${path}: ${why}; move it away, and a new one is written`, { cause });
}

function merged(known: Kubeconfig, { server, authority, client, name = "rackwright" }: KubeconfigOptions): Kubeconfig {
  const cluster = { name, cluster: { server, "certificate-authority-data": base64(authority) } };
  const keys = { "client-certificate-data": base64(client.certificate), "client-key-data": base64(client.key) };
  const own = known.contexts?.find((entry) => entry.name === name);
  const contexts = withEntry(known.contexts, { name, context: { ...own?.context, cluster: name, user: name } });
  const current = known["current-context"];
  const isKept = contexts.some((context) => context.name === current);
  return {
    ...{ apiVersion: "v1", kind: "Config" },
    ...known,
    clusters: withEntry(known.clusters, cluster),
    users: withEntry(known.users, { name, user: keys }),
    contexts,
    "current-context": isKept && current !== undefined ? current : name,
  };
}

/** In the place of the entry of its name, else at the end. */
function withEntry<T extends Named>(known: readonly T[] | null | undefined, entry: T): readonly T[] {
  const list = known ?? [];
  if (!list.some(({ name }) => name === entry.name)) return [...list, entry];
  return list.map((other) => (other.name === entry.name ? entry : other));
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
