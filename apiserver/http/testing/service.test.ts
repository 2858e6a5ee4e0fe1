import { describe, expect, it } from "vitest";
import type { Identity } from "../contract.js";
import { startHarness } from "./api-harness.js";
import { CONFIG_MAPS, configMap, GROUPS, group } from "./samples.js";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const USER: Identity = { user: "jane", groups: ["devs"] };

describe("discovery", () => {
  it("is plain for old clients", async () => {
    const api = await startHarness();
    expect((await api.call("GET", "/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const groups = (await api.call("GET", "/apis")).body;
    expect(groups.kind).toBe("APIGroupList");
    expect(groups.groups.map(({ name }: { name: string }) => name)).toContain("rackwright.dev");
    expect((await api.call("GET", "/apis/rackwright.dev")).body).toMatchObject({
      kind: "APIGroup",
      preferredVersion: { groupVersion: "rackwright.dev/v1alpha1" },
    });
    const { body } = await api.call("GET", "/apis/rackwright.dev/v1alpha1");
    const listed = body.resources.map(({ name }: { name: string }) => name);
    expect(listed.indexOf("servicegroups")).toBeLessThan(listed.indexOf("servicegroups/status"));
    expect(body.resources.find(({ name }: { name: string }) => name === "servicegroups/scale")).toMatchObject({
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
    });
  });

  it("is aggregated for those who ask, and repeats the parameters in its type", async () => {
    const api = await startHarness();
    const accept = `${AGGREGATED},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;
    const { headers, body } = await api.call("GET", "/apis", { headers: { accept } });
    expect(headers["content-type"]).toBe(AGGREGATED);
    expect(body).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    const ours = body.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === "rackwright.dev");
    const groupResource = ours.versions[0].resources.find(
      ({ resource }: { resource: string }) => resource === "servicegroups",
    );
    expect(groupResource).toMatchObject({
      scope: "Namespaced",
      shortNames: ["sg"],
      categories: ["rackwright", "all"],
      responseKind: { kind: "ServiceGroup" },
    });
    const core = await api.call("GET", "/api", { headers: { accept } });
    expect(core.body.items).toHaveLength(1);
    expect(core.body.items[0].metadata.name).toBeUndefined();
  });

  it("advertises only verbs that work: every listed resource can be listed and watched", async () => {
    const api = await startHarness();
    const { body } = await api.call("GET", "/apis");
    const versions = [
      "/api/v1",
      ...body.groups.map(
        (entry: { preferredVersion: { groupVersion: string } }) => `/apis/${entry.preferredVersion.groupVersion}`,
      ),
    ];
    for (const version of versions) {
      const { resources } = (await api.call("GET", version)).body;
      for (const { name, verbs } of resources) {
        if (!verbs.includes("list")) continue;
        expect((await api.call("GET", `${version}/${name}`)).status, `${version}/${name}`).toBe(200);
        const watch = await api.watch(`${version}/${name}?watch=true`);
        expect(watch.status).toBe(200);
        await watch.close();
      }
    }
  });

  it("answers 304 to a client that has the answer", async () => {
    const api = await startHarness();
    const { headers } = await api.call("GET", "/apis");
    const again = await api.call("GET", "/apis", { headers: { "if-none-match": headers.etag ?? "" } });
    expect(again.status).toBe(304);
    expect(again.body).toBe("");
  });
});

describe("OpenAPI", () => {
  it("v3 leads from the index to a document by its hash", async () => {
    const api = await startHarness();
    const { body } = await api.call("GET", "/openapi/v3");
    const { serverRelativeURL } = body.paths["apis/rackwright.dev/v1alpha1"];
    const document = await api.call("GET", serverRelativeURL);
    expect(document.body.openapi).toMatch(/^3\./);
    expect(document.headers["cache-control"]).toContain("immutable");
    const other = await api.call("GET", `${serverRelativeURL.split("?")[0]}?hash=OLD`);
    expect(other).toMatchObject({ status: 301, headers: { location: serverRelativeURL } });
    expect((await api.call("GET", "/openapi/v3/apis/none/v1")).status).toBe(404);
  });

  it("v2 comes as JSON or protobuf by the Accept header", async () => {
    const api = await startHarness();
    expect((await api.call("GET", "/openapi/v2")).body.swagger).toBe("2.0");
    const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    const { headers } = await api.call("GET", "/openapi/v2", { headers: { accept } });
    expect(headers["content-type"]).toBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  });
});

describe("who may do what", () => {
  it("strangers may probe and ask the version, nothing else", async () => {
    const api = await startHarness();
    for (const url of ["/livez", "/readyz", "/healthz", "/version"]) {
      expect((await api.call("GET", url, { identity: undefined })).status, url).toBe(200);
    }
    for (const url of ["/api", "/apis", CONFIG_MAPS, "/metrics", "/openapi/v2"]) {
      expect((await api.call("GET", url, { identity: undefined })).body, url).toMatchObject({
        code: 401,
        message: "Unauthorized",
      });
    }
  });

  it("users may look around, and are told what they may not", async () => {
    const api = await startHarness();
    expect((await api.call("GET", "/apis", { identity: USER })).status).toBe(200);
    expect((await api.call("GET", `${CONFIG_MAPS}/x`, { identity: USER })).body.message).toBe(
      'configmaps "x" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "default"',
    );
    expect((await api.call("GET", "/apis/rackwright.dev/v1alpha1/racks", { identity: USER })).body.message).toBe(
      'racks.rackwright.dev is forbidden: User "jane" cannot list resource "racks" in API group "rackwright.dev" at the cluster scope',
    );
    expect((await api.call("GET", "/metrics", { identity: USER })).body.message).toBe(
      'forbidden: User "jane" cannot get path "/metrics"',
    );
  });

  it("impersonation is honoured for administrators and refused to others, never ignored", async () => {
    const api = await startHarness();
    const headers = { "impersonate-user": "jane" };
    expect((await api.call("GET", CONFIG_MAPS, { headers })).body).toMatchObject({
      code: 403,
      message: expect.stringContaining('User "jane"'),
    });
    expect((await api.call("GET", "/apis", { headers, identity: USER })).status).toBe(403);
  });

  it.each([
    ["admin", { user: "admin", groups: ["system:masters"] }, true],
    ["jane", USER, false],
  ])("reviews tell %s so", async (user, identity, allowed) => {
    const api = await startHarness();
    const ask = (group: string, kind: string) =>
      api.call("POST", `/apis/${group}/v1/${kind.toLowerCase()}s`, {
        identity,
        body: { apiVersion: `${group}/v1`, kind, spec: { resourceAttributes: { verb: "get", resource: "routes" } } },
      });
    const access = await ask("authorization.k8s.io", "SelfSubjectAccessReview");
    expect(access).toMatchObject({ status: 201, body: { kind: "SelfSubjectAccessReview", status: { allowed } } });
    const rules = await ask("authorization.k8s.io", "SelfSubjectRulesReview");
    expect(rules.body.status.resourceRules).toHaveLength(allowed ? 1 : 0);
    const self = await ask("authentication.k8s.io", "SelfSubjectReview");
    expect(self.body.status.userInfo).toMatchObject({
      username: user,
      groups: expect.arrayContaining(["system:authenticated"]),
    });
  });
});

describe("health and metrics", () => {
  it("tell ok, and the checks when asked", async () => {
    const api = await startHarness();
    expect((await api.call("GET", "/readyz")).body).toBe("ok");
    expect((await api.call("GET", "/readyz?verbose")).body).toContain("[+]store ok\n");
    expect((await api.call("GET", "/readyz/store")).body).toBe("ok");
    expect((await api.call("GET", "/readyz/none")).status).toBe(404);
    await api.store.close();
    expect((await api.call("GET", "/readyz")).body).toContain("[-]store failed");
    expect((await api.call("GET", "/readyz?exclude=store&exclude=watch-cache")).status).toBe(200);
    expect(await api.call("GET", CONFIG_MAPS)).toMatchObject({
      status: 503,
      headers: { "retry-after": "1" },
      body: { reason: "ServiceUnavailable" },
    });
  });

  it("count requests under Kubernetes' names", async () => {
    const api = await startHarness();
    await api.call("POST", CONFIG_MAPS, { body: configMap("x") });
    await api.call("GET", `${CONFIG_MAPS}/none`);
    await api.call("PATCH", `${GROUPS}/x?fieldManager=m`, { body: group("x"), type: "application/apply-patch+yaml" });
    const { body } = await api.call("GET", "/metrics");
    expect(body).toMatch(
      /apiserver_request_total\{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="namespace",component="apiserver",dry_run="",code="201"\} 1/,
    );
    expect(body).toMatch(/apiserver_request_total\{verb="GET"[^}]*code="404"\} 1/);
    expect(body).toMatch(/apiserver_request_total\{verb="APPLY"[^}]*resource="servicegroups"[^}]*code="201"\} 1/);
    expect(body).toContain('apiserver_storage_objects{resource="configmaps"} 1');
    expect(body).toContain("apiserver_request_duration_seconds_bucket");
    expect(body).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 0');
  });

  it("tell a semantic version", async () => {
    const api = await startHarness();
    expect((await api.call("GET", "/version")).body.gitVersion).toMatch(/^v1\.\d+\.\d+\+[0-9A-Za-z.-]+$/);
  });
});
