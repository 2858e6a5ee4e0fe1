import { findFramework } from "../holdings/operator.js";
import { wireLabels } from "../mapping/launch.js";
import { IDENTITY_LABEL, type MesosDriverOptions } from "../options.js";
import type { WireFrameworkInfo, WireSubscribe } from "../wire.js";
import type { Link } from "./link.js";

/** GPU_RESOURCES: agents with devices are offered, too; placement keeps them for tasks that want devices. */
const CAPABILITIES = [
  "MULTI_ROLE",
  "PARTITION_AWARE",
  "TASK_KILLING_STATE",
  "RESERVATION_REFINEMENT",
  "REGION_AWARE",
  "GPU_RESOURCES",
];

/** The call for the next attempt: with the id that is stored, learned or found; without one, a new framework. */
export async function subscribeCall(link: Link, master: string, signal: AbortSignal): Promise<WireSubscribe> {
  const { options, client } = link;
  const sought = { name: options.frameworkName, labelKey: IDENTITY_LABEL, identity: options.identity };
  link.frameworkId ??= await findFramework(client, { master, sought, signal, clock: options.clock });
  const info = frameworkInfoOf(options);
  const suppressed = link.isSuppressed ? { suppressed_roles: options.roles } : {};
  if (link.frameworkId === undefined) return { type: "SUBSCRIBE", subscribe: { framework_info: info, ...suppressed } };
  // the id goes to both places or to none
  const id = { value: link.frameworkId };
  return { type: "SUBSCRIBE", framework_id: id, subscribe: { framework_info: { ...info, id }, ...suppressed } };
}

function frameworkInfoOf(options: MesosDriverOptions): WireFrameworkInfo {
  return {
    user: options.user,
    name: options.frameworkName,
    roles: options.roles,
    capabilities: CAPABILITIES.map((type) => ({ type })),
    failover_timeout: options.failoverTimeoutSeconds,
    // without it an agent that restarts loses the tasks
    checkpoint: true,
    ...(options.principal === undefined ? {} : { principal: options.principal }),
    labels: wireLabels({ [IDENTITY_LABEL]: options.identity }),
  };
}
