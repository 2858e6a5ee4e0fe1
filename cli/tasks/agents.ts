import { Rack } from "../../api-types/rack.js";
import type { AgentApi } from "../../drivers/compute/agent-api.js";
import { createAgentApi } from "../../drivers/compute/mesos/agent/api.js";
import { withAccess } from "../../drivers/compute/mesos/session/access.js";
import { systemRandom } from "../../platform/random.js";
import { undiciTransport } from "../../platform/undici-transport.js";
import type { Session } from "../access/session.js";
import { readTarget } from "../access/target.js";
import { mesosAccess } from "../mesos/access.js";
import { type Master, masterOf } from "../mesos/master.js";
import { agentUrl, nodeOf, type TaskPlace } from "./place.js";

/** The agents of the racks, asked with the credentials that each Rack names. */
export interface Agents {
  /** The API of the agent that a task is on. */
  of(place: TaskPlace): Promise<{ readonly api: AgentApi; readonly frameworkId: string | undefined }>;
  /** The leading master of the rack that a task is in. */
  master(place: TaskPlace): Promise<Master>;
  close(): void;
}

/** Opens an agent when it is first asked for. */
export function openAgents(session: Session): Agents {
  const sockets = undiciTransport();
  const random = systemRandom();
  const apis = new Map<string, AgentApi>();
  const accessOf = (rack: Rack) => {
    const access = mesosAccess(session.client, rack);
    return () => access;
  };
  const rackOf = async (place: TaskPlace) => {
    const node = await nodeOf(session, place);
    return { node, rack: await readTarget(session, Rack, node.spec.rackName) };
  };
  return {
    async of(place) {
      const { node, rack } = await rackOf(place);
      const url = agentUrl(node);
      const transport = withAccess(sockets, accessOf(rack));
      const api = apis.get(url) ?? createAgentApi({ url, transport, clock: session.clock, random });
      apis.set(url, api);
      return { api, frameworkId: rack.status?.frameworkID };
    },
    async master(place) {
      const { rack } = await rackOf(place);
      const { kubeconfig, clock } = session;
      const access = accessOf(rack);
      return masterOf({ rack, kubeconfig, address: undefined, transport: sockets, access, clock, random });
    },
    close() {
      for (const api of apis.values()) api.close();
      void sockets.close();
    },
  };
}
