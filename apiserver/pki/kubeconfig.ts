import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
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

/** Writes a kubeconfig with all certificates inside, readable by its owner only. */
export async function writeKubeconfig(options: KubeconfigOptions): Promise<void> {
  await mkdir(dirname(options.path), { recursive: true });
  await writePrivate(options.path, stringify(kubeconfig(options)));
}

function kubeconfig({ server, authority, client, name = "rackwright" }: KubeconfigOptions): unknown {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(authority) } }],
    users: [
      {
        name,
        user: { "client-certificate-data": base64(client.certificate), "client-key-data": base64(client.key) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
