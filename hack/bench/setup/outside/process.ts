import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { HttpHandler } from "../../../../platform/transport.js";
import { undiciTransport } from "../../../../platform/undici-transport.js";
import type { Flowed } from "./flow.js";
import type { Order, Report } from "./main.js";

/** The back ends of a benchmark in a process of their own. */
export interface Outside {
  /** Leads to them over sockets, whatever hosts the Rack names. */
  readonly transport: HttpHandler;
  flow(order: Order): Promise<Flowed>;
  end(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  // as it is delivered: not with the flags of the process that measures
  const child = fork(fileURLToPath(new URL("main.js", import.meta.url)), { execArgv: [] });
  const heard = async (): Promise<Report> => (await once(child, "message"))[0];
  const first = await heard();
  const ports = first.type === "listening" ? first.ports : {};
  const sockets = undiciTransport();
  return {
    transport: (request) => {
      const url = new URL(request.url);
      return sockets({ ...request, url: `http://127.0.0.1:${ports[url.host] ?? 1}${url.pathname}${url.search}` });
    },
    async flow(order) {
      child.send(order);
      const report = await heard();
      if (report.type !== "flowed") throw new Error("the back ends did not tell how the statuses flowed");
      return report.flowed;
    },
    async end() {
      child.disconnect();
      await sockets.close();
    },
  };
}
