import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Instance } from "../../api-types/instance.js";
import { Node } from "../../api-types/node.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { LABEL } from "../../api-types/well-known.js";
import { createHarness, type Harness } from "../testing/harness.js";
import { agentUrl, instancesOf, nodeOf, placeOf } from "./place.js";

let harness: Harness;

async function addInstance(name: string, service: string, status: object): Promise<void> {
  const { client } = harness;
  const metadata = { namespace: "shop", name, labels: { [LABEL.group]: "web" } };
  const spec = { serviceGroup: "web", service, number: 1, revisionName: `web-${service}-1` };
  await client.create(Instance, { metadata, spec });
  await client.applyStatus(Instance, { namespace: "shop", name }, { status, fieldManager: "test" });
}

const placement = (taskID: string, agentID = "agent-1") => ({ placement: { node: "n1", agentID, taskID } });

beforeAll(async () => {
  harness = await createHarness();
  const { client } = harness;
  const services = [
    { name: "web", image: "web" },
    { name: "db", image: "db" },
  ];
  const spec = { rackName: "rack", services } as unknown as ServiceGroup["spec"]; // the server fills in the defaults
  await client.create(ServiceGroup, { metadata: { namespace: "shop", name: "web" }, spec });
  await client.create(Node, { metadata: { name: "n1" }, spec: { rackName: "rack" } as Node["spec"] }); // as above
  const agent = { id: "agent-1", url: "http://10.0.0.1:5051" };
  await client.applyStatus(Node, { name: "n1" }, { status: { agent }, fieldManager: "test" });
  await addInstance("a", "web", { ...placement("shop.a.1"), attached: [{ name: "log", taskID: "shop.a.1.log.2" }] });
  await addInstance("b", "web", placement("shop.b.1", "agent-before"));
  await addInstance("c", "web", {});
});

afterAll(() => harness.close());

const instance = (name: string) => harness.client.get(Instance, { namespace: "shop", name });

describe("where a task is", () => {
  it("is known of the instances of a group that were placed", async () => {
    const found = await instancesOf(harness, { kind: ServiceGroup, name: "web" }, "web");
    expect(found.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  });

  it("is its Node's agent, for attached tasks, too", async () => {
    const place = placeOf(await instance("a"), "log");
    expect(place).toMatchObject({ title: "a/log", taskId: "shop.a.1.log.2", agentID: "agent-1" });
    expect(agentUrl(await nodeOf(harness, place))).toBe("http://10.0.0.1:5051");
  });

  it("is said where it cannot be told", async () => {
    const group = { kind: ServiceGroup, name: "web" };
    await expect(instancesOf(harness, group, "db")).rejects.toThrow(
      "no instance of service db of ServiceGroup web was placed yet",
    );
    await expect(instancesOf(harness, group, "x")).rejects.toThrow("ServiceGroup web has no service x; it has web, db");
    const [a, b, c] = [await instance("a"), await instance("b"), await instance("c")];
    expect(() => placeOf(c, undefined)).toThrow("instance c has no task: it was not placed yet");
    expect(() => placeOf(a, "proxy")).toThrow("instance a has no attached task proxy; it has: log");
    await expect(nodeOf(harness, placeOf(b, undefined))).rejects.toThrow(
      "reaching the agent of b: Node n1 has another agent now",
    );
  });
});
