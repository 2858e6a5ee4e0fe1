import { Instance } from "../../../api-types/instance.js";
import { claimName, IPAddress } from "../../../api-types/ip-address.js";
import type { Rack } from "../../../api-types/rack.js";
import { readOptional } from "../../../client/read-optional.js";
import type { Task } from "../../../drivers/compute/driver.js";
import { type ClaimedAddress, labelledAddress } from "../../claimed-address.js";
import type { LoopContext } from "../../context.js";
import { claimOf } from "./claims.js";

/** A task found running, and the Instance that it becomes. */
export interface Inheritance {
  readonly rack: Rack;
  readonly heir: Instance;
  readonly task: Task;
}

/** Makes the claim on the address of an adopted task its heir's; undefined: it has none, or another Instance holds it. */
export async function inheritClaim(
  { client, log }: Pick<LoopContext, "client" | "log">,
  { rack, heir, task }: Inheritance,
): Promise<ClaimedAddress | undefined> {
  const claimed = labelledAddress(task.labels);
  if (claimed === undefined) return undefined;
  const wanted = claimOf(rack, { instance: heir, taskId: task.id, agentId: task.agentId }, claimed);
  const found = await readOptional(client, IPAddress, { name: claimName(wanted.spec) });
  if (found === undefined) {
    await client.create(IPAddress, wanted);
    return claimed;
  }
  const { claimant } = found.spec;
  const { namespace, name, uid, taskID, agentID } = claimant;
  const isHeirs = uid === heir.metadata.uid;
  if (isHeirs && taskID === task.id && agentID === task.agentId) return claimed;
  const holder = isHeirs ? undefined : await readOptional(client, Instance, { namespace, name });
  if (holder?.metadata.uid === uid) {
    log.warn("address of an adopted task is held by another instance", { task: task.id, address: claimed.address });
    return undefined;
  }
  const labels = { ...found.metadata.labels, ...wanted.metadata.labels };
  await client.update(IPAddress, { ...found, metadata: { ...found.metadata, labels }, spec: wanted.spec });
  return claimed;
}
