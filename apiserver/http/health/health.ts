import { StatusError } from "../../../api-types/meta/status-error.js";
import type { HttpResponse } from "../../../platform/transport.js";
import { respondText } from "../format/respond.js";

/** One thing that must hold; resolves when it does, rejects otherwise. */
export interface HealthCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Answers `/livez`, `/readyz` and `/healthz`: `ok`, or 500 with the failing checks; `?verbose`, `?exclude=` and `/NAME` as in Kubernetes. */
export async function answerHealth(
  probe: { readonly probe: string; readonly check: string | undefined },
  checks: readonly HealthCheck[],
  query: URLSearchParams,
): Promise<HttpResponse> {
  const excluded = new Set(query.getAll("exclude"));
  const chosen = checks.filter(({ name }) => (probe.check === undefined ? !excluded.has(name) : name === probe.check));
  if (probe.check !== undefined && chosen.length === 0) {
    throw new StatusError("NotFound", `${probe.probe} check "${probe.check}" not found`);
  }
  const results = await Promise.all(chosen.map(runCheck));
  const isHealthy = results.every((result) => result.isPassed);
  if (isHealthy && !query.has("verbose")) return respondText(200, "ok");
  const lines = results.map(({ name, isPassed }) =>
    isPassed ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  const summary = `${probe.probe} check ${isHealthy ? "passed" : "failed"}`;
  return respondText(isHealthy ? 200 : 500, `${[...lines, summary].join("\n")}\n`);
}

async function runCheck({ name, run }: HealthCheck): Promise<{ readonly name: string; readonly isPassed: boolean }> {
  try {
    await run();
    return { name, isPassed: true };
  } catch {
    return { name, isPassed: false };
  }
}
