import { vi } from "vitest";
import { Namespace } from "../../api-types/core/namespace.js";
import { KINDS } from "../../api-types/kinds.js";
import { Rack } from "../../api-types/rack.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import { createApiServer } from "../../apiserver/main.js";
import { memoryStore } from "../../apiserver/storage/memory.js";
import { createClient } from "../../client/create-client.js";
import { type Clock, systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import { createMetrics } from "../../platform/metrics.js";
import { seededRandom } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import type { OutputForm, Session } from "../access/session.js";
import { warningTexts } from "../access/warnings.js";

/** A session with an API server of its own in memory, and what verbs print there. */
export interface Harness extends Session {
  /** What was printed since the last call, warnings with `! ` before them. */
  printed(): readonly string[];
  /** Resolves once a line with this text was printed. */
  says(text: string): Promise<void>;
  /** The same with `-o`. */
  as(output: OutputForm): Session;
  close(): Promise<void>;
}

const PATIENCE = { timeout: 10_000, interval: 5 };
/** Time that runs this much faster than that of the wall. */
const HASTE = 50;

function hastyClock(): Clock {
  const clock = systemClock();
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() * HASTE,
    schedule: (delayMs, run) => clock.schedule(delayMs / HASTE, run),
  };
}

/** Serves every kind; namespace `shop` and Rack `rack` are there. */
export async function createHarness(): Promise<Harness> {
  const clock = systemClock();
  const server = await createApiServer({
    store: memoryStore({ clock }),
    kinds: KINDS,
    clock,
    random: seededRandom(1),
    log: silentLogger,
    metrics: createMetrics().registry,
    version: "0.0.0",
  });
  const lines: string[] = [];
  const handler: HttpHandler = async (request) => {
    const { pathname, search } = new URL(request.url);
    const response = await server.handle({ ...request, url: pathname + search }, SYSTEM_IDENTITY);
    for (const text of warningTexts(response.headers.warning)) lines.push(`! Warning: ${text}`);
    return response;
  };
  const client = createClient({ handler, baseUrl: "https://test", userAgent: "test" });
  await client.create(Namespace, { metadata: { name: "shop" } });
  await client.apply(Rack, { metadata: { name: "rack" }, spec: {} as Rack["spec"] }, { fieldManager: "test" });
  const session: Session = {
    client,
    namespace: "shop",
    kubeconfig: "/nowhere/kubeconfig",
    output: undefined,
    clock: hastyClock(),
    say: (text) => void lines.push(...text.split("\n")),
    warn: (text) => void lines.push(`! ${text}`),
  };
  return {
    ...session,
    printed: () => lines.splice(0),
    says: (text) =>
      vi.waitFor(() => {
        if (!lines.some((line) => line.includes(text))) throw new Error(`not printed: ${text}\n${lines.join("\n")}`);
      }, PATIENCE),
    as: (output) => ({ ...session, output }),
    close: () => server.close(),
  };
}
