import type { TProperties } from "typebox";
import { AGE, textColumn } from "../meta/columns.js";
import { defineKind } from "../meta/define-kind.js";
import type { ObjectOf } from "../meta/kind.js";
import { freeObject, list, object, optional, text } from "../schema/fields.js";

const COMMON = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  family: "core",
  isCreatable: false,
} as const;

const words = (description: string) => optional(list(description, text("One.")));

const rules = optional(
  list(
    "What is allowed.",
    object("One rule.", {
      verbs: list("What may be done.", text("A verb.")),
      apiGroups: words("In which groups."),
      resources: words("To which resources."),
      resourceNames: words("To which objects; unset: all."),
      nonResourceURLs: words("At which addresses outside the API."),
    }),
  ),
);

const binding = {
  roleRef: object("What is granted.", {
    apiGroup: text("Group of the role."),
    kind: text("Role or ClusterRole."),
    name: text("Name of the role."),
  }),
  subjects: optional(
    list(
      "Who it is granted to.",
      object("One subject.", {
        kind: text("User, Group or ServiceAccount."),
        name: text("Name of the subject."),
        apiGroup: optional(text("Group of the subject.")),
        namespace: optional(text("Namespace of the subject.")),
      }),
    ),
  ),
} satisfies TProperties;

const roleColumn = textColumn("Role", ".roleRef.name", "What is granted.");

/** What may be done in one namespace. */
export const Role = defineKind({
  ...COMMON,
  kind: "Role",
  plural: "roles",
  scope: "Namespaced",
  description: "What may be done in one namespace.",
  fields: { rules },
  columns: [AGE],
});
export type Role = ObjectOf<typeof Role>;

/** Grants a role in one namespace. */
export const RoleBinding = defineKind({
  ...COMMON,
  kind: "RoleBinding",
  plural: "rolebindings",
  scope: "Namespaced",
  description: "Grants a role in one namespace.",
  fields: binding,
  columns: [roleColumn, AGE],
});
export type RoleBinding = ObjectOf<typeof RoleBinding>;

/** What may be done everywhere. */
export const ClusterRole = defineKind({
  ...COMMON,
  kind: "ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  description: "What may be done everywhere.",
  fields: { rules, aggregationRule: optional(freeObject("Which roles are united in this one.")) },
  columns: [AGE],
});
export type ClusterRole = ObjectOf<typeof ClusterRole>;

/** Grants a role everywhere. */
export const ClusterRoleBinding = defineKind({
  ...COMMON,
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  description: "Grants a role everywhere.",
  fields: binding,
  columns: [roleColumn, AGE],
});
export type ClusterRoleBinding = ObjectOf<typeof ClusterRoleBinding>;
