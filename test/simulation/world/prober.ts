import type { ProbeDriver, ProbeRequest, ProbeResult } from "../../../drivers/probe/driver.js";
import { probeText } from "../../../drivers/probe/driver.js";
import type { HttpHandler } from "../../../platform/transport.js";
import type { PretendRunner } from "../../../simulator/mesos/pretend-runner.js";

/** The host of all probes in the world: faults that name it are faults of the prober. */
export const PROBES = "probes";

/** What answers probes: the pretended tasks, each by the behaviour that it was given. */
export function probedTasks(runner: PretendRunner): HttpHandler {
  return async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const port = Number(searchParams.get("port"));
    const probe = { type: "tcp", port } as const;
    const isHealthy = await runner.probe(decodeURIComponent(pathname.slice(1)), probe, 1);
    return { status: isHealthy ? 200 : 503, headers: {}, body: new Uint8Array() };
  };
}

/** A prober whose questions pass the process's gate and the world's faults like every other call. */
export function pretendProber(transport: HttpHandler): ProbeDriver {
  return {
    async probe(request, signal) {
      const url = `http://${PROBES}/${encodeURIComponent(request.taskId)}?port=${request.port}`;
      try {
        const { status } = await transport({
          method: "GET",
          url,
          headers: {},
          ...(signal === undefined ? {} : { signal }),
        });
        return resultOf(request, status);
      } catch (error) {
        return {
          type: "failed",
          message: `${probeText(request)}: ${error instanceof Error ? error.message : "failed"}`,
        };
      }
    },
  };
}

function resultOf(request: ProbeRequest, status: number): ProbeResult {
  if (request.type === "http") return { type: "answer", status };
  return status === 200 ? { type: "connected" } : { type: "failed", message: `${probeText(request)}: refused` };
}
