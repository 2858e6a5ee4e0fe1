import { parseArgs } from "node:util";
import { systemClock } from "../../../platform/clock.js";
import { systemRandom } from "../../../platform/random.js";
import { createLoad } from "../load.js";
import { createTelemetry } from "../telemetry.js";

// Stands in for the image `normalload`: users that ask dns-sl1 and dns-sl2 (ToRC's DNS use case).

const { values } = parseArgs({
  strict: false,
  options: {
    users: { type: "string", short: "u" },
    mean: { type: "string", short: "m" },
    deviation: { type: "string", short: "d" },
  },
});
const clock = systemClock();
const [resolverHost = "127.0.0.1", resolverPort = "8600"] = (process.env.RESOLVER ?? "").split(":");

createLoad({
  clock,
  random: systemRandom(),
  telemetry: createTelemetry({ taskId: process.env.TASK_ID ?? "", target: process.env.TELEMETRY, clock }),
  users: Number(values.users ?? 10),
  meanMs: Number(values.mean ?? 2000),
  deviationMs: Number(values.deviation ?? 1000),
  servers: ["dns-sl1.service.torc", "dns-sl2.service.torc"],
  serverPort: 10053,
  resolver: { host: resolverHost, port: Number(resolverPort) },
  // as a task with an address of its own would send
  localAddress: process.env.ADDRESS ?? "127.0.0.1",
});
process.on("SIGTERM", () => process.exit(0));
