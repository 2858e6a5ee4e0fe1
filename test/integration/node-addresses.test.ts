import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { Node } from "../../api-types/node.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { Client } from "../../client/client.js";
import { createProduct, endpointsAt, eventually, type Product } from "./product.js";

const NAMESPACE = "default";
const resources = { cpu: "100m", memory: "32Mi" };

/** Listens where its environment says. */
const PROGRAM = [
  "const { PORT0, ADDRESS } = process.env;",
  'const answer = (_, response) => response.end("port " + PORT0);',
  'require("node:http").createServer(answer).listen(PORT0, ADDRESS);',
].join(" ");

/** One service in each mode that shares its node's address, probed by the agent and by the control plane. */
const group = {
  metadata: { name: "web", namespace: NAMESPACE },
  spec: {
    rackName: "torc",
    services: [
      {
        name: "host",
        instances: 2,
        image: "web",
        resources,
        args: ["--version", "$(ADDRESS) $(HOST) $(NODE_ADDRESS)"],
        network: { mode: "Host", ports: [{ name: "http", containerPort: 0, hostPort: 0 }] },
        healthChecks: [{ name: "well", httpGet: { path: "/health", port: "http" }, periodSeconds: 1 }],
      },
      {
        name: "bridge",
        instances: 2,
        image: "web",
        resources,
        network: { mode: "Bridge", ports: [{ name: "http", containerPort: 80 }] },
        healthChecks: [
          { name: "well", probeFrom: "Controller", httpGet: { path: "/health", port: "http" }, periodSeconds: 1 },
        ],
      },
      {
        name: "command",
        instances: 2,
        shell: `exec node -e '${PROGRAM}'`,
        resources,
        network: { mode: "Bridge", ports: [{ name: "http", containerPort: 80 }] },
      },
    ],
  },
} as unknown as KubeObject; // as a manifest would say it

describe("services on their nodes' addresses, on one machine", () => {
  let product: Product;
  let client: Client;
  let addresses: ReadonlyMap<string, string>;

  const placed = async (service: string) => {
    const { items } = await client.list(Instance, { namespace: NAMESPACE });
    return items.filter(({ spec }) => spec.service === service).map(({ status }) => status?.placement);
  };
  const page = async (endpoint: string) => (await fetch(`http://${endpoint}/`)).text();

  beforeAll(async () => {
    product = await createProduct();
    await product.up("--simulate");
    client = await product.client();
    await client.apply(ServiceGroup, group, { fieldManager: "test" });
    addresses = new Map(product.rack.file().spec.nodes.map(({ name, address }) => [name, address]));
  });
  afterAll(() => product.remove());

  it.each(["host", "bridge", "command"])("answer at the address and port that DNS names: %s", async (service) => {
    const name = `${service}.service.torc`;
    const endpoints = await eventually(
      () => endpointsAt(product.dnsPort, name),
      (found) => found.length === 2,
    );
    const expected = (await placed(service)).map((at) => `${addresses.get(at?.node ?? "")}:${at?.ports?.[0]?.port}`);
    expect(endpoints).toEqual(expected.sort());
    expect(await product.rack.resolve(name)).toHaveLength(2);
    for (const endpoint of endpoints) {
      // a command without a check is named as soon as it runs, a little before it listens
      await eventually(
        () => page(endpoint),
        (text) => text.includes(`port ${endpoint.split(":")[1]}`),
      );
    }
  });

  it("are told their node's real address at the launch", async () => {
    const [endpoint = ""] = await endpointsAt(product.dnsPort, "host-1.service.torc");
    const [address] = endpoint.split(":");
    expect(await page(endpoint)).toContain(`version ${address} ${address} ${address}\n`);
  });

  it("leave the addresses in the specs of the Nodes as they were", async () => {
    const { items } = await client.list(Node);
    const written = Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec.address]));
    expect(written).toMatchObject({ wedge: "10.250.3.20", bladerunner1: "10.250.3.21" });
  });
});
