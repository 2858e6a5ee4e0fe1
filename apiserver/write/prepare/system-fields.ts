import type { KubeObject, ObjectMeta } from "../../../api-types/meta/object.js";
import { withDefaults } from "../../../api-types/schema/defaults.js";
import type { FieldWriter } from "../../patch/contract.js";
import type { ApiContext, ResourceRequest } from "../../read/context.js";
import { differsOutside } from "./equality.js";

/** The time as metadata carries it: whole seconds. */
export function timestamp({ clock }: Pick<ApiContext, "clock">): string {
  return `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
}

/** Who writes, through which door: for managed fields. */
export function fieldWriter(context: ApiContext, request: ResourceRequest, manager: string): FieldWriter {
  const { subresource, resource } = request;
  const isRecorded = subresource === "status" || subresource === "scale";
  return {
    manager,
    apiVersion: resource.stored.apiVersion,
    time: timestamp(context),
    ...(isRecorded && { subresource }),
  };
}

/** Fills the defaults of today's schema. */
export function defaulted(request: ResourceRequest, object: KubeObject): KubeObject {
  // defaulting adds fields; it removes none of those that make an object
  return withDefaults(request.resource.stored.schema, object) as KubeObject;
}

/** A new object with the fields that only the server sets. */
export function asCreated(context: ApiContext, request: ResourceRequest, object: KubeObject): KubeObject {
  const { stored } = request.resource;
  const { metadata } = object;
  const own: ObjectMeta = {
    ...kept(metadata),
    ...(request.namespace !== undefined && { namespace: request.namespace }),
    uid: context.random.uuid(),
    creationTimestamp: timestamp(context),
    ...(stored.family === "custom" && { generation: 1 }),
  };
  const { status: _status, ...others } = object;
  const isStatusKept = !stored.hasStatus;
  return { ...(isStatusKept ? object : others), metadata: own } as KubeObject; // apiVersion and kind are in both
}

/** An updated object: system fields and, with a status subresource, the status stay those of `live`. */
export function asUpdated(request: ResourceRequest, object: KubeObject, live: KubeObject): KubeObject {
  const { stored } = request.resource;
  const { metadata } = object;
  const managedFields = metadata.managedFields ?? live.metadata.managedFields;
  const own = {
    ...kept(metadata),
    ...systemFields(live.metadata),
    // an empty list, or one empty entry, clears the tracking
    ...(managedFields?.some((entry) => entry.manager !== undefined) && { managedFields }),
  };
  const { status: _status, ...others } = object;
  const body = stored.hasStatus ? { ...others, ...(live.status !== undefined && { status: live.status }) } : object;
  return { ...body, metadata: own } as KubeObject; // apiVersion and kind are in both
}

/** Counts a change of what is desired: anything outside metadata and, with a status subresource, outside status. */
export function withGeneration(request: ResourceRequest, object: KubeObject, live: KubeObject): KubeObject {
  const { stored } = request.resource;
  if (stored.family !== "custom") return object;
  const ignored = stored.hasStatus ? ["metadata", "status"] : ["metadata"];
  const generation = live.metadata.generation ?? 1;
  const isChanged = differsOutside(object, live, ...ignored);
  const next = isChanged ? generation + 1 : generation;
  if (object.metadata.generation === next) return object;
  return { ...object, metadata: { ...object.metadata, generation: next } };
}

/** What a client may set. */
function kept(metadata: ObjectMeta): ObjectMeta {
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  return {
    name: metadata.name,
    ...(metadata.generateName !== undefined && { generateName: metadata.generateName }),
    ...(hasEntries(labels) && { labels }),
    ...(hasEntries(annotations) && { annotations }),
    ...(finalizers !== undefined && finalizers.length > 0 && { finalizers: [...new Set(finalizers)] }),
    ...(ownerReferences !== undefined &&
      ownerReferences.length > 0 && { ownerReferences: uniqueOwners(ownerReferences) }),
  };
}

function systemFields(live: ObjectMeta): Partial<ObjectMeta> {
  const { namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = live;
  return {
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && {
      deletionTimestamp,
      deletionGracePeriodSeconds: live.deletionGracePeriodSeconds ?? 0,
    }),
  };
}

function hasEntries(map: Readonly<Record<string, string>> | undefined): boolean {
  return map !== undefined && Object.keys(map).length > 0;
}

function uniqueOwners(owners: NonNullable<ObjectMeta["ownerReferences"]>): ObjectMeta["ownerReferences"] {
  return owners.filter((owner, index) => owners.findIndex((other) => other.uid === owner.uid) === index);
}
