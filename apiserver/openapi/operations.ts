import type { Kind } from "../../api-types/meta/kind.js";
import {
  type GroupVersionKind,
  groupVersionPath,
  gvkOf,
  metaName,
  SCALE_GVK,
  SCALE_NAME,
  schemaName,
} from "./names.js";

/** A parameter of a call. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

/** What can be done at a path. */
export interface Operation {
  readonly method: "get" | "put" | "post" | "patch" | "delete";
  /** Kubernetes' word for it. */
  readonly action: "get" | "list" | "put" | "post" | "patch" | "delete" | "deletecollection";
  readonly id: string;
  readonly description: string;
  readonly gvk: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  /** Name of the body's schema, and the types it comes in. */
  readonly body?: { readonly schema: string; readonly types: readonly string[] };
  /** Name of the answer's schema. */
  readonly answer: string;
  readonly codes: readonly number[];
}

/** A path with its parameters and operations. */
export interface PathOperations {
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

const text = (name: string, description: string): Parameter => ({ name, in: "query", type: "string", description });
const flag = (name: string, description: string): Parameter => ({ name, in: "query", type: "boolean", description });
const count = (name: string, description: string): Parameter => ({ name, in: "query", type: "integer", description });
const pathPart = (name: string, description: string): Parameter => ({ name, in: "path", type: "string", description });

const NAME = pathPart("name", "Name of the object.");
const NAMESPACE = pathPart("namespace", "Namespace of the object.");
const DRY_RUN = text("dryRun", "All: do everything but store the result.");

const WRITE: readonly Parameter[] = [
  DRY_RUN,
  text("fieldManager", "Who is recorded as the owner of the fields that change."),
  text("fieldValidation", "Ignore, Warn or Strict: what to do about unknown and duplicate fields."),
];
const PATCH: readonly Parameter[] = [
  ...WRITE,
  flag("force", "Server-side apply only: take over fields that others own."),
];
const DELETE: readonly Parameter[] = [
  DRY_RUN,
  count("gracePeriodSeconds", "Not used."),
  text("propagationPolicy", "Background, Foreground or Orphan: what becomes of dependents."),
];
const LIST: readonly Parameter[] = [
  flag("allowWatchBookmarks", "Send bookmarks in a watch."),
  text("continue", "Token of the next page."),
  text("fieldSelector", "Restricts by fields."),
  text("labelSelector", "Restricts by labels."),
  count("limit", "Largest number of items in a page."),
  text("resourceVersion", "Version to list or to watch from."),
  text("resourceVersionMatch", "How resourceVersion is meant: Exact or NotOlderThan."),
  flag("sendInitialEvents", "Begin a watch with the present state."),
  count("timeoutSeconds", "When to end a watch."),
  flag("watch", "Stream the changes instead of listing."),
];

const JSON_AND_YAML = ["application/json", "application/yaml"];
const PATCH_TYPES = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/** Every path of a kind: collections, objects and subresources. */
export function pathsOf(kind: Kind): readonly PathOperations[] {
  const isNamespaced = kind.scope === "Namespaced";
  const root = `/${groupVersionPath(kind)}`;
  const all = `${root}/${kind.plural}`;
  const collection = isNamespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : all;
  const within = isNamespaced ? [NAMESPACE] : [];
  const listAll: PathOperations = { path: all, parameters: [], operations: [listOperation(kind, "ForAllNamespaces")] };
  return [
    ...(isNamespaced ? [listAll] : []),
    { path: collection, parameters: within, operations: collectionOperations(kind) },
    { path: `${collection}/{name}`, parameters: [NAME, ...within], operations: objectOperations(kind) },
    ...subresourcesOf(kind).map((operations) => ({
      path: `${collection}/{name}/${operations.name}`,
      parameters: [NAME, ...within],
      operations: operations.operations,
    })),
  ];
}

function collectionOperations(kind: Kind): readonly Operation[] {
  const target = targetOf(kind);
  return [
    listOperation(kind, ""),
    { ...writing(target, "post"), codes: [200, 201, 202] },
    {
      ...base(target, "delete", "deletecollection"),
      parameters: [...LIST, ...DELETE],
      body: { schema: metaName("DeleteOptions"), types: JSON_AND_YAML },
      answer: metaName("Status"),
    },
  ];
}

function listOperation(kind: Kind, suffix: string): Operation {
  const target = { ...targetOf(kind), suffix };
  return { ...base(target, "get", "list"), parameters: LIST, answer: `${schemaName(kind)}List` };
}

function objectOperations(kind: Kind): readonly Operation[] {
  const target = targetOf(kind);
  return [
    base(target, "get", "get"),
    { ...writing(target, "put"), codes: [200, 201] },
    patching(kind, target),
    {
      ...base(target, "delete", "delete"),
      parameters: DELETE,
      body: { schema: metaName("DeleteOptions"), types: JSON_AND_YAML },
      answer: metaName("Status"),
      codes: [200, 202],
    },
  ];
}

function subresourcesOf(kind: Kind): readonly { readonly name: string; readonly operations: readonly Operation[] }[] {
  const status: Target = { ...targetOf(kind), suffix: "Status" };
  const scale: Target = { ...targetOf(kind), suffix: "Scale", gvk: SCALE_GVK, schema: SCALE_NAME };
  return [
    ...(kind.hasStatus ? [{ name: "status", operations: throughSubresource(kind, status) }] : []),
    ...(kind.scale === undefined ? [] : [{ name: "scale", operations: throughSubresource(kind, scale) }]),
  ];
}

function throughSubresource(kind: Kind, target: Target): readonly Operation[] {
  return [base(target, "get", "get"), writing(target, "put"), patching(kind, target)];
}

/** What an operation is about. */
interface Target {
  readonly kind: Kind;
  readonly gvk: GroupVersionKind;
  readonly schema: string;
  readonly suffix: string;
}

function targetOf(kind: Kind): Target {
  return { kind, gvk: gvkOf(kind), schema: schemaName(kind), suffix: "" };
}

function base(
  { kind, gvk, schema, suffix }: Target,
  method: Operation["method"],
  action: Operation["action"],
): Operation {
  const group = kind.group === "" ? "Core" : kind.group.split(".").map(capital).join("");
  const id = `${action}${group}${capital(kind.version)}${kind.kind}${suffix}`;
  return {
    method,
    action,
    id,
    description: `${action} ${kind.kind}`,
    gvk,
    parameters: [],
    answer: schema,
    codes: [200],
  };
}

function writing(target: Target, method: "put" | "post"): Operation {
  const body = { schema: target.schema, types: JSON_AND_YAML };
  return { ...base(target, method, method), parameters: WRITE, body };
}

function patching(kind: Kind, target: Target): Operation {
  const strategic = kind.family === "core" ? ["application/strategic-merge-patch+json"] : [];
  const body = { schema: metaName("Patch"), types: [...PATCH_TYPES, ...strategic] };
  return { ...base(target, "patch", "patch"), parameters: PATCH, body, codes: [200, 201] };
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
