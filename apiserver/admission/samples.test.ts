import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../../api-types/kinds.js";
import type { KubeObject } from "../../api-types/meta/object.js";
import { virtualClock } from "../../platform/virtual-clock.js";
import { type ApiHarness, startHarness } from "../http/testing/api-harness.js";
import { APPLY } from "../http/testing/samples.js";

const FOLDER = fileURLToPath(new URL("../../manifests/samples/", import.meta.url));

/** Every object of the samples, in the order in which a server takes them: what others need goes first. */
function sampleObjects(): readonly KubeObject[] {
  const objects = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(`${FOLDER}${file}`, "utf8"), { version: "1.1", merge: true }))
    // the server checks what they are
    .map((document) => document.toJS() as KubeObject);
  const rank = ({ kind }: KubeObject) => ["Namespace", "Rack"].indexOf(kind);
  const first = objects.filter((object) => rank(object) >= 0).sort((a, b) => rank(a) - rank(b));
  return [...first, ...objects.filter((object) => rank(object) < 0)];
}

function urlOf(object: KubeObject): string {
  const kind = KINDS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
  if (kind === undefined) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`);
  const root = kind.group === "" ? "/api/v1" : `/apis/${kind.apiVersion}`;
  const { namespace = "default", name } = object.metadata;
  return `${root}${kind.scope === "Cluster" ? "" : `/namespaces/${namespace}`}/${kind.plural}/${name}`;
}

/** A server half an hour before the override of the samples expires: it may not be made earlier than an hour before. */
async function startServer(): Promise<ApiHarness> {
  const clock = virtualClock(Date.parse("2026-01-01T11:30:00Z"));
  return startHarness({ clock });
}

const apply = (api: ApiHarness, object: KubeObject) =>
  api.call("PATCH", `${urlOf(object)}?fieldManager=kubectl`, { body: object, type: APPLY });

describe("the samples", () => {
  it("are stored whole by a server, and applied again they change nothing", async () => {
    const api = await startServer();
    const versions = new Map<string, string>();
    for (const object of sampleObjects()) {
      const { status, body, headers } = await apply(api, object);
      expect(status, `${object.kind} ${object.metadata.name}: ${body.message}`).toBe(201);
      expect(headers.warning, `${object.kind} ${object.metadata.name}`).toBeUndefined();
      versions.set(urlOf(object), body.metadata.resourceVersion);
    }
    for (const object of sampleObjects()) {
      const { status, body } = await apply(api, object);
      expect([status, body.metadata.resourceVersion], urlOf(object)).toEqual([200, versions.get(urlOf(object))]);
    }
  });

  it("get a port of the load balancer where they ask for any", async () => {
    const api = await startServer();
    for (const object of sampleObjects()) await apply(api, object);
    const { body } = await api.call("GET", "/apis/rackwright.dev/v1alpha1/namespaces/default/servicegroups/hello");
    expect(body.spec.services[0].network.ports[0]).toMatchObject({ containerPort: 80, servicePort: 10_000 });
  });
});
