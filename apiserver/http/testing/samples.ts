/** Where the samples live. */
export const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
export const GROUPS = "/apis/rackwright.dev/v1alpha1/namespaces/default/servicegroups";
export const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

export const MERGE = "application/merge-patch+json";
export const JSON_PATCH = "application/json-patch+json";
export const STRATEGIC = "application/strategic-merge-patch+json";
export const APPLY = "application/apply-patch+yaml";

/** A ConfigMap. */
export function configMap(
  name: string,
  more: Readonly<Record<string, unknown>> = {},
  data: Readonly<Record<string, string>> = { a: "1" },
) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...more }, data };
}

/** A ServiceGroup of one service. */
export function group(
  name: string,
  more: Readonly<Record<string, unknown>> = {},
  spec: Readonly<Record<string, unknown>> = {},
) {
  return {
    apiVersion: "rackwright.dev/v1alpha1",
    kind: "ServiceGroup",
    metadata: { name, ...more },
    spec: { services: [{ name: "a", command: ["sleep", "10"] }], ...spec },
  };
}
