import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Client } from "../../client/client.js";
import { createClient } from "../../client/create-client.js";
import { clientFromKubeconfig } from "../../client/kubeconfig.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import type { HttpHandler } from "../../platform/transport.js";
import { warningTexts } from "./warnings.js";

/** Which API server, as its user says it. */
export interface AccessFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly output?: OutputForm;
}

export type OutputForm = "json" | "yaml" | "name";

/** What a verb takes from the process that runs it. */
export interface Surroundings {
  /** `KUBECONFIG`. */
  readonly kubeconfigs: string | undefined;
  readonly home: string | undefined;
}

/** What every verb works with. */
export interface Session {
  readonly client: Client;
  readonly namespace: string;
  /** The file that named the API server. */
  readonly kubeconfig: string;
  readonly output: OutputForm | undefined;
  readonly clock: Clock;
  /** A line, or a whole table, on stdout. */
  say(text: string): void;
  /** A line on stderr. */
  warn(text: string): void;
}

/** Runs a verb against the API server that the flags name; what the server warns of is shown. Resolves with the exit code. */
export async function withSession(
  flags: AccessFlags,
  surroundings: Surroundings,
  verb: (session: Session) => Promise<number>,
): Promise<number> {
  const path = kubeconfigPath(flags, surroundings);
  const { context } = flags;
  const access = await clientFromKubeconfig(path, {
    userAgent: "rackctl",
    ...(context === undefined ? {} : { context }),
  });
  const warn = (text: string) => console.error(text);
  const handler = withHint(withWarnings(access.handler, warn), { server: access.baseUrl, path });
  const client = createClient({ handler, baseUrl: access.baseUrl, userAgent: "rackctl" });
  try {
    return await verb({
      client,
      namespace: flags.namespace ?? access.namespace,
      kubeconfig: path,
      output: flags.output,
      clock: systemClock(),
      say: (text) => console.log(text),
      warn,
    });
  } finally {
    await access.close();
  }
}

/** `rackctl up` writes it here. */
const OWN_KUBECONFIG = join("data", "kubeconfig");

/** The flag, else KUBECONFIG, else that of `rackctl up` in this directory, else kubectl's own. */
export function kubeconfigPath({ kubeconfig }: AccessFlags, { kubeconfigs, home }: Surroundings): string {
  if (kubeconfig !== undefined) return existing(kubeconfig, "--kubeconfig");
  const named = (kubeconfigs ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length > 0) return named.find((path) => existsSync(path)) ?? existing(named[0] ?? "", "KUBECONFIG");
  const usual = [OWN_KUBECONFIG, ...(home === undefined ? [] : [join(home, ".kube", "config")])];
  const found = usual.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new StatusError(
    "BadRequest",
    `finding a kubeconfig: neither ${usual.join(" nor ")} is there; name that of rackctl up with --kubeconfig DIR/kubeconfig`,
  );
}

function existing(path: string, source: string): string {
  if (existsSync(path)) return path;
  throw new StatusError("BadRequest", `reading kubeconfig ${path} (${source}): there is no such file`);
}

function withWarnings(handler: HttpHandler, warn: (text: string) => void): HttpHandler {
  return async (request) => {
    const response = await handler(request);
    for (const text of warningTexts(response.headers.warning)) warn(`Warning: ${text}`);
    return response;
  };
}

/** A server that cannot be reached is named, with what to do. */
function withHint(handler: HttpHandler, { server, path }: { server: string; path: string }): HttpHandler {
  return async (request) => {
    try {
      return await handler(request);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const where = `reaching the API server ${server} of kubeconfig ${path}`;
      throw new StatusError("ServiceUnavailable", `${where}: ${why}; is rackctl up running?`, { cause });
    }
  };
}
