import { StatusError } from "../../api-types/meta/status-error.js";
import type { Logger } from "../../platform/log.js";
import { type HttpHandler, TransportError } from "../../platform/transport.js";
import type { MesosControl } from "../mesos/master.js";

/**
 * How a part of the rack is away: `stopped`, its process was killed (what an agent runs goes on); `cut`, no message
 * passes between agent and master; `crashed`, the machine lost power with everything on it.
 */
export type Outage = "stopped" | "cut" | "crashed";

const OUTAGES: readonly string[] = ["stopped", "cut", "crashed"] satisfies readonly Outage[];

/** A part of the rack, and what is wrong with it. */
export interface PartState {
  /** `mesos`, `consul`, `switch` or `node/NAME`. */
  readonly part: string;
  /** Undefined: it works. */
  readonly outage?: Outage;
}

export interface OutageOptions {
  readonly mesos: Pick<MesosControl, "stop" | "start" | "partitionAgent" | "killAgent" | "crashAgent" | "returnAgent">;
  /** Names of the nodes whose agents can be away. */
  readonly nodes: readonly string[];
  readonly log: Logger;
}

/** Outages that a person begins and ends, to see what the control plane makes of them. None survives the simulator. */
export function createOutages({ mesos, nodes, log }: OutageOptions) {
  const outages = new Map<string, Outage>();
  const parts = [...BACKENDS, ...nodes.map((name) => `node/${name}`)];

  const mend = (part: string) => {
    if (!outages.delete(part)) return;
    log.info("outage ended", { part });
    if (part === "mesos") mesos.start();
    if (part.startsWith("node/")) mesos.returnAgent(nodeOf(part));
  };
  return {
    /** Throws StatusError for a part or an outage that there is not. */
    begin(part: string, outage: string): void {
      checkPart(parts, part);
      if (!isOutage(outage) || (outage !== "stopped" && !part.startsWith("node/"))) {
        const possible = part.startsWith("node/") ? OUTAGES.join(", ") : "stopped";
        throw refused(`${part} cannot be ${outage}, only ${possible}`);
      }
      log.info("outage began", { part, outage });
      outages.set(part, outage);
      if (part === "mesos") mesos.stop();
      if (part.startsWith("node/")) AGENT_OUTAGES[outage](mesos, nodeOf(part));
    },
    /** Of one part, or of all. */
    end(part: string | undefined): void {
      if (part !== undefined) checkPart(parts, part);
      for (const away of part === undefined ? [...outages.keys()] : [part]) mend(away);
    },
    list: (): readonly PartState[] =>
      parts.map((part) => {
        const outage = outages.get(part);
        return outage === undefined ? { part } : { part, outage };
      }),
    /** The same handler, at which nobody listens while its back end is stopped. */
    listening: (part: "consul" | "switch", handler: HttpHandler): HttpHandler => {
      return async (request) => {
        if (outages.has(part)) throw new TransportError("connect ECONNREFUSED", { isSent: false });
        return handler(request);
      };
    },
  };
}

export type Outages = ReturnType<typeof createOutages>;

const BACKENDS: readonly string[] = ["mesos", "consul", "switch"];

const AGENT_OUTAGES: Readonly<Record<Outage, (mesos: OutageOptions["mesos"], node: string) => void>> = {
  stopped: (mesos, node) => mesos.killAgent(node),
  cut: (mesos, node) => mesos.partitionAgent(node),
  crashed: (mesos, node) => mesos.crashAgent(node),
};

function isOutage(text: string): text is Outage {
  return OUTAGES.includes(text);
}

function nodeOf(part: string): string {
  return part.slice("node/".length);
}

function checkPart(parts: readonly string[], part: string): void {
  if (!parts.includes(part)) throw refused(`it has no part ${part}, only ${parts.join(", ")}`);
}

function refused(message: string): StatusError {
  return new StatusError("BadRequest", `breaking the simulated rack: ${message}`);
}
