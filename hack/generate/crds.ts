import { stringify } from "yaml";
import { asCustomResourceDefinition } from "../../api-types/core/custom-resource-definition.js";
import type { Kind } from "../../api-types/meta/kind.js";

const HEADER = "# Generated from api-types/ by `make generate`. Do not edit.\n";

/** One CustomResourceDefinition file for each kind, for a real Kubernetes API server. */
export function crdFiles(kinds: readonly Kind[]): readonly (readonly [path: string, text: string])[] {
  return kinds.map((kind) => [
    `manifests/crds/${kind.plural}.${kind.group}.yaml`,
    `${HEADER}${stringify(asCustomResourceDefinition(kind), { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false })}`,
  ]);
}
