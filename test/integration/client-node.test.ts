import { join } from "node:path";
import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.js";
import type { Running } from "../e2e/product/rackctl.js";
import { createProduct, eventually, type Product } from "./product.js";

const clock = systemClock();
const GROUP = { group: "rackwright.dev", version: "v1alpha1" };
const RECORDS = { ...GROUP, namespace: "default", plural: "dnsrecords" };
const PATH = "/apis/rackwright.dev/v1alpha1/namespaces/default/dnsrecords";
const MERGE = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

interface NameRecord extends KubernetesObject {
  readonly spec: { readonly name: string; readonly targets: readonly { readonly address: string }[] };
}

function record(name: string, address = "10.0.0.1") {
  return {
    apiVersion: "rackwright.dev/v1alpha1",
    kind: "DnsRecord",
    metadata: { name, namespace: "default" },
    spec: { rackName: "small", name, type: "A", targets: [{ id: "a", address }] },
  };
}

/** A merge patch to another address. */
function moved(address: string) {
  return { spec: { targets: [{ id: "a", address }] } };
}

describe("@kubernetes/client-node", () => {
  let product: Product;
  let config: KubeConfig;

  beforeAll(async () => {
    product = await createProduct();
    await product.up("--store", "memory");
    config = new KubeConfig();
    config.loadFromFile(join(product.directory, "kubeconfig"));
  });
  afterAll(() => product.remove());

  it("reads and writes built-in kinds with typed calls", async () => {
    const api = config.makeApiClient(CoreV1Api);
    const created = await api.createNamespace({ body: { metadata: { name: "typed" } } });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const { items, metadata } = await api.listNamespace();
    expect(items.map((item) => item.metadata?.name)).toContain("typed");
    expect(metadata?.resourceVersion).toMatch(/^\d+$/);
    await api.createNamespacedSecret({
      namespace: "typed",
      body: { metadata: { name: "key" }, stringData: { token: "x" } },
    });
    const secret = await api.readNamespacedSecret({ namespace: "typed", name: "key" });
    expect(Buffer.from(secret.data?.token ?? "", "base64").toString()).toBe("x");
  });

  it("creates, lists, patches, replaces and deletes custom objects", async () => {
    const api = config.makeApiClient(CustomObjectsApi);
    await api.createNamespacedCustomObject({ ...RECORDS, body: record("printer") });
    const listed = await api.listNamespacedCustomObject({ ...RECORDS, fieldSelector: "metadata.name=printer" });
    expect(listed.items).toHaveLength(1);
    const patched = await api.patchNamespacedCustomObject(
      { ...RECORDS, name: "printer", body: moved("10.0.0.2") },
      MERGE,
    );
    expect(patched.spec.targets).toEqual([{ id: "a", address: "10.0.0.2" }]);
    const read = await api.getNamespacedCustomObject({ ...RECORDS, name: "printer" });
    read.spec.targets[0].address = "10.0.0.3";
    const replaced = await api.replaceNamespacedCustomObject({ ...RECORDS, name: "printer", body: read });
    expect(replaced.metadata.generation).toBe(3);
    // the version that was read is old now
    const conflict = await api
      .replaceNamespacedCustomObject({ ...RECORDS, name: "printer", body: read })
      .catch((error: { code?: number }) => error);
    expect(conflict).toMatchObject({ code: 409 });
    await api.deleteNamespacedCustomObject({ ...RECORDS, name: "printer" });
    await gone(() => api.getNamespacedCustomObject({ ...RECORDS, name: "printer" }));
  });

  it("explains a refused object in the error's body", async () => {
    const api = config.makeApiClient(CustomObjectsApi);
    const body = { ...record("bad"), spec: { ...record("bad").spec, targets: "soon" } };
    const error = await api
      .createNamespacedCustomObject({ ...RECORDS, body })
      .catch((cause: { code?: number; body?: string }) => cause);
    expect(error).toMatchObject({ code: 422, body: expect.stringContaining("spec.targets") });
  });

  it("handles any kind by its apiVersion and kind alone", async () => {
    const api = KubernetesObjectApi.makeApiClient(config);
    await api.create(record("any"));
    const header = {
      apiVersion: "rackwright.dev/v1alpha1",
      kind: "DnsRecord",
      metadata: { name: "any", namespace: "default" },
    };
    const read = await api.read<NameRecord>(header);
    expect(read.spec.name).toBe("any");
    const applied = await api.patch<NameRecord>(
      record("any", "10.0.0.4"),
      undefined,
      undefined,
      "tests",
      true,
      PatchStrategy.ServerSideApply,
    );
    expect(applied.spec.targets[0]?.address).toBe("10.0.0.4");
    expect(applied.metadata?.managedFields?.map(({ manager }) => manager)).toContain("tests");
    const list = await api.list<NameRecord>("rackwright.dev/v1alpha1", "DnsRecord", "default");
    expect(list.items.map(({ metadata }) => metadata?.name)).toEqual(["any"]);
    await api.delete(header);
    await gone(() => api.read(header));
  });
});

