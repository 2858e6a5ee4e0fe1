import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { virtualClock } from "../../../platform/virtual-clock.js";
import { startHarness } from "../../http/testing/api-harness.js";
import { CONFIG_MAPS, configMap, GROUPS, group } from "../../http/testing/samples.js";
import { memoryStore } from "../../storage/memory.js";

const key = (name: string) => `core/configmaps/default/${name}`;

describe("stored values that nobody should have written", () => {
  it("hide neither the others nor the changes that follow", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const texts = [
      "",
      "{",
      "null",
      "[]",
      "1",
      '"x"',
      "{}",
      '{"metadata":null}',
      '{"metadata":[]}',
      '{"metadata":{"labels":7},"data":5}',
    ];
    for (const [index, text] of texts.entries())
      await store.write({ type: "create", key: key(`bad${index}`), value: Buffer.from(text) });
    await store.write({ type: "create", key: "core/configmaps/strange", value: Buffer.from("{}") });
    await store.write({ type: "create", key: "nobody/knows/this/one", value: Buffer.from("{}") });
    await store.write({
      type: "create",
      key: key("good"),
      value: Buffer.from(JSON.stringify(configMap("other-name"))),
    });
    const api = await startHarness({ clock, store });
    const { status, body } = await api.call("GET", CONFIG_MAPS);
    expect(status).toBe(200);
    expect(body.items).toContainEqual(
      expect.objectContaining({
        data: { a: "1" },
        metadata: expect.objectContaining({ name: "good", namespace: "default" }),
      }),
    );
    const watch = await api.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    await store.write({ type: "create", key: key("late"), value: Buffer.from("garbage") });
    await api.call("POST", CONFIG_MAPS, { body: configMap("after") });
    expect((await watch.read()).map(({ object }) => object.metadata.name)).toEqual(["after"]);
    expect((await api.call("PUT", `${CONFIG_MAPS}/late`, { body: configMap("late") })).status).toBe(500);
    expect((await api.call("DELETE", `${CONFIG_MAPS}/late`)).status).toBe(200);
    expect((await api.call("POST", CONFIG_MAPS, { body: configMap("late") })).status).toBe(201);
  });

  it("are pruned and defaulted by today's schema", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const old = { ...group("x"), spec: { ...group("x").spec, retired: true, suspend: null } };
    await store.write({
      type: "create",
      key: "rackwright.dev/servicegroups/default/x",
      value: Buffer.from(JSON.stringify(old)),
    });
    const api = await startHarness({ clock, store });
    const { body } = await api.call("GET", `${GROUPS}/x`);
    expect(body.spec).toMatchObject({ replicas: 1, suspend: false, rackName: "default" });
    expect(body.spec.retired).toBeUndefined();
  });

  it("never stop the server, whatever JSON they hold", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const api = await startHarness({ clock, store });
    await api.call("POST", GROUPS, { body: group("good") });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        const bytes = Buffer.from(JSON.stringify({ metadata: value, spec: value, status: value }));
        await store.write({ type: "create", key: `rackwright.dev/servicegroups/default/h${count++}`, value: bytes });
        const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        const list = await api.call("GET", `${GROUPS}?labelSelector=!none`, { headers: { accept } });
        expect(list.status, JSON.stringify(list.body)).toBe(200);
        expect((await api.call("GET", `${GROUPS}/good`)).status).toBe(200);
      }),
      { numRuns: 60 },
    );
  });

  it("in ten thousand mutations leave every sound object served", async () => {
    const clock = virtualClock();
    const store = memoryStore({ clock });
    const sound = JSON.stringify(group("sound"));
    const cuts = fc.sample(
      fc.tuple(fc.nat(sound.length - 1), fc.constantFrom("", "null", "{", "7", '"', "[]", "\u0000")),
      { numRuns: 10_000, seed: 1 },
    );
    for (const [index, [at, text]] of cuts.entries()) {
      const value = Buffer.from(sound.slice(0, at) + text + sound.slice(at + 1));
      await store.write({ type: "create", key: `rackwright.dev/servicegroups/default/m${index}`, value });
    }
    await store.write({ type: "create", key: "rackwright.dev/servicegroups/default/sound", value: Buffer.from(sound) });
    const api = await startHarness({ clock, store });
    expect((await api.call("GET", `${GROUPS}/sound`)).body.spec.replicas).toBe(1);
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    expect((await api.call("GET", GROUPS, { headers: { accept } })).status).toBe(200);
    expect((await api.call("GET", GROUPS)).body.items.length).toBeGreaterThan(1);
  });
});
