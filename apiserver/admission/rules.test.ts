import { describe, expect, it } from "vitest";
import { SYSTEM_IDENTITY } from "../http/contract.js";
import { type ApiHarness, startHarness } from "../http/testing/api-harness.js";
import { GROUPS, group, MERGE } from "../http/testing/samples.js";

const API = "/apis/rackwright.dev/v1alpha1";
const OURS = "rackwright.dev/v1alpha1";
const task = (more: Readonly<Record<string, unknown>>) => ({ services: [{ name: "a", image: "x", ...more }] });

async function withRack(allow: readonly unknown[] | undefined, network?: unknown): Promise<ApiHarness> {
  const api = await startHarness();
  const spec = { safety: allow === undefined ? {} : { allow }, ...(network !== undefined && { network }) };
  const { status, body } = await api.call("POST", `${API}/racks`, {
    body: { apiVersion: OURS, kind: "Rack", metadata: { name: "default" }, spec },
  });
  expect(status, body.message).toBe(201);
  return api;
}

const RIGHTS = [
  {
    title: "privileged",
    spec: task({ privileged: true }),
    allow: { privileged: true },
    field: "spec.services[0].privileged",
  },
  {
    title: "docker parameters",
    spec: task({ dockerParameters: [{ key: "a", value: "b" }] }),
    allow: { dockerParameters: true },
    field: "spec.services[0].dockerParameters",
  },
  { title: "a user", spec: task({ user: "root" }), allow: { users: ["root"] }, field: "spec.services[0].user" },
  {
    title: "a host path",
    spec: task({ volumes: [{ hostPath: "/data/x", containerPath: "/x" }] }),
    allow: { hostPaths: ["/data"] },
    field: "spec.services[0].volumes[0].hostPath",
  },
  {
    title: "a file of the node",
    spec: task({ fetch: [{ uri: "http://h/a" }, { uri: "file:///data/x" }] }),
    allow: { hostPaths: ["/data"] },
    field: "spec.services[0].fetch[1].uri",
  },
  {
    title: "a file that only a variable knows",
    spec: task({ fetch: [{ uri: "$(URL)" }] }),
    allow: { hostPaths: ["/"] },
    field: "spec.services[0].fetch[0].uri",
  },
  {
    title: "an executor",
    spec: task({ containerizer: "Mesos", executor: { name: "e", command: "e" } }),
    allow: { executors: true },
    field: "spec.services[0].executor",
  },
  {
    title: "a file for an executor",
    spec: task({
      containerizer: "Mesos",
      executor: { name: "e", command: "e", fetch: [{ uri: "FILE:///data/x" }] },
    }),
    allow: { executors: true, hostPaths: ["/data"] },
    field: "spec.services[0].executor.fetch[0].uri",
  },
  {
    title: "privileges of an attached task",
    spec: task({ attached: [{ name: "b", image: "x", privileged: true }] }),
    allow: { privileged: true },
    field: "spec.services[0].attached[0].privileged",
  },
  {
    title: "a file for an attached task",
    spec: task({ attached: [{ name: "b", image: "x", fetch: [{ uri: "file:///data" }] }] }),
    allow: { hostPaths: ["/data"] },
    field: "spec.services[0].attached[0].fetch[0].uri",
  },
];

describe("rights that a Rack grants by namespace", () => {
  it.each(RIGHTS)(
    "$title: refused without a Rack, without a grant and to other namespaces",
    async ({ spec, allow, field }) => {
      const servers = [
        await startHarness(),
        await withRack(undefined),
        await withRack([{ namespaces: ["other"], ...allow }]),
      ];
      for (const api of servers) {
        const { status, body } = await api.call("POST", GROUPS, { body: group("x", {}, spec) });
        expect(status).toBe(422);
        expect(body.details.causes).toContainEqual(expect.objectContaining({ reason: "FieldValueForbidden", field }));
      }
    },
  );

  it.each(RIGHTS)("$title: allowed where granted, and no obstacle once it is taken away", async ({ spec, allow }) => {
    const api = await withRack([{ namespaces: ["default"], ...allow }]);
    const created = await api.call("POST", GROUPS, { body: group("x", { finalizers: ["a.dev/b"] }, spec) });
    expect(created.status, created.body.message).toBe(201);
    await api.call("PATCH", `${API}/racks/default`, { body: { spec: { safety: { allow: null } } }, type: MERGE });
    expect(
      (await api.call("PATCH", `${GROUPS}/x`, { body: { metadata: { finalizers: null } }, type: MERGE })).status,
    ).toBe(200);
    expect((await api.call("PATCH", `${GROUPS}/x`, { body: { spec: { replicas: 2 } }, type: MERGE })).status).toBe(422);
  });

  it.each(["/database", "/etc", "/data/../etc"])("the grant of /data does not reach %s", async (hostPath) => {
    const api = await withRack([{ namespaces: ["default"], hostPaths: ["/data"] }]);
    const { status } = await api.call("POST", GROUPS, {
      body: group("x", {}, task({ volumes: [{ hostPath, containerPath: "/x" }] })),
    });
    expect(status).toBe(422);
  });
});

