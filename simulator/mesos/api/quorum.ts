import { type HttpHandler, type HttpRequest, type HttpResponse, TransportError } from "../../../platform/transport.js";
import { startMaster, stopMaster } from "../cluster/recovery/restart.js";
import type { World } from "../cluster/world.js";
import { versionInfo } from "../operator/listing.js";
import { json, pathOf, text } from "../wire/http.js";

/** Where a master listens. */
export interface MasterAddress {
  readonly hostname: string;
  readonly ip?: string;
  readonly port: number;
}

/** Several masters of which one leads; the first at the start. */
export interface Quorum {
  /** The endpoints of one master, by its place in the list. */
  handler(index: number): HttpHandler;
  /** Undefined: nobody leads now. */
  leader(): number | undefined;
  /** kill -9. The others redirect to a dead leader until its session expires; then the longest serving leads. */
  kill(index: number): void;
  /** A master that was killed joins again, as the youngest. */
  revive(index: number): void;
}

/** What masters share: the registry, agents and frameworks of one world. */
export interface QuorumOptions {
  readonly world: World;
  readonly masters: readonly MasterAddress[];
  /** How long a dead leader is believed in. */
  readonly sessionMs: number;
  /** What the leader answers. */
  readonly serve: (request: HttpRequest) => Promise<HttpResponse>;
}

/** Masters that share what one world knows: who does not lead answers 307, as recorded. */
export function createQuorum({ world, masters, sessionMs, serve }: QuorumOptions): Quorum {
  /** In order of their sequence numbers: the first leads. */
  let alive = masters.map((_, index) => index);
  let leader: number | undefined = alive[0];

  function elect(): void {
    leader = alive[0];
    const address = leader === undefined ? undefined : masters[leader];
    if (address === undefined) return;
    world.cluster = { ...world.cluster, ...address };
    startMaster(world, world.random.uuid());
  }

  return {
    leader: () => (leader !== undefined && alive.includes(leader) ? leader : undefined),
    kill(index) {
      const wasLeader = leader === index && alive.includes(index);
      alive = alive.filter((entry) => entry !== index);
      if (!wasLeader) return;
      stopMaster(world);
      world.clock.schedule(sessionMs, elect);
    },
    revive(index) {
      if (alive.includes(index)) return;
      alive = [...alive, index];
      if (alive.length === 1 && leader === undefined) elect();
    },
    handler: (index) => async (request) => {
      const self = masters[index];
      if (self === undefined || !alive.includes(index)) refuse(self);
      const path = pathOf(request);
      const target = leader === undefined ? undefined : masters[leader];
      if (path === "/redirect") return redirect(target, "");
      if (index === leader) return serve(request);
      return local(world, request, path) ?? redirect(target, `/master${path}`);
    },
  };
}

function refuse(address: MasterAddress | undefined): never {
  throw new TransportError(`connect ECONNREFUSED ${address?.hostname}:${address?.port}`, { isSent: false });
}

/** Protocol-relative, and with the prefix `/master`. */
function redirect(target: MasterAddress | undefined, path: string): HttpResponse {
  if (target === undefined) return text(503, "No leader elected");
  return text(307, "", { location: `//${target.hostname}:${target.port}${path}` });
}

/** What every master answers itself. */
function local(world: World, request: HttpRequest, path: string): HttpResponse | undefined {
  switch (path) {
    case "/health":
      return text(200, "");
    case "/version":
      return json(request, versionInfo());
    case "/flags":
      return json(request, { flags: {} });
    case "/metrics/snapshot":
      return json(request, { "master/elected": 0, "master/uptime_secs": world.clock.monotonic() / 1000 });
    default:
      return undefined;
  }
}
