import { ServiceGroup } from "../../../api-types/service-group.js";
import type { Client } from "../../../client/client.js";

export interface GroupOptions {
  readonly instances: number;
  /** `Routed`: with a route and names, the dearest kind; `Host`: only a task. */
  readonly mode: "Routed" | "Host";
  readonly hasHealthCheck?: boolean;
}

/** A group of one small service in namespace `default`. */
export function groupObject(name: string, options: GroupOptions) {
  const { instances, mode, hasHealthCheck = false } = options;
  const ports = [{ name: "web", containerPort: 8080, protocol: "TCP" }];
  const routed = { network: { mode: "Routed", addressFrom: "Runtime", ports } };
  const service = {
    name,
    image: "idle",
    instances,
    resources: { cpu: "10m", memory: "8Mi" },
    ...(mode === "Routed" ? routed : { network: { mode: "Host" }, dns: { publish: "Never" } }),
    ...(hasHealthCheck
      ? { healthChecks: [{ name: "web", tcpSocket: { port: mode === "Routed" ? "web" : 8080 }, periodSeconds: 5 }] }
      : {}),
  };
  const { apiVersion, kind } = ServiceGroup;
  return {
    apiVersion,
    kind,
    metadata: { namespace: "default", name },
    spec: { rackName: "bench", services: [service] },
  };
}

/** Applies such a group. */
export async function applyGroup(client: Client, name: string, options: GroupOptions): Promise<void> {
  // defaults are the server's to fill in
  await client.apply(ServiceGroup, groupObject(name, options) as never, { fieldManager: "bench" });
}
