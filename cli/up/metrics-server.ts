import { StatusError } from "../../api-types/meta/status-error.js";
import { SYSTEM_IDENTITY } from "../../apiserver/http/contract.js";
import type { ApiServer } from "../../apiserver/main.js";
import { type HttpServer, ListenError, serve } from "../../platform/http-server.js";
import type { Metrics } from "../../platform/metrics.js";
import type { HttpHandler } from "../../platform/transport.js";

/** `/metrics`, `/livez` and `/readyz` in plain HTTP, for Prometheus and probes; works while every back end is away. */
export async function serveMetrics(
  address: { readonly host: string; readonly port: number },
  { metrics, api }: { readonly metrics: Metrics; readonly api: ApiServer },
): Promise<HttpServer> {
  const handler: HttpHandler = async (request) => {
    const path = request.url.split("?")[0];
    if (path === "/metrics") {
      return { status: 200, headers: { "content-type": metrics.contentType }, body: Buffer.from(await metrics.text()) };
    }
    if (path === "/livez" || path === "/readyz") return api.handle(request, SYSTEM_IDENTITY);
    return {
      status: 404,
      headers: { "content-type": "text/plain" },
      body: Buffer.from("GET /metrics, /livez or /readyz\n"),
    };
  };
  try {
    return await serve(handler, address);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const where = `${address.host}:${address.port}`;
    throw new StatusError(
      "ServiceUnavailable",
      `serving metrics on ${where}: ${error.message}; choose another address with --metrics`,
      { cause: error },
    );
  }
}
