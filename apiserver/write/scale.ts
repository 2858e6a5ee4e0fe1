import { produce } from "immer";
import type { ScaleSubresource } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import { isRecord } from "../../platform/is-record.js";
import { badRequest, invalid, notFound } from "../http/failure.js";
import { decodeObject, mediaType } from "../http/format/body.js";
import type { Answer, ApiContext, ResourceRequest } from "../read/context.js";
import { getObject } from "../read/list.js";
import { commit } from "./commit.js";
import { parsePatch } from "./patch.js";
import { checkPreconditions, replace } from "./replace.js";
import { parseWriteOptions } from "./write-options.js";

/** Answers GET of a scale subresource. */
export async function getScale(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const object = await getObject(context, request);
  return { type: "object", status: 200, object: scaleOf(pathsOf(request), object) };
}

/** Answers PUT and PATCH of a scale subresource: the parent's size changes, and its rules decide. */
export async function writeScale(context: ApiContext, request: ResourceRequest): Promise<Answer> {
  const isPatch = request.verb === "patch";
  const options = parseWriteOptions(request, isPatch ? "PatchOptions" : "UpdateOptions");
  const paths = pathsOf(request);
  const wishedFrom = wishReader(request);
  const warnings: string[] = [];
  const committed = await commit(context, request, {
    isDryRun: options.isDryRun,
    decide(live) {
      if (live === undefined) throw notFound(request.resource.kind, request.name);
      const scale = wishedFrom(scaleOf(paths, live));
      checkPreconditions(request, scale, live);
      const object = withValueAt(live, steps(paths.specReplicasPath), replicasIn(request, scale));
      return replace(context, request, { object, live, manager: options.manager, warnings });
    },
  });
  return { type: "object", status: 200, object: scaleOf(paths, committed.object), warnings };
}

function wishReader(request: ResourceRequest): (current: KubeObject) => KubeObject {
  if (request.verb === "patch") {
    const { patch } = parsePatch(SCALE_KIND, mediaType(request.headers), request.body);
    return (current) => asScale(patch(current));
  }
  const { value } = decodeObject(SCALE_KIND, request.headers, request.body);
  return () => asScale(value);
}

const SCALE_KIND = { family: "custom", schema: {} } as const;

function asScale(value: unknown): KubeObject {
  const scale = value as Partial<KubeObject> | null; // checked on the next line
  if (typeof scale !== "object" || scale === null || scale.kind !== "Scale")
    throw badRequest("the body must be a Scale");
  return { ...scale, apiVersion: SCALE_VERSION, kind: "Scale", metadata: scale.metadata ?? { name: "" } };
}

function replicasIn(request: ResourceRequest, scale: KubeObject): number {
  const spec = scale.spec as { readonly replicas?: unknown } | undefined; // every field is checked below
  const replicas = spec?.replicas ?? 0;
  if (typeof replicas === "number" && Number.isInteger(replicas) && replicas >= 0) return replicas;
  const message = `Invalid value: ${JSON.stringify(replicas)}: must be a whole number of at least 0`;
  throw invalid(request.resource.kind, request.name, [{ type: "Invalid", path: "spec.replicas", message }]);
}

const SCALE_VERSION = "autoscaling/v1";

function scaleOf(paths: ScaleSubresource, object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = valueAt(object, steps(paths.labelSelectorPath));
  return {
    kind: "Scale",
    apiVersion: SCALE_VERSION,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: countAt(object, paths.specReplicasPath) },
    status: {
      replicas: countAt(object, paths.statusReplicasPath),
      ...(typeof selector === "string" && { selector }),
    },
  };
}

function pathsOf({ resource, name }: ResourceRequest): ScaleSubresource {
  if (resource.kind.scale === undefined)
    throw new StatusError("NotFound", `the scale of ${resource.kind.plural} "${name}" not found`);
  return resource.kind.scale;
}

function steps(path: string): readonly string[] {
  return path.split(".").filter((step) => step !== "");
}

function countAt(object: KubeObject, path: string): number {
  const value = valueAt(object, steps(path));
  return typeof value === "number" ? value : 0;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, step) => (isRecord(inner) ? inner[step] : undefined), value);
}

/** The object with `value` at a path such as spec, replicas; what does not lie on the path is shared. */
function withValueAt(object: KubeObject, path: readonly string[], value: unknown): KubeObject {
  return produce(object, (draft) => {
    let parent: Record<string, unknown> = draft;
    for (const step of path.slice(0, -1)) {
      const inner = isRecord(parent[step]) ? parent[step] : {};
      parent[step] = inner;
      parent = inner as Record<string, unknown>; // a draft: what lies below is a draft as well
    }
    const last = path.at(-1);
    if (last !== undefined) parent[last] = value;
  });
}
