import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Rack } from "../../api-types/rack.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { Client } from "../../client/client.js";
import type { Running } from "../e2e/product/rackctl.js";
import { converged, createProduct, eventually, type Product, processes, type RackTask, removals } from "./product.js";
import { isMissing, type RunningServer, startEtcd } from "./servers.js";

// One story, told in order.
describe.skipIf(isMissing("etcd"))("rackctl up --store etcd", () => {
  let etcd: RunningServer;
  let product: Product;
  let up: Running;
  let client: Client;
  let tasks: readonly RackTask[];

  const flags = () => ["--simulate", "--store", "etcd", "--etcd-endpoints", etcd.endpoint];
  const everythingHolds = async () => {
    await converged(client);
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    expect(removals(await product.rack.journal())).toEqual([]);
  };

  beforeAll(async () => {
    [etcd, product] = await Promise.all([startEtcd(), createProduct()]);
    up = await product.up(...flags());
    client = await product.client();
    await converged(client);
    tasks = await product.rack.tasks();
  });
  afterAll(async () => {
    await product.remove();
    await etcd.stop();
  });

  it("keeps each object as readable JSON under /rackwright/GROUP/RESOURCE/NAMESPACE/NAME", async () => {
    const browser = new Etcd3({ hosts: etcd.endpoint });
    const all = await browser.getAll().prefix("/rackwright/").strings();
    browser.close();
    const keys = Object.keys(all);
    expect(keys).toContain("/rackwright/rackwright.dev/servicegroups/dns-example/dns");
    const objects = keys.filter((key) => !key.startsWith("/rackwright/_"));
    for (const key of objects) {
      const { kind, metadata } = JSON.parse(all[key] ?? "");
      expect(kind).toBeTruthy();
      expect(key.endsWith(`/${metadata.name}`)).toBe(true);
    }
    expect(objects.length).toBeGreaterThan(38);
  });

  it("refuses writes while etcd is away, withdraws nothing, and goes on when it is back", async () => {
    await etcd.kill();
    const error = await client
      .patch(Rack, { name: "torc" }, { metadata: { annotations: { test: "away" } } })
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "StatusError" });
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    await etcd.restart();
    await eventually(
      () => client.patch(Rack, { name: "torc" }, { metadata: { annotations: { test: "back" } } }),
      ({ metadata }) => metadata.annotations?.test === "back",
    );
    await everythingHolds();
    expect(up.stdout()).not.toMatch(/ leaves$| is gone$/m);
  });

  it("still acts after etcd was back: a group that is suspended ends its task", async () => {
    const key = { namespace: "torc-core", name: "core" };
    await client.patch(ServiceGroup, key, { spec: { suspend: true } });
    await eventually(
      () => product.rack.tasks(),
      (now) => now.length === 1,
    );
    await client.patch(ServiceGroup, key, { spec: { suspend: false } });
    await converged(client);
    tasks = await product.rack.tasks();
  });

  it("finds everything again after a restart of its own, and removes nothing", async () => {
    const before = (await product.rack.journal()).length;
    up.signal("SIGKILL");
    await up.ended;
    up = await product.up(...flags());
    expect(up.stdout()).not.toMatch(/^example/m);
    await converged(client);
    expect(processes(await product.rack.tasks())).toEqual(processes(tasks));
    expect(removals((await product.rack.journal()).slice(before))).toEqual([]);
  });

  it("says which etcd it cannot reach, and how to change that", async () => {
    const other = await createProduct();
    const failed = await other.up("--store", "etcd", "--etcd-endpoints", "http://127.0.0.1:1").catch((e: Error) => e);
    expect(`${failed}`).toContain(
      "rackctl: opening the store (--etcd-endpoints): reading from etcd at http://127.0.0.1:1",
    );
    expect(`${failed}`).toContain("start etcd there, or correct the endpoint");
    await other.remove();
  });
});
