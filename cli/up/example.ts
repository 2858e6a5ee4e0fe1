import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../api-types/kinds.js";
import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { Rack } from "../../api-types/rack.js";
import type { Client } from "../../client/client.js";

const FOLDER = "manifests/samples/dns-example";

/** Applies the DNS example when no Rack is stored yet; tells how many objects that were. */
export async function applyExample(client: Client): Promise<number> {
  const { items } = await client.list(Rack, { limit: 1 });
  if (items.length > 0) return 0;
  const objects = readManifests(join(projectRoot(), FOLDER));
  for (const { kind, object } of objects) await client.apply(kind, object, { fieldManager: "rackctl" });
  return objects.length;
}

/** Every document of a folder, files in order of their names. */
export function readManifests(folder: string): readonly { readonly kind: Kind; readonly object: KubeObject }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .flatMap((file) => {
      const documents = parseAllDocuments(readFileSync(join(folder, file), "utf8"), { version: "1.1", merge: true });
      return documents.map((document) => typed(file, document.toJS()));
    });
}

function typed(file: string, object: KubeObject): { kind: Kind; object: KubeObject } {
  const kind = KINDS.find((candidate) => candidate.kind === object.kind && candidate.apiVersion === object.apiVersion);
  if (kind === undefined)
    throw new StatusError("BadRequest", `reading ${file}: there is no kind ${object.apiVersion} ${object.kind}`);
  return { kind, object };
}

/** The folder that holds package.json, above the sources as above the build. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
