import { describe, expect, it } from "vitest";
import { startHarness } from "./api-harness.js";
import { APPLY, CONFIG_MAPS, configMap, GROUPS, group, JSON_PATCH, MERGE, STRATEGIC } from "./samples.js";

describe("writes", () => {
  it("set what only the server sets, and ignore what a client says of it", async () => {
    const api = await startHarness();
    const sent = group("x", { uid: "mine", generation: 9, creationTimestamp: "2000-01-01T00:00:00Z", selfLink: "/x" });
    const { status, body } = await api.call("POST", GROUPS, { body: { ...sent, status: { replicas: 7 } } });
    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({
      namespace: "default",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.selfLink).toBeUndefined();
    expect(body.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
    expect(body.status).toBeUndefined();
    expect(body.metadata.managedFields[0]).toMatchObject({ manager: "test", operation: "Update" });
  });

  it("complete a generated name, and accept YAML", async () => {
    const api = await startHarness();
    const raw =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: gen-\ndata:\n  when: 2026-01-01\n  on: 'yes'\n";
    const { status, body } = await api.call("POST", CONFIG_MAPS, { raw, type: "application/yaml" });
    expect(status).toBe(201);
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(body.data.when).toBe("2026-01-01");
  });

  it("of core kinds may leave out what the URL says", async () => {
    const api = await startHarness();
    const { status, body } = await api.call("POST", CONFIG_MAPS, { body: { metadata: { name: "x" } } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("count generations only for what is desired", async () => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x") });
    const patch = async (body: unknown, subresource = "") =>
      (await api.call("PATCH", `${GROUPS}/x${subresource}`, { body, type: MERGE })).body.metadata.generation;
    expect(await patch({ metadata: { labels: { a: "b" } } })).toBe(1);
    expect(await patch({ metadata: { finalizers: ["x.dev/y"] } })).toBe(1);
    expect(await patch({ status: { observedGeneration: 1 } }, "/status")).toBe(1);
    expect(await patch({ spec: { replicas: 2 } })).toBe(2);
    expect((await api.call("DELETE", `${GROUPS}/x`)).body.metadata).toMatchObject({
      generation: 3,
      deletionGracePeriodSeconds: 0,
    });
  });

  it("change nothing when nothing changes, by whichever door", async () => {
    const api = await startHarness();
    const { body } = await api.call("POST", GROUPS, { body: group("x") });
    await api.call("PATCH", `${GROUPS}/x?fieldManager=m`, { body: group("x"), type: APPLY });
    const first = (await api.call("GET", `${GROUPS}/x`)).body;
    await api.clock.advance(5000);
    const watch = await api.watch(`${GROUPS}?watch=1&resourceVersion=${first.metadata.resourceVersion}`);
    const doors = [
      await api.call("PUT", `${GROUPS}/x`, { body: first }),
      await api.call("PATCH", `${GROUPS}/x`, { body: { spec: body.spec }, type: MERGE }),
      await api.call("PATCH", `${GROUPS}/x`, {
        body: [{ op: "replace", path: "/spec/replicas", value: 1 }],
        type: JSON_PATCH,
      }),
      await api.call("PATCH", `${GROUPS}/x?fieldManager=m`, { body: group("x"), type: APPLY }),
      await api.call("PATCH", `${GROUPS}/x/status`, { body: { status: {} }, type: MERGE }),
    ];
    expect(doors.slice(0, 4).map(({ body: { metadata } }) => metadata.resourceVersion)).toEqual(
      Array(4).fill(first.metadata.resourceVersion),
    );
    expect((await watch.read()).filter((event) => event.object.status === undefined)).toEqual([]);
  });

  it("through /status change nothing but the status", async () => {
    const api = await startHarness();
    const { body } = await api.call("POST", GROUPS, { body: group("x") });
    const sent = {
      ...body,
      metadata: { ...body.metadata, labels: { a: "b" } },
      spec: { ...body.spec, replicas: 9 },
      status: { observedGeneration: 1 },
    };
    const put = await api.call("PUT", `${GROUPS}/x/status`, { body: sent });
    expect(put.body.status).toEqual({ observedGeneration: 1 });
    expect(put.body.spec).toEqual(body.spec);
    expect(put.body.metadata.labels).toBeUndefined();
    expect(put.body.metadata.managedFields.map((entry: { subresource?: string }) => entry.subresource)).toContain(
      "status",
    );
    const main = await api.call("PATCH", `${GROUPS}/x`, {
      body: { status: { observedGeneration: 5 }, spec: { replicas: 2 } },
      type: MERGE,
    });
    expect(main.body.status).toEqual({ observedGeneration: 1 });
    expect((await api.call("PUT", `${GROUPS}/x/status`, { body: sent })).status).toBe(409);
  });

  it("through /scale change the size, under the parent's rules", async () => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x") });
    const scale = await api.call("GET", `${GROUPS}/x/scale`);
    expect(scale.body).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 1 },
      status: { replicas: 0 },
    });
    const patched = await api.call("PATCH", `${GROUPS}/x/scale`, { body: { spec: { replicas: 3 } }, type: MERGE });
    expect(patched.body.spec).toEqual({ replicas: 3 });
    const put = await api.call("PUT", `${GROUPS}/x/scale`, {
      body: { ...scale.body, metadata: { name: "x" }, spec: { replicas: 4 } },
    });
    expect(put.body.spec.replicas).toBe(4);
    expect((await api.call("PUT", `${GROUPS}/x/scale`, { body: scale.body })).body.reason).toBe("Conflict");
    expect(
      (await api.call("PATCH", `${GROUPS}/x/scale`, { body: { spec: { replicas: -1 } }, type: MERGE })).body.reason,
    ).toBe("Invalid");
    const { body } = await api.call("GET", `${GROUPS}/x`);
    expect(body.spec.replicas).toBe(4);
    expect(body.metadata.managedFields.map((entry: { subresource?: string }) => entry.subresource)).toContain("scale");
  });

  it("of merge patches all succeed when they race", async () => {
    const api = await startHarness();
    await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    const patches = Array.from({ length: 20 }, (_, index) =>
      api.call("PATCH", `${CONFIG_MAPS}/x`, { body: { data: { [`k${index}`]: "v" } }, type: MERGE }),
    );
    expect((await Promise.all(patches)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(Object.keys((await api.call("GET", `${CONFIG_MAPS}/x`)).body.data)).toHaveLength(21);
  });

  it("merge core kinds strategically, and replace them without a version", async () => {
    const api = await startHarness();
    await api.call("POST", CONFIG_MAPS, { body: configMap("x", { finalizers: ["a.dev/a"] }) });
    const patched = await api.call("PATCH", `${CONFIG_MAPS}/x`, {
      body: { metadata: { finalizers: ["b.dev/b"] } },
      type: STRATEGIC,
    });
    expect([...patched.body.metadata.finalizers].sort()).toEqual(["a.dev/a", "b.dev/b"]);
    expect((await api.call("PUT", `${CONFIG_MAPS}/x`, { body: configMap("x", {}, { z: "1" }) })).body.data).toEqual({
      z: "1",
    });
  });

  it("apply: create with 201, own fields, refuse conflicts, yield to force", async () => {
    const api = await startHarness();
    const url = (manager: string, more = "") => `${GROUPS}/x?fieldManager=${manager}${more}`;
    const created = await api.call("PATCH", url("one"), { body: group("x", {}, { replicas: 2 }), type: APPLY });
    expect(created.status).toBe(201);
    const other = { body: group("x", {}, { replicas: 3, services: [] }), type: APPLY };
    const refused = await api.call("PATCH", url("two"), {
      body: { ...other.body, spec: { replicas: 3 } },
      type: APPLY,
    });
    expect(refused.body).toMatchObject({
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.replicas" }] },
    });
    const forced = await api.call("PATCH", url("two", "&force=true"), {
      body: { ...other.body, spec: { replicas: 3 } },
      type: APPLY,
    });
    expect(forced.status).toBe(200);
    expect(forced.body.spec.replicas).toBe(3);
    const status = await api.call("PATCH", `${GROUPS}/x/status?fieldManager=loop&force=true`, {
      body: {
        apiVersion: "rackwright.dev/v1alpha1",
        kind: "ServiceGroup",
        metadata: { name: "x", labels: { a: "b" } },
        spec: { replicas: 9 },
        status: { observedGeneration: 1 },
      },
      type: APPLY,
    });
    expect(status.body).toMatchObject({ spec: { replicas: 3 }, status: { observedGeneration: 1 } });
    expect(status.body.metadata.labels).toBeUndefined();
    expect(
      (await api.call("PATCH", `${GROUPS}/absent/status?fieldManager=loop`, { body: group("absent"), type: APPLY }))
        .status,
    ).toBe(404);
  });

  it("honour managed fields that a client migrates, and keep those it leaves out", async () => {
    const api = await startHarness();
    const { body } = await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    const kept = await api.call("PUT", `${CONFIG_MAPS}/x`, { body: configMap("x", { labels: { a: "b" } }) });
    expect(kept.body.metadata.managedFields).toBeDefined();
    const renamed = body.metadata.managedFields.map((entry: object) => ({ ...entry, manager: "renamed" }));
    const migrated = await api.call("PATCH", `${CONFIG_MAPS}/x`, {
      body: [{ op: "replace", path: "/metadata/managedFields", value: renamed }],
      type: JSON_PATCH,
    });
    expect(migrated.body.metadata.managedFields[0].manager).toBe("renamed");
  });

  it.each(["POST", "PUT", "PATCH", "DELETE", "APPLY"])(
    "as a dry run of %s store nothing and tell what would be",
    async (verb) => {
      const api = await startHarness();
      const { body } = await api.call("POST", GROUPS, { body: group("x") });
      const before = await api.store.current();
      const next = group("x", { resourceVersion: body.metadata.resourceVersion }, { replicas: 5 });
      const calls = {
        POST: () => api.call("POST", `${GROUPS}?dryRun=All`, { body: group("new", {}, { replicas: 5 }) }),
        PUT: () => api.call("PUT", `${GROUPS}/x?dryRun=All`, { body: next }),
        PATCH: () => api.call("PATCH", `${GROUPS}/x?dryRun=All`, { body: { spec: { replicas: 5 } }, type: MERGE }),
        APPLY: () =>
          api.call("PATCH", `${GROUPS}/new?dryRun=All&fieldManager=m`, {
            body: group("new", {}, { replicas: 5 }),
            type: APPLY,
          }),
        DELETE: () => api.call("DELETE", `${GROUPS}/x`, { body: { dryRun: ["All"] } }),
      };
      const answer = await calls[verb as keyof typeof calls]();
      expect(answer.status).toBeLessThan(300);
      expect(await api.store.current()).toBe(before);
      if (verb !== "DELETE") expect(answer.body.spec.replicas).toBe(5);
      if (verb === "POST" || verb === "APPLY") expect(answer.body.metadata.resourceVersion).toBeUndefined();
      if (verb === "PUT" || verb === "PATCH")
        expect(answer.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
    },
  );

  it("warn of unknown fields by default, and stay silent when told to", async () => {
    const api = await startHarness();
    const body = group("x", {}, { bar: 1 });
    const warned = await api.call("POST", `${GROUPS}?dryRun=All`, { body });
    expect(warned.headers.warning).toMatch(/^299 - "unknown field \\"spec.bar\\""/);
    expect(warned.body.spec.bar).toBeUndefined();
    expect((await api.call("POST", `${GROUPS}?fieldValidation=Ignore`, { body })).headers.warning).not.toContain(
      "spec.bar",
    );
  });

  it.each([
    ["an overridden number of instances", { services: [{ name: "a", command: ["x"], instances: 0 }] }, true],
    ["the number that counts already", { services: [{ name: "a", command: ["x"], instances: 3 }] }, false],
    ["the number that counts", { scale: { a: 4 } }, false],
    ["something else", { suspend: true }, false],
  ])("warn of %s", async (_, spec, isWarned) => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x", {}, { scale: { a: 3 } }) });
    const { status, headers } = await api.call("PATCH", `${GROUPS}/x`, { body: { spec }, type: MERGE });
    expect(status).toBe(200);
    const warning = "spec.services[0].instances: 0 changes nothing while spec.scale.a is 3";
    expect(headers.warning?.includes(warning) ?? false).toBe(isWarned);
  });
});