describe("an informer of @kubernetes/client-node", () => {
  let product: Product;
  let up: Running;
  let store: string;

  beforeEach(async () => {
    product = await createProduct();
  });
  afterEach(() => product.remove());

  const restart = async () => {
    up.signal("SIGKILL");
    await up.ended;
    up = await product.up("--store", store);
  };

  it("sees every change, also those after a restart of the server", async () => {
    store = "embedded";
    up = await product.up("--store", store);
    const { api, informer, seen, close } = await watchRecords(product);
    await api.createNamespacedCustomObject({ ...RECORDS, body: record("late") });
    await saw(seen, "add late");
    await api.patchNamespacedCustomObject({ ...RECORDS, name: "late", body: moved("10.0.0.2") }, MERGE);
    await saw(seen, "update late");
    await api.deleteNamespacedCustomObject({ ...RECORDS, name: "late" });
    await saw(seen, "delete late");
    await restart();
    await api.createNamespacedCustomObject({ ...RECORDS, body: record("after") });
    await saw(seen, "add after");
    expect(namesOf(informer)).toEqual(["after", "early"]);
    expect(seen.filter((line) => line === "add early")).toHaveLength(1);
    await close();
  });

  it("starts anew after a store that forgot: its watch is told that the server never was so far", async () => {
    store = "memory";
    up = await product.up("--store", store);
    const { api, seen, config, close } = await watchRecords(product);
    for (let index = 0; index < 30; index++) {
      await api.createNamespacedCustomObject({ ...RECORDS, body: record(`r${index}`) });
    }
    await saw(seen, "add r29");
    await close();
    await restart();
    const events: unknown[] = [];
    const take = (phase: string, object: { readonly code?: number }) => void events.push({ phase, code: object.code });
    await new Watch(config).watch(PATH, { resourceVersion: "9999" }, take, () => undefined);
    // the library's informer hears only 410 here: whoever uses it makes a new one
    await eventually(
      () => events,
      (all) => all.length > 0,
    );
    expect(events).toEqual([{ phase: "ERROR", code: 504 }]);
    const next = await watchRecords(product);
    expect(namesOf(next.informer)).toEqual(["early"]);
    await next.close();
  });
});

/** An informer that is started again after errors, as its documentation demands, and what it told. */
async function watchRecords(product: Product) {
  const config = new KubeConfig();
  config.loadFromFile(join(product.directory, "kubeconfig"));
  const api = config.makeApiClient(CustomObjectsApi);
  const list = () => api.listNamespacedCustomObject(RECORDS) as Promise<KubernetesListObject<NameRecord>>;
  const informer = makeInformer<NameRecord>(config, PATH, list);
  const seen: string[] = [];
  let isStopped = false;
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb, (object) => void seen.push(`${verb} ${object.metadata?.name}`));
  }
  informer.on("error", (error: { readonly message?: string } | undefined) => {
    seen.push(`error ${error?.message}`);
    if (!isStopped) clock.schedule(200, () => void informer.start().catch(() => undefined));
  });
  await api.createNamespacedCustomObject({ ...RECORDS, body: record("early") });
  await informer.start();
  await saw(seen, "add early");
  return {
    api,
    config,
    informer,
    seen,
    async close() {
      isStopped = true;
      await informer.stop();
    },
  };
}

function namesOf(informer: { list(): readonly KubernetesObject[] }): readonly (string | undefined)[] {
  return informer
    .list()
    .map(({ metadata }) => metadata?.name)
    .sort();
}

function saw(seen: readonly string[], wanted: string): Promise<unknown> {
  return eventually(
    () => seen,
    (all) => all.includes(wanted),
  );
}

/** Deleted objects may wait for a finalizer a moment. */
function gone(read: () => Promise<unknown>): Promise<unknown> {
  return eventually(
    () =>
      read().then(
        () => 200,
        (error: { code?: number }) => error.code,
      ),
    (code) => code === 404,
  );
}
