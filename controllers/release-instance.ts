import { Instance } from "../api-types/instance.js";
import { isDeleting } from "../api-types/life.js";
import { ANNOTATION, type LeaveReason } from "../api-types/well-known.js";
import type { Client } from "../client/client.js";

/** Says that an instance may leave, then deletes it; both are safe to repeat. The first reason stays. */
export async function releaseInstance(client: Client, instance: Instance, reason: LeaveReason): Promise<void> {
  const { namespace = "", name, uid } = instance.metadata;
  const key = { namespace, name };
  const identity = uid === undefined ? {} : { uid };
  if (instance.metadata.annotations?.[ANNOTATION.leave] === undefined) {
    await client.patch(Instance, key, { metadata: { ...identity, annotations: { [ANNOTATION.leave]: reason } } });
  }
  if (!isDeleting(instance)) await client.delete(Instance, key, identity);
}
