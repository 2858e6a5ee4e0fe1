import { type ProbeDriver, type ProbeRequest, type ProbeResult, probeText } from "../../../drivers/probe/driver.js";
import { type Clock, sleep } from "../../../platform/clock.js";
import type { MesosMaster } from "../../../simulator/mesos/master.js";
import type { Listener, PretendRunner } from "../../../simulator/mesos/pretend-runner.js";

/** What the control plane's own probes meet: pretended tasks on nodes that can be cut off. */
export function rackProber({
  clock,
  runner,
  mesos,
}: {
  readonly clock: Clock;
  readonly runner: PretendRunner;
  readonly mesos: Pick<MesosMaster, "isCutOff">;
}): ProbeDriver {
  return {
    async probe(request, signal) {
      const listener = runner.listenerAt(request.host, request.port);
      if (listener === undefined) return failed(request, "connect ECONNREFUSED");
      if (!mesos.isCutOff(listener.nodeName)) return resultOf(request, listener);
      // nothing comes back from a node that is cut off
      await sleep(clock, request.timeoutMs, signal);
      return failed(request, signal?.aborted ? "given up" : `no answer within ${request.timeoutMs} ms`);
    },
  };
}

function resultOf(request: ProbeRequest, { isHealthy }: Listener): ProbeResult {
  if (request.type === "http") return { type: "answer", status: isHealthy ? 200 : 503 };
  return isHealthy ? { type: "connected" } : failed(request, "connect ECONNREFUSED");
}

function failed(request: ProbeRequest, why: string): ProbeResult {
  return { type: "failed", message: `${probeText(request)}: ${why}` };
}
