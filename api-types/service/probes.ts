import type { Service } from "./fields.js";
import type { HealthCheck, ReadinessCheck } from "./health.js";

/** The one probe of a task that its agent runs. */
export type AgentProbe =
  | { readonly kind: "health"; readonly check: HealthCheck }
  | { readonly kind: "readiness"; readonly check: ReadinessCheck };

/** Who runs which check of a service. */
export interface ProbePlan {
  /** A task has room for one. */
  readonly agent: AgentProbe | undefined;
  readonly controller: readonly HealthCheck[];
  readonly controllerReadiness: ReadinessCheck | undefined;
}

type Probed = Pick<Service, "healthChecks" | "readinessCheck" | "network">;

/**
 * Who probes what. The agent's is the first that says so, or that only an agent can run; else the first health check,
 * unless it says Controller.
 *
 * | probeFrom  | exec, or mode Routed, Container, None | else                                          |
 * |------------|---------------------------------------|-----------------------------------------------|
 * | Agent      | agent                                 | agent                                         |
 * | unset      | agent                                 | first health check: agent if it is free; else controller |
 * | Controller | refused by validation                 | controller                                    |
 */
export function probePlan(service: Probed): ProbePlan {
  const known = plans.get(service);
  if (known !== undefined) return known;
  const plan = makePlan(service);
  if (Object.isFrozen(service)) plans.set(service, plan);
  return plan;
}

/** Of what cannot change: asked for at every look at every instance of a service. */
const plans = new WeakMap<Probed, ProbePlan>();

function makePlan(service: Probed): ProbePlan {
  const agent = agentProbe(service);
  const { healthChecks = [], readinessCheck } = service;
  return {
    agent,
    controller: healthChecks.filter((check) => check !== agent?.check),
    controllerReadiness: readinessCheck === agent?.check ? undefined : readinessCheck,
  };
}

/** The checks that must be run by the agent, health checks first; validation refuses a second one. */
export function agentOnly(service: Probed): readonly AgentProbe[] {
  const { healthChecks = [], readinessCheck } = service;
  const probes: readonly AgentProbe[] = [
    ...healthChecks.map((check) => ({ kind: "health", check }) as const),
    ...(readinessCheck === undefined ? [] : [{ kind: "readiness", check: readinessCheck } as const]),
  ];
  return probes.filter(({ check }) => check.probeFrom === "Agent" || isBeyondController(service, check));
}

/** Whether a controller has no way to run the check: inside the container, or where it has no route to. */
export function isBeyondController({ network }: Probed, check: HealthCheck | ReadinessCheck): boolean {
  return check.exec !== undefined || !(network.mode === "Host" || network.mode === "Bridge");
}

function agentProbe(service: Probed): AgentProbe | undefined {
  const [forced] = agentOnly(service);
  if (forced !== undefined) return forced;
  const first = service.healthChecks?.[0];
  return first === undefined || first.probeFrom === "Controller" ? undefined : { kind: "health", check: first };
}
