import { createSocket } from "node:dgram";
import { type HttpServer, ListenError, serve } from "../../platform/http-server.js";
import type { HttpHandler } from "../../platform/transport.js";
import type { TelemetryReport } from "../images/telemetry.js";

/** A listening HTTP server whose handler is given once its port is known. */
export interface Socket {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  answerWith(handler: HttpHandler): void;
  close(): Promise<void>;
}

/** Listens on the wanted port, or on a free one where that is in use (somebody may listen on all addresses). */
export async function openSocket(host: string, wanted: number): Promise<Socket> {
  let handler: HttpHandler = async () => ({ status: 503, headers: {}, body: Buffer.from("starting\n") });
  const answer: HttpHandler = (request) => handler(request);
  const server = await listen(answer, host, wanted);
  return {
    host,
    port: server.port,
    url: `http://${host}:${server.port}`,
    answerWith(next) {
      handler = next;
    },
    close: () => server.close(),
  };
}

async function listen(handler: HttpHandler, host: string, port: number): Promise<HttpServer> {
  try {
    return await serve(handler, { host, port, isBodyStreamed });
  } catch (error) {
    if (!(error instanceof ListenError) || error.code !== "EADDRINUSE" || port === 0) throw error;
    return serve(handler, { host, port: 0, isBodyStreamed });
  }
}

/** Input for programs beside tasks. */
function isBodyStreamed(headers: Readonly<Record<string, string>>): boolean {
  return headers["content-type"] === "application/recordio";
}

/** Receives the reports of stand-in programs. The port is kept across restarts, because programs outlive the simulator. */
export async function openTelemetry(
  address: { readonly host: string; readonly port: number },
  onReport: (report: TelemetryReport) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  socket.on("message", (message) => {
    const report = parseReport(message);
    if (report !== undefined) onReport(report);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(address.port, address.host, () => resolve());
  });
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

function parseReport(message: Buffer): TelemetryReport | undefined {
  try {
    // only programs of the catalogue know this address
    return JSON.parse(message.toString()) as TelemetryReport;
  } catch {
    return undefined;
  }
}
