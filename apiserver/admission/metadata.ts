import type { Kind } from "../../api-types/meta/kind.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import type { FieldError } from "../../api-types/schema/structural.js";
import { isRecord } from "../../platform/is-record.js";
import { badRequest } from "../http/failure.js";

/** Refuses metadata whose fields have the wrong types: such a request cannot be decoded (400), unlike invalid values (422). */
export function checkMetadataTypes(metadata: unknown): asserts metadata is Readonly<Record<string, unknown>> {
  if (!isRecord(metadata)) throw badRequest("metadata: must be an object");
  for (const field of TEXT_FIELDS) {
    if (!isAbsent(metadata[field]) && typeof metadata[field] !== "string")
      throw wrongType(`metadata.${field}`, "string");
  }
  for (const field of ["labels", "annotations"]) checkTextMap(metadata[field], `metadata.${field}`);
  checkList(metadata.finalizers, "metadata.finalizers", (item) => typeof item === "string");
  checkList(metadata.ownerReferences, "metadata.ownerReferences", isRecord);
  checkList(metadata.managedFields, "metadata.managedFields", isRecord);
}

const TEXT_FIELDS = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
];
const ANNOTATION_BYTES_MAX = 256 * 1024;

/** All faults of an object's metadata, as Kubernetes words them. */
export function metadataErrors(
  kind: Kind,
  object: KubeObject,
  previous: KubeObject | undefined,
): readonly FieldError[] {
  const { metadata } = object;
  return [
    ...(previous === undefined ? nameErrors(kind, metadata.name) : []),
    ...Object.entries(metadata.labels ?? {}).flatMap(labelErrors),
    ...annotationErrors(metadata.annotations ?? {}),
    ...finalizerErrors(object, previous),
    ...ownerErrors(metadata.ownerReferences ?? []),
  ];
}

/** What is accepted, but not wise. */
export function metadataWarnings(object: KubeObject, previous: KubeObject | undefined): readonly string[] {
  const known = new Set(previous?.metadata.finalizers ?? []);
  return (object.metadata.finalizers ?? [])
    .filter((name) => !name.includes("/") && !known.has(name) && !STANDARD_FINALIZERS.has(name))
    .map(
      (name) =>
        `metadata.finalizers: "${name}": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
    );
}

const STANDARD_FINALIZERS = new Set(["orphan", "foregroundDeletion", "kubernetes"]);
const LABEL_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = new RegExp(`^${LABEL_PART}(\\.${LABEL_PART})*$`);
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Groups whose names are path segments, not DNS names: `system:admin` is a role. */
const FREE_NAME_GROUP = "rbac.authorization.k8s.io";

function nameErrors(kind: Kind, name: string): readonly FieldError[] {
  const path = "metadata.name";
  if (name === "") return [{ type: "Required", path, message: "Required value: name or generateName is required" }];
  if (kind.group === FREE_NAME_GROUP)
    return /[/%]|^\.\.?$/.test(name) ? [invalid(path, name, "may not contain '/' or '%'")] : [];
  if (name.length > 253) return [invalid(path, name, "must be no more than 253 characters")];
  return SUBDOMAIN.test(name) ? [] : [invalid(path, name, SUBDOMAIN_RULE)];
}

function labelErrors([key, value]: [string, string]): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!isQualifiedName(key)) errors.push(invalid("metadata.labels", key, QUALIFIED_RULE));
  if (!LABEL_VALUE.test(value)) errors.push(invalid("metadata.labels", value, LABEL_VALUE_RULE));
  return errors;
}

function annotationErrors(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!isQualifiedName(key.toLowerCase())) errors.push(invalid("metadata.annotations", key, QUALIFIED_RULE));
  }
  if (bytes > ANNOTATION_BYTES_MAX) {
    errors.push({
      type: "TooLong",
      path: "metadata.annotations",
      message: `Too long: may not be more than ${ANNOTATION_BYTES_MAX} bytes`,
    });
  }
  return errors;
}

function finalizerErrors(object: KubeObject, previous: KubeObject | undefined): readonly FieldError[] {
  const finalizers = object.metadata.finalizers ?? [];
  const errors = finalizers
    .filter((name) => !isQualifiedName(name))
    .map((name): FieldError => invalid("metadata.finalizers", name, QUALIFIED_RULE));
  const known = new Set(previous?.metadata.finalizers ?? []);
  const added = finalizers.filter((name) => !known.has(name));
  if (previous?.metadata.deletionTimestamp !== undefined && added.length > 0) {
    const names = added.map((name) => `"${name}"`).join(", ");
    errors.push({
      type: "Forbidden",
      path: "metadata.finalizers",
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`,
    });
  }
  return errors;
}

function ownerErrors(owners: NonNullable<KubeObject["metadata"]["ownerReferences"]>): readonly FieldError[] {
  const errors = owners.flatMap((owner, index) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((field) => typeof owner[field] !== "string" || owner[field] === "")
      .map(
        (field): FieldError => ({
          type: "Invalid",
          path: `metadata.ownerReferences[${index}].${field}`,
          message: `Invalid value: "": must not be empty`,
        }),
      ),
  );
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const text = "Only one reference can have Controller set to true";
    errors.push({
      type: "Invalid",
      path: "metadata.ownerReferences",
      message: `Invalid value: ${text}. Found "true" in references for ${controllers.map((owner) => owner.name).join(" and ")}`,
    });
  }
  return errors;
}

function isQualifiedName(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return QUALIFIED.test(text);
  const prefix = text.slice(0, slash);
  return prefix.length <= 253 && SUBDOMAIN.test(prefix) && QUALIFIED.test(text.slice(slash + 1));
}

function invalid(path: string, value: string, rule: string): FieldError {
  return { type: "Invalid", path, message: `Invalid value: "${value}": ${rule}` };
}

function checkTextMap(value: unknown, path: string): void {
  if (isAbsent(value)) return;
  if (!isRecord(value)) throw wrongType(path, "map of strings");
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string" && item !== null) throw wrongType(`${path}.${key}`, "string");
  }
}

function checkList(value: unknown, path: string, isItem: (item: unknown) => boolean): void {
  if (isAbsent(value)) return;
  if (!Array.isArray(value) || !value.every(isItem)) throw wrongType(path, "list");
}

function wrongType(path: string, expected: string) {
  return badRequest(`cannot decode the object: ${path}: expected a ${expected}`);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