describe("management prefixes", () => {
  const route = (prefix: string) => ({
    apiVersion: OURS,
    kind: "Route",
    metadata: { name: "r" },
    spec: { prefix, nextHops: [{ address: "10.0.0.1" }] },
  });

  it.each([
    ["10.9.0.0/16", 422],
    ["10.9.1.4/32", 422],
    ["10.8.1.4/32", 201],
  ])("a Route to %s is answered with %i", async (prefix, code) => {
    const api = await withRack(undefined, { managementPrefixes: ["10.9.0.0/16"] });
    const { status, body } = await api.call("POST", `${API}/namespaces/default/routes`, { body: route(prefix) });
    expect(status, body.message).toBe(code);
  });
});

describe("management prefixes and anycast", () => {
  const path = `${API}/namespaces/default/servicegroups`;
  const group = (anycast?: string) => ({
    apiVersion: OURS,
    kind: "ServiceGroup",
    metadata: { name: "g" },
    spec: { services: [{ name: "web", shell: "x", network: { mode: "Host", ...(anycast && { anycast }) } }] },
  });

  it.each([
    ["10.9.1.4/32", 422],
    ["10.8.1.4/32", 201],
  ])("a group with anycast %s is answered with %i", async (prefix, code) => {
    const api = await withRack(undefined, { managementPrefixes: ["10.9.0.0/16"] });
    const { status, body } = await api.call("POST", path, { body: group(prefix) });
    expect(status, body.message).toBe(code);
  });

  it("a group that has such a prefix already may be suspended, and may not get another one", async () => {
    const api = await withRack(undefined, { managementPrefixes: [] });
    await api.call("POST", path, { body: group("10.9.1.4/32") });
    const type = "application/merge-patch+json";
    const patch = (url: string, body: object) => api.call("PATCH", url, { body, headers: { "content-type": type } });
    const managed = { spec: { network: { managementPrefixes: ["10.9.0.0/16"] } } };
    expect((await patch(`${API}/racks/default`, managed)).status).toBe(200);
    expect((await patch(`${path}/g`, { spec: { suspend: true } })).status).toBe(200);
    const other = group("10.9.1.5/32").spec;
    expect((await patch(`${path}/g`, { spec: other })).status).toBe(422);
  });
});

describe("sizes that a policy decides", () => {
  const policy = (mode: string, service?: string) => ({
    apiVersion: OURS,
    kind: "ScalingPolicy",
    metadata: { name: "p" },
    spec: {
      mode,
      minReplicas: 1,
      maxReplicas: 5,
      scaleTargetRef: { kind: "ServiceGroup", name: "x", ...(service && { service }) },
    },
  });

  it.each([
    { title: "of the group", policy: policy("Active"), patch: { replicas: 3 }, isWarned: true },
    { title: "of a service", policy: policy("Active", "a"), patch: { scale: { a: 3 } }, isWarned: true },
    { title: "of another service", policy: policy("Active", "b"), patch: { scale: { a: 3 } }, isWarned: false },
    { title: "under a paused policy", policy: policy("Paused"), patch: { replicas: 3 }, isWarned: false },
    { title: "that do not change", policy: policy("Active"), patch: { suspend: true }, isWarned: false },
  ])("$title: a write is accepted, with a warning: $isWarned", async ({ policy: body, patch, isWarned }) => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x") });
    const made = await api.call("POST", `${API}/namespaces/default/scalingpolicies`, { body });
    expect(made.status, made.body.message).toBe(201);
    const write = (manager: string, spec: unknown) =>
      api.call("PATCH", `${GROUPS}/x?fieldManager=${manager}&dryRun=All`, { body: { spec }, type: MERGE });
    const byPerson = await write("kubectl", patch);
    expect(byPerson.status).toBe(200);
    expect(byPerson.headers.warning?.includes('ScalingPolicy \\"p\\"') ?? false).toBe(isWarned);
    expect((await write("scaling-policy", patch)).headers.warning).toBeUndefined();
  });

  it("are warned of through the scale subresource too", async () => {
    const api = await startHarness();
    await api.call("POST", GROUPS, { body: group("x") });
    await api.call("POST", `${API}/namespaces/default/scalingpolicies`, { body: policy("Active") });
    const { headers } = await api.call("PATCH", `${GROUPS}/x/scale`, { body: { spec: { replicas: 4 } }, type: MERGE });
    expect(headers.warning).toContain("ScalingPolicy");
  });
});

