import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { memoryStore } from "../../storage/memory.js";
import { type ApiHarness, startHarness } from "./api-harness.js";
import { CONFIG_MAPS, configMap, MERGE } from "./samples.js";

const names = (body: { items: { metadata: { name: string } }[] }) => body.items.map(({ metadata }) => metadata.name);

async function withMaps(count: number): Promise<ApiHarness> {
  const api = await startHarness();
  for (let index = 0; index < count; index++) {
    const labels = { parity: index % 2 === 0 ? "even" : "odd", ...(index === 3 && { special: "" }) };
    await api.call("POST", CONFIG_MAPS, { body: configMap(`m${index}`, { labels }) });
  }
  return api;
}

describe("lists", () => {
  it("are of the store's version, not of the newest item's", async () => {
    const api = await withMaps(2);
    const { body } = await api.call("GET", CONFIG_MAPS);
    expect(body).toMatchObject({
      kind: "ConfigMapList",
      apiVersion: "v1",
      metadata: { resourceVersion: String(await api.store.current()) },
    });
    expect(names(body)).toEqual(["m0", "m1"]);
    const empty = await api.call("GET", "/api/v1/namespaces/kube-system/configmaps");
    expect(empty.body.items).toEqual([]);
    expect(empty.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it("give pages of one snapshot, whatever happens between", async () => {
    const api = await withMaps(5);
    const first = await api.call("GET", `${CONFIG_MAPS}?limit=2`);
    expect(names(first.body)).toEqual(["m0", "m1"]);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await api.call("DELETE", `${CONFIG_MAPS}/m3`);
    await api.call("POST", CONFIG_MAPS, { body: configMap("m25") });
    const second = await api.call("GET", `${CONFIG_MAPS}?limit=2&continue=${first.body.metadata.continue}`);
    const third = await api.call("GET", `${CONFIG_MAPS}?limit=2&continue=${second.body.metadata.continue}`);
    expect([...names(second.body), ...names(third.body)]).toEqual(["m2", "m3", "m4"]);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect(third.body.metadata.continue).toBeUndefined();
  });

  it("page over selected items only", async () => {
    const api = await withMaps(9);
    const first = await api.call("GET", `${CONFIG_MAPS}?limit=3&labelSelector=parity%3Deven`);
    await api.call("DELETE", `${CONFIG_MAPS}/m8`);
    const second = await api.call(
      "GET",
      `${CONFIG_MAPS}?limit=3&labelSelector=parity%3Deven&continue=${first.body.metadata.continue}`,
    );
    expect([...names(first.body), ...names(second.body)]).toEqual(["m0", "m2", "m4", "m6", "m8"]);
    expect(second.body.metadata.continue).toBeUndefined();
    expect(first.body.metadata.remainingItemCount).toBeUndefined();
  });

  it("say 410 Expired for versions whose history is gone", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock, history: { ageMs: 0, revisions: 1 } });
    const api = await startHarness({ clock, store });
    for (const name of ["a", "b", "c"]) await api.call("POST", CONFIG_MAPS, { body: configMap(name) });
    const first = await api.call("GET", `${CONFIG_MAPS}?limit=1`);
    await clock.advance(600_000);
    for (let round = 0; round < 5; round++) {
      await api.call("PATCH", `${CONFIG_MAPS}/a`, { body: { data: { round: String(round) } }, type: MERGE });
      await clock.advance(600_000);
    }
    const next = await api.call("GET", `${CONFIG_MAPS}?limit=1&continue=${first.body.metadata.continue}`);
    expect(next.body).toMatchObject({
      code: 410,
      reason: "Expired",
      message: "The resourceVersion for the provided list is too old.",
    });
  });

  it("of an exact or minimal version hold what they say", async () => {
    const api = await withMaps(2);
    const before = await api.store.current();
    await api.call("DELETE", `${CONFIG_MAPS}/m0`);
    const exact = await api.call("GET", `${CONFIG_MAPS}?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect(names(exact.body)).toEqual(["m0", "m1"]);
    expect(exact.body.metadata.resourceVersion).toBe(String(before));
    expect(names((await api.call("GET", `${CONFIG_MAPS}?resourceVersion=${before}`)).body)).toEqual(["m1"]);
    expect(names((await api.call("GET", `${CONFIG_MAPS}?resourceVersion=0&limit=1`)).body)).toEqual(["m1"]);
  });

  it("of a future version say 504 with Retry-After, once it did not come", async () => {
    const api = await withMaps(1);
    const asked = api.call("GET", `${CONFIG_MAPS}?resourceVersion=999`);
    await api.clock.advance(10_000);
    const { status, headers, body } = await asked;
    expect(status).toBe(504);
    expect(headers["retry-after"]).toBe("1");
    expect(body.message).toMatch(/^Timeout: Too large resource version: 999, current: \d+$/);
    expect(body.details.causes[0].reason).toBe("ResourceVersionTooLarge");
  });

  it.each([
    ["parity=even", ["m0", "m2", "m4"]],
    ["parity==odd", ["m1", "m3"]],
    ["parity!=even", ["m1", "m3"]],
    ["missing!=x", ["m0", "m1", "m2", "m3", "m4"]],
    ["parity in (even,odd),special", ["m3"]],
    ["parity notin (even)", ["m1", "m3"]],
    ["!special", ["m0", "m1", "m2", "m4"]],
    ["special=", ["m3"]],
    ["parity in (even), !special", ["m0", "m2", "m4"]],
  ])("select by labels %s", async (selector, expected) => {
    const api = await withMaps(5);
    const { body } = await api.call("GET", `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(selector)}`);
    expect(names(body)).toEqual(expected);
  });

  it.each([
    ["metadata.name=m1", ["m1"]],
    ["metadata.name!=m1", ["m0", "m2"]],
    ["metadata.namespace=default,metadata.name==m2", ["m2"]],
    ["metadata.namespace=other", []],
  ])("select by fields %s", async (selector, expected) => {
    const api = await withMaps(3);
    const { body } = await api.call("GET", `/api/v1/configmaps?fieldSelector=${encodeURIComponent(selector)}`);
    expect(names(body)).toEqual(expected);
  });
});

describe("forms of an answer", () => {
  const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

  it("are a Table where one is asked for, with metadata, the object or nothing beside the cells", async () => {
    const api = await withMaps(2);
    const { body } = await api.call("GET", CONFIG_MAPS, { headers: { accept: TABLE } });
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(body.rows[0].cells.slice(0, 2)).toEqual(["m0", 1]);
    expect(body.rows[0].object.kind).toBe("PartialObjectMetadata");
    const whole = await api.call("GET", `${CONFIG_MAPS}?includeObject=Object`, { headers: { accept: TABLE } });
    expect(whole.body.rows[0].object.data).toEqual({ a: "1" });
    const one = await api.call("GET", `${CONFIG_MAPS}/m0`, { headers: { accept: TABLE } });
    expect(one.body.rows).toHaveLength(1);
    expect((await api.call("GET", `${CONFIG_MAPS}/x`, { headers: { accept: TABLE } })).body.kind).toBe("Status");
  });

  it("are partial metadata, YAML or JSON by the Accept header", async () => {
    const api = await withMaps(1);
    const partial = await api.call("GET", CONFIG_MAPS, {
      headers: { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
    });
    expect(partial.body).toMatchObject({
      kind: "PartialObjectMetadataList",
      items: [{ kind: "PartialObjectMetadata", metadata: { name: "m0" } }],
    });
    expect(partial.body.items[0].data).toBeUndefined();
    const yaml = await api.call("GET", `${CONFIG_MAPS}/m0`, { headers: { accept: "application/yaml" } });
    expect(yaml.headers["content-type"]).toBe("application/yaml");
    expect(yaml.body).toContain("kind: ConfigMap");
    expect((await api.call("GET", CONFIG_MAPS, { headers: { accept: "*/*" } })).body.kind).toBe("ConfigMapList");
  });
});
