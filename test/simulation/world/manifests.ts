import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../../api-types/kinds.js";
import type { KubeObject } from "../../../api-types/meta/object.js";
import type { Client } from "../../../client/client.js";

/** Every document below a folder of manifests, in order of file names. */
export function readFolder(folder: string): readonly KubeObject[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => readDocuments(readFileSync(join(folder, file), "utf8")));
}

/** The objects of a YAML text. */
export function readDocuments(text: string): readonly KubeObject[] {
  // a document of the samples is an object: the server checks it
  return parseAllDocuments(text, { version: "1.1", merge: true }).map((document) => document.toJS() as KubeObject);
}

/** Applies objects one after the other. */
export async function applyAll(client: Client, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const kind = KINDS.find(
      (candidate) => candidate.kind === object.kind && candidate.apiVersion === object.apiVersion,
    );
    if (kind === undefined) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`);
    await client.apply(kind, object, { fieldManager: "simulation" });
  }
}