describe("overrides of the disruption budget", () => {
  const body = {
    apiVersion: OURS,
    kind: "DisruptionOverride",
    metadata: { name: "o" },
    spec: { classes: ["tasks"], maxRemovals: 1, reason: "test", expires: "2026-01-01T00:30:00Z" },
  };

  it("are made by people, not by controllers", async () => {
    const api = await startHarness();
    const url = `${API}/disruptionoverrides`;
    const controllers = [SYSTEM_IDENTITY, { user: "c", groups: ["system:masters", "system:rackwright-controllers"] }];
    for (const identity of controllers) {
      expect((await api.call("POST", url, { body, identity })).body).toMatchObject({
        code: 403,
        message: expect.stringContaining("controllers may not"),
      });
    }
    const made = await api.call("POST", url, { body });
    expect(made.status, made.body.message).toBe(201);
    const counted = await api.call("PATCH", `${url}/o/status`, {
      body: { status: { removals: 1 } },
      type: MERGE,
      identity: SYSTEM_IDENTITY,
    });
    expect(counted.status).toBe(200);
  });
});

async function warningOf(api: ApiHarness, target: string, body: unknown): Promise<string> {
  const [method = "", url = ""] = target.split(" ");
  const isPatch = method === "PATCH";
  const answer = await api.call(method, url, { body, ...(isPatch && { headers: { "content-type": MERGE } }) });
  expect(answer.status, answer.body.message).toBeLessThan(300);
  return answer.headers.warning ?? "";
}

describe("names in a Rack", () => {
  const RACK = `${API}/racks/default`;
  const RECORDS = `${API}/namespaces/default/dnsrecords`;
  const builtin = { type: "Builtin", builtin: { listen: "127.0.0.1:5300" } };
  const withDns = async (dns: unknown) => {
    const api = await withRack(undefined);
    await warningOf(api, `PATCH ${RACK}`, { spec: { dns } });
    return api;
  };
  const consul = { domain: "a", consul: { address: "http://10.0.0.1:8500" } };
  const record = (ttlSeconds: number, metadata: object = {}) => ({
    apiVersion: OURS,
    kind: "DnsRecord",
    metadata: { name: "r", ...metadata },
    spec: { name: "r", targets: [{ id: "one", address: "10.0.0.1" }], ttlSeconds },
  });

  it("that Consul answers have its time to live: who asks for another one is told so, once", async () => {
    const api = await withDns(consul);
    const spec = { ...task({ dns: { ttlSeconds: 5 } }), rackName: "default" };
    expect(await warningOf(api, `POST ${GROUPS}`, group("x", {}, spec))).toContain(
      'spec.services[0].dns.ttlSeconds: 5 is not applied: Rack \\"default\\" publishes names in Consul',
    );
    expect(await warningOf(api, `PATCH ${GROUPS}/x`, { spec: { replicas: 2 } })).toBe("");
    expect(await warningOf(api, `POST ${RECORDS}`, record(5))).toContain("spec.ttlSeconds: 5 is not applied");
    expect(await warningOf(api, `PATCH ${RECORDS}/r`, { spec: { ttlSeconds: 6 } })).toContain("6 is not applied");
  });

  it("have their own time to live in the built-in server", async () => {
    const api = await withDns({ ...consul, ...builtin });
    expect(await warningOf(api, `POST ${RECORDS}`, record(5))).toBe("");
  });

  it("leave something behind when they move, which is told", async () => {
    const api = await withDns(consul);
    expect(await warningOf(api, `PATCH ${RACK}`, { spec: { dns: builtin } })).toContain("node rackwright-default");
    expect(await warningOf(api, `PATCH ${RACK}`, { spec: { dns: { ttlSeconds: 5 } } })).toBe("");
    expect(await warningOf(api, `PATCH ${RACK}`, { spec: { dns: { type: "Consul" } } })).toContain(
      "the name server at 127.0.0.1:5300 stops answering",
    );
  });
});

describe("a Rack that is not stored", () => {
  const GROUP_SPEC = { ...task({}), rackName: "default" };

  it("is warned of when an object names it, and not again", async () => {
    const api = await startHarness();
    const warning = await warningOf(api, `POST ${GROUPS}`, group("x", {}, GROUP_SPEC));
    expect(warning).toContain('spec.rackName: there is no Rack \\"default\\"; nothing happens until it is created');
    expect(await warningOf(api, `PATCH ${GROUPS}/x`, { spec: { replicas: 2 } })).toBe("");
    expect(await warningOf(api, `PATCH ${GROUPS}/x`, { spec: { rackName: "other" } })).toContain("other");
  });

  it("is no matter once it is stored", async () => {
    const api = await withRack(undefined);
    expect(await warningOf(api, `POST ${GROUPS}`, group("x", {}, GROUP_SPEC))).toBe("");
  });
});
