import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { notFound } from "../http/failure.js";
import { decodeJson, mediaType, unsupportedType } from "../http/format/body.js";
import { applyJsonPatch } from "../patch/json-patch.js";
import { applyMergePatch } from "../patch/merge-patch.js";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { servedObject } from "../read/resource.js";
import { applyObject } from "./apply.js";
import { commit } from "./commit.js";
import { acceptObject } from "./prepare/incoming.js";
import { checkPreconditions, replace } from "./replace.js";
import { parseWriteOptions } from "./write-options.js";

/** Turns the served state of an object into the wished-for one; throws StatusError. */
export type Patch = (target: Readonly<Record<string, unknown>>) => unknown;

/** Answers PATCH of an object or of its status, by the type of the body. */
export async function patchObject(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const type = mediaType(request.headers);
  if (type === APPLY_TYPE) return applyObject(context, request);
  const { kind } = request.resource;
  const options = parseWriteOptions(request, "PatchOptions");
  const { patch, duplicates } = parsePatch(kind, type, request.body);
  const warnings: string[] = [];
  const incomingWarnings: string[] = [];
  const committed = await commit(context, request, {
    isDryRun: options.isDryRun,
    decide(live) {
      if (live === undefined) throw notFound(kind, request.name);
      const patched = patch(servedObject(request.resource, live));
      const incoming = acceptObject(request, patched, { ...options, duplicates });
      incomingWarnings.splice(0, incomingWarnings.length, ...incoming.warnings);
      checkPreconditions(request, incoming.object, live);
      return replace(context, request, { object: incoming.object, live, manager: options.manager, warnings });
    },
  });
  return { type: "object", status: 200, object: committed.object, warnings: [...incomingWarnings, ...warnings] };
}

/** Reads the body of a patch that is not an apply; throws UnsupportedMediaType or BadRequest. */
export function parsePatch(
  kind: Pick<Kind, "family" | "schema">,
  type: string,
  body: Uint8Array,
): { readonly patch: Patch; readonly duplicates: readonly string[] } {
  if (type !== JSON_PATCH_TYPE && type !== MERGE_TYPE && (type !== STRATEGIC_TYPE || kind.family !== "core")) {
    const accepted = [JSON_PATCH_TYPE, MERGE_TYPE, ...(kind.family === "core" ? [STRATEGIC_TYPE] : []), APPLY_TYPE];
    throw unsupportedType(type, accepted);
  }
  const { value, duplicates } = decodeJson(body);
  if (type === JSON_PATCH_TYPE) return { duplicates, patch: (target) => applyJsonPatch(target, value) };
  if (type === MERGE_TYPE) return { duplicates, patch: (target) => applyMergePatch(target, value) };
  return {
    duplicates,
    // objects and their patches are JSON objects; the patch module checks the latter
    patch: (target) => applyStrategicMergePatch(target as KubeObject, value, kind.schema),
  };
}

/** The body type of server-side apply. */
export const APPLY_TYPE = "application/apply-patch+yaml";
const MERGE_TYPE = "application/merge-patch+json";
const JSON_PATCH_TYPE = "application/json-patch+json";
const STRATEGIC_TYPE = "application/strategic-merge-patch+json";
