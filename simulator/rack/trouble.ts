import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import type { Random } from "../../platform/random.js";
import type { HttpHandler, HttpRequest } from "../../platform/transport.js";
import { type Fault, type FaultRule, type FaultScript, withFaults } from "../faults.js";

/** The back ends that can be afflicted. */
export const BACKENDS = ["mesos", "consul", "switch"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** A fault as it is asked for over the wire: `{ "fault": { "type": "status", "status": 500 }, "path": "/v1/catalog", "times": 3 }`. */
export interface WireFault {
  readonly fault: Fault;
  /** Only requests whose path begins so. */
  readonly path?: string;
  /** Only requests with this method. */
  readonly method?: string;
  readonly probability?: number;
  readonly times?: number;
}

const FAULT_TYPES: readonly string[] = [
  "delay",
  "refuse",
  "dropRequest",
  "dropResponse",
  "duplicate",
  "status",
  "html",
  "truncate",
  "end",
  "cut",
] satisfies readonly Fault["type"][];

export interface TroubleOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Restarts a back end as a crash does; `wipe` loses what it does not keep on disk. */
  readonly restart: (backend: BackendName, options: { readonly wipe: boolean }) => void;
}

/** Faults of the simulated rack that can be switched while it runs: seeded by its chance, none at the start. */
export function createTrouble({ clock, random, restart }: TroubleOptions) {
  const scripts: Record<BackendName, FaultScript> = {
    mesos: { rules: [] },
    consul: { rules: [] },
    switch: { rules: [] },
  };
  let asked: Partial<Record<BackendName, readonly WireFault[]>> = {};
  return {
    /** The same handler behind whatever is asked for. */
    afflicted: (backend: BackendName, handler: HttpHandler) =>
      withFaults(handler, { clock, random, script: scripts[backend] }),
    /** What is in force, as it was asked for. */
    asked: () => asked,
    /** Replaces all faults; what is left out works. Throws StatusError for what it does not know. */
    set(faults: unknown): void {
      const parsed = parseFaults(faults);
      asked = parsed;
      for (const backend of BACKENDS) scripts[backend].rules = (parsed[backend] ?? []).map(ruleOf);
    },
    restart(backend: string | null, isWiped: boolean): void {
      restart(backendNamed(backend ?? ""), { wipe: isWiped });
    },
  };
}

export type Trouble = ReturnType<typeof createTrouble>;

function ruleOf({ fault, path, method, probability, times }: WireFault): FaultRule {
  const when = (request: HttpRequest) =>
    request.url.startsWith(path ?? "") && (method === undefined || request.method === method);
  return {
    fault,
    when,
    ...(probability === undefined ? {} : { probability }),
    ...(times === undefined ? {} : { times }),
  };
}

function parseFaults(value: unknown): Partial<Record<BackendName, readonly WireFault[]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused("the body must be an object by back end");
  const entries = Object.entries(value).map(([name, rules]) => [backendNamed(name), parseRules(name, rules)]);
  return Object.fromEntries(entries);
}

function parseRules(backend: string, rules: unknown): readonly WireFault[] {
  if (!Array.isArray(rules)) throw refused(`${backend}: must be a list of { fault, path, method, probability, times }`);
  return rules.map((rule: { readonly fault?: { readonly type?: unknown } } | null, index) => {
    const type = rule?.fault?.type;
    if (typeof type !== "string" || !FAULT_TYPES.includes(type)) {
      throw refused(`${backend}[${index}].fault.type: must be one of ${FAULT_TYPES.join(", ")}`);
    }
    // the fields of a fault are numbers and texts that it uses as they are
    return rule as WireFault;
  });
}

function backendNamed(name: string): BackendName {
  const found = BACKENDS.find((backend) => backend === name);
  if (found === undefined) throw refused(`back end ${name}: must be one of ${BACKENDS.join(", ")}`);
  return found;
}

function refused(message: string): StatusError {
  return new StatusError("BadRequest", `setting faults of the simulated rack: ${message}`);
}
