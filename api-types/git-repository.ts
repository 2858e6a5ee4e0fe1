import { AGE, conditionColumn, textColumn, wide } from "./meta/columns.js";
import { defineKind } from "./meta/define-kind.js";
import type { ObjectOf } from "./meta/kind.js";
import { statusOf } from "./meta/status-fields.js";
import { flag, list, object, oneOf, optional, secretRef, text } from "./schema/fields.js";

const applied = object("One object that the repository put here.", {
  apiVersion: text("Group and version."),
  kind: text("Kind."),
  namespace: optional(text("Namespace; empty for cluster-scoped kinds.")),
  name: text("Name."),
});

const ignored = object("Fields of objects that are left as they are found.", {
  kind: text("Kind of the objects."),
  name: optional(text("Name of one object; unset: all of the kind.")),
  jsonPointers: list("The fields, as JSON pointers.", text("A pointer such as `/spec/replicas`.")),
});

const spec = object("Where the manifests are and how they are applied.", {
  url: text("Address of the repository."),
  ref: optional(
    object("What to check out; unset: the default branch.", {
      branch: optional(text("A branch.")),
      tag: optional(text("A tag.")),
      commit: optional(text("A commit.")),
    }),
  ),
  path: text("Folder inside the repository.", { default: "." }),
  interval: text("How often to look, as a Go duration.", { default: "1m" }),
  webhookSecretRef: optional(secretRef("Secret that signs the calls of the webhook.")),
  credentialsSecretRef: optional(secretRef("Secret to read the repository with.")),
  verify: optional(
    object("Which signatures a commit must carry.", { publicKeysSecretRef: secretRef("The accepted public keys.") }),
  ),
  prune: flag("Delete what the repository no longer holds.", { default: false }),
  suspend: flag("Apply nothing.", { default: false }),
  decryption: optional(
    object("How encrypted manifests are read.", {
      provider: oneOf("The format.", ["sops"]),
      keySecretRef: secretRef("The key."),
    }),
  ),
  ignoreDifferences: optional(list("Differences that are no drift.", ignored)),
});

/** Manifests in a Git repository that are kept applied. */
export const GitRepository = defineKind({
  kind: "GitRepository",
  plural: "gitrepositories",
  shortNames: ["gitrepo"],
  scope: "Namespaced",
  isCreatable: false,
  description: "Manifests in a Git repository that are kept applied.",
  spec,
  status: statusOf("What was applied.", {
    lastAppliedRevision: optional(text("The commit that was applied last.")),
    inventory: optional(list("The objects that came from it.", applied)),
  }),
  columns: [
    textColumn("URL", ".spec.url", "Address of the repository."),
    conditionColumn("Ready", "Whether the last commit is applied."),
    textColumn("Revision", ".status.lastAppliedRevision", "The commit that was applied last."),
    wide(textColumn("Path", ".spec.path", "Folder inside the repository.")),
    AGE,
  ],
});
export type GitRepository = ObjectOf<typeof GitRepository>;
