import { AGE } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { flag, list, object, optional, text } from "../schema/fields.js";

const reference = object("A reference to an object.", {
  kind: optional(text("Kind.")),
  namespace: optional(text("Namespace.")),
  name: optional(text("Name.")),
  uid: optional(text("UID.")),
  apiVersion: optional(text("API version.")),
  resourceVersion: optional(text("Version.")),
  fieldPath: optional(text("Part of the object.")),
});

/** An identity for programs. */
export const ServiceAccount = defineKind({
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  group: "",
  version: "v1",
  family: "core",
  scope: "Namespaced",
  description: "An identity for programs.",
  fields: {
    secrets: optional(list("Secrets that programs of this account use.", reference)),
    imagePullSecrets: optional(
      list("Secrets to fetch images with.", object("A Secret.", { name: optional(text("Name.")) })),
    ),
    automountServiceAccountToken: optional(flag("Kept, without an effect here.")),
  },
  columns: [AGE],
});
export type ServiceAccount = ObjectOf<typeof ServiceAccount>;
