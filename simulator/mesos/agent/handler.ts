import type { HttpRequest, HttpResponse } from "../../../platform/transport.js";
import type { Node, World } from "../cluster/world.js";
import { versionInfo } from "../operator/listing.js";
import { json, pathOf, queryOf, text } from "../wire/http.js";
import { serveAgentApi } from "./api.js";
import { containersOf, machineMetricsOf, statisticsOf } from "./containers.js";
import { browse, readPart } from "./files.js";
import type { Sessions } from "./session.js";
import { agentStateOf } from "./state.js";

/** What requests to an agent work on. */
export interface AgentSite {
  readonly world: World;
  readonly node: Node;
  readonly sessions: Sessions;
}

/** The HTTP endpoints of an agent. */
export async function serveAgent(site: AgentSite, request: HttpRequest): Promise<HttpResponse> {
  const { world, node } = site;
  switch (agentPath(request)) {
    case "/health":
      return text(200, "");
    case "/version":
      return json(request, versionInfo());
    case "/monitor/statistics":
      return json(request, statisticsOf(world, node));
    case "/metrics/snapshot":
      return json(request, machineMetricsOf(world, node));
    case "/containers":
      return json(request, containersOf(world, node));
    case "/state":
      return json(request, agentStateOf(world, node));
    case "/files/browse":
      return browse(site, request, queryOf(request));
    case "/files/read":
      return readPart(site, request, queryOf(request));
    case "/api/v1":
      return serveAgentApi(site, request);
    default:
      return text(404, "404 Not Found.");
  }
}

function agentPath(request: HttpRequest): string {
  return pathOf(request).replace(/^\/(slave\(1\)|slave)(?=\/)/, "");
}
