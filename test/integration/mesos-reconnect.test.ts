import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { Client } from "../../client/client.js";
import { createProduct, eventually, type Product, processes, type RackTask, removals } from "./product.js";

const GROUP = { namespace: "default", name: "web" };

describe("the scheduler's connection to Mesos over real sockets", () => {
  let product: Product;
  let proxy: Proxy;
  let client: Client;
  let tasks: readonly RackTask[];

  const computeReady = async () => {
    const rack = await client.get(Rack, { name: "r" });
    return rack.status?.conditions?.find(({ type }) => type === "ComputeReady")?.status;
  };
  const running = () =>
    eventually(
      () => product.rack.tasks(),
      (now) => now.length === 3,
    );
  const subscriptions = async () => (await product.rack.journal()).filter(({ call }) => call === "SUBSCRIBE").length;

  beforeAll(async () => {
    product = await createProduct();
    await product.simulate();
    const { spec } = product.rack.file();
    proxy = await openProxy(spec.compute.mesos.masters[0] ?? "");
    await product.up("--store", "memory");
    client = await product.client();
    const compute = { mesos: { masters: [proxy.url], frameworkName: "cut", nodeAttributes: { name: "machine-name" } } };
    const nodes = [1, 2, 3, 4].map((number) => ({ name: `bladerunner${number}`, address: `10.250.3.2${number}` }));
    // as manifests write it; defaults fill the rest
    await client.create(Rack, { metadata: { name: "r" }, spec: { compute, nodes } } as never);
    const services = [{ name: "web", image: "influxdb" }];
    await client.create(ServiceGroup, { metadata: GROUP, spec: { rackName: "r", replicas: 3, services } } as never); // as above
    tasks = await running();
    await eventually(
      async () => (await client.list(Instance)).items,
      (items) => items.length === 3 && items.every((item) => isReady(item)),
    );
  });
  afterAll(async () => {
    await product.remove();
    await proxy.close();
  });

  it("subscribes again when the connection is cut, and loses no task", async () => {
    const before = await subscriptions();
    proxy.cut();
    await eventually(subscriptions, (count) => count > before);
    await eventually(computeReady, (status) => status === "True");
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await product.rack.journal())).toEqual([]);
  });

  it("says so while the master cannot be reached, keeps every task, and comes back by itself", async () => {
    proxy.refuse(true);
    proxy.cut();
    await eventually(computeReady, (status) => status === "Unknown");
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    proxy.refuse(false);
    await eventually(computeReady, (status) => status === "True");
    expect((await client.list(Instance)).items.map(({ metadata }) => metadata.name)).toHaveLength(3);
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await product.rack.journal())).toEqual([]);
  });

  it("hears what happened in the meantime: a task that died while it was cut off is replaced", async () => {
    const dead = tasks[0];
    proxy.refuse(true);
    proxy.cut();
    process.kill(dead?.pid ?? 0, "SIGKILL");
    await eventually(
      () => product.rack.tasks(),
      (now) => now.length === 2,
    );
    proxy.refuse(false);
    const now = await running();
    expect(now.map(({ pid }) => pid)).not.toContain(dead?.pid);
    const kept = processes(now);
    for (const { taskId, pid } of tasks.slice(1)) expect(kept.get(taskId)).toBe(pid);
  });
});

function isReady({ status }: Instance): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
}

interface Proxy {
  readonly url: string;
  /** Resets every connection. */
  cut(): void;
  /** Whether new connections are reset at once. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

/** Passes TCP connections on to a server. */
async function openProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<readonly [Socket, Socket]>();
  let isRefusing = false;
  const server = createServer((near) => {
    if (isRefusing) return near.resetAndDestroy();
    const far = connect(Number(port), hostname);
    const pair = [near, far] as const;
    open.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        open.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    return undefined;
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  const cut = () => {
    for (const [near] of open) near.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${own}`,
    cut,
    refuse(next) {
      isRefusing = next;
    },
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
