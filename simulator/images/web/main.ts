import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { systemClock } from "../../../platform/clock.js";
import { createTelemetry } from "../telemetry.js";

// Stands in for `web`: a small HTTP server on ADDRESS. Its port is `--port`, else PORT0, else PORT, else 8080; behind a
// bridge SIMULATED_PORTS (`8080=31000`) names the node's port that leads to it, and it listens there.
//   GET /              the text of VERSION (default: 1), the task and the port
//   GET /health        200, or 503 while it is unwell
//   PUT /health?ok=0   makes it unwell, ?ok=1 well again; SIGUSR2 changes it to the other
//   GET /exit?code=3   ends it
//   GET /env           its environment, names only

const { values } = parseArgs({ options: { port: { type: "string" }, version: { type: "string" } }, strict: false });
const address = process.env.ADDRESS ?? "127.0.0.1";
const inside = Number(values.port ?? process.env.PORT0 ?? process.env.PORT ?? 8080);
const port = mappedPort(process.env.SIMULATED_PORTS ?? "", inside);
const version = String(values.version ?? process.env.VERSION ?? "1");
const taskId = process.env.TASK_ID ?? "";
const telemetry = createTelemetry({ taskId, target: process.env.TELEMETRY, clock: systemClock() });
let isWell = true;

/** The port of the node that leads to the port inside; the first mapping when PORT0 is the node's own already. */
function mappedPort(mappings: string, wanted: number): number {
  const pairs = mappings.split(",").map((pair) => pair.split("=").map(Number));
  return pairs.find(([from]) => from === wanted)?.[1] ?? wanted;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function answer(method: string, url: URL): Answer {
  switch (`${method} ${url.pathname}`) {
    case "GET /":
      return { status: 200, text: `version ${version}\ntask ${taskId}\nport ${port}\n` };
    case "GET /health":
      return isWell ? { status: 200, text: "ok\n" } : { status: 503, text: "unwell\n" };
    case "PUT /health":
      isWell = url.searchParams.get("ok") !== "0";
      return { status: 200, text: isWell ? "ok\n" : "unwell\n" };
    case "GET /env":
      return { status: 200, text: `${Object.keys(process.env).sort().join("\n")}\n` };
    case "GET /exit":
      setImmediate(() => process.exit(Number(url.searchParams.get("code") ?? 0)));
      return { status: 200, text: "bye\n" };
    default:
      return { status: 404, text: "GET /, GET /health, PUT /health?ok=0, GET /env, GET /exit?code=1\n" };
  }
}

const server = createServer((request, response) => {
  const { status, text } = answer(request.method ?? "GET", new URL(request.url ?? "/", "http://web"));
  telemetry.count("requests");
  console.log(`${request.method} ${request.url} ${status}`);
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
});
process.on("SIGUSR2", () => {
  isWell = !isWell;
});
process.on("SIGTERM", () => {
  console.log("SIGTERM: no new connections");
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.listen(port, address, () => console.log(`version ${version} listens on ${address}:${port}`));
