import { StatusError } from "../../api-types/meta/status-error.js";
import type { Rack } from "../../api-types/rack.js";
import type { Client } from "../../client/client.js";
import { type MesosAccess, readMesosAccess } from "../../client/mesos-access.js";

/** How a rack's Mesos knows us, from the Secrets that the Rack names: masters and agents take the same. */
export async function mesosAccess(client: Client, rack: Rack): Promise<MesosAccess> {
  const mesos = rack.spec.compute?.mesos;
  if (mesos === undefined) throw new StatusError("BadRequest", `Rack ${rack.metadata.name} has no spec.compute.mesos`);
  return readMesosAccess(client, mesos);
}
