import type { Clock } from "../../../platform/clock.js";
import { silentLogger } from "../../../platform/log.js";
import { seededRandom } from "../../../platform/random.js";
import { type HttpHandler, readBody } from "../../../platform/transport.js";
import type { DnsEntry } from "../driver.js";
import type { DnsHarness } from "../suite.js";
import { ownershipOf, serviceIdOf } from "./catalog.js";
import { createConsulDriver } from "./consul.js";

/** The suite's harness around any Consul, simulated or real, reached at `address` through `transport`. */
export function consulHarness(options: {
  readonly transport: HttpHandler;
  readonly address: string;
  readonly identity: string;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly until: DnsHarness["until"];
  readonly close: () => Promise<void>;
}): DnsHarness {
  const { transport, address, identity, clock, periodMs } = options;
  const driver = createConsulDriver({
    transport,
    address,
    identity,
    clock,
    random: seededRandom(1),
    log: silentLogger,
    periodMs,
  });
  const call = callerOf(transport, address);
  const put = (node: string, service: object) =>
    call("PUT", "/v1/catalog/register", { Node: node, Address: "10.1.1.1", SkipNodeUpdate: true, Service: service });

  return {
    driver,
    identity,
    occupy: async (entry: DnsEntry) => {
      const service = { ID: serviceIdOf(entry), Service: entry.name, Address: entry.address };
      await put(ownershipOf(identity).node, service);
    },
    async addForeign(count) {
      for (let number = 0; number < count; number += 1) {
        const name = number % 2 === 0 ? "shared" : `other-${number}`;
        // every tenth sits on our own node, where only the missing stamp tells it apart
        const node = number % 10 === 0 ? ownershipOf(identity).node : `foreign-${number % 7}`;
        await put(node, { ID: `${identity}-foreign-${number}`, Service: name, Address: "10.1.1.1" });
      }
    },
    countForeign: () => countServices(call, `${identity}-foreign-`),
    until: options.until,
    async close() {
      driver.close();
      await options.close();
    },
  };
}

/** Plain calls past the driver; everything but 200 rejects. */
function callerOf(transport: HttpHandler, address: string) {
  return async (method: string, path: string, body?: object): Promise<unknown> => {
    const payload = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const response = await transport({ method, url: address + path, headers: {}, ...payload });
    const text = Buffer.from(await readBody(response)).toString("utf8");
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}

async function countServices(call: ReturnType<typeof callerOf>, idPrefix: string): Promise<number> {
  // the shapes are Consul's
  const nodes = (await call("GET", "/v1/catalog/nodes")) as { Node: string }[];
  const answers = await Promise.all(nodes.map((node) => call("GET", `/v1/catalog/node-services/${node.Node}`)));
  const ids = (answers as { Services: { ID: string }[] | null }[]).flatMap((answer) =>
    (answer.Services ?? []).map((service) => service.ID),
  );
  return ids.filter((id) => id.startsWith(idPrefix)).length;
}
