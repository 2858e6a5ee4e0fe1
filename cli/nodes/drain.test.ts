import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Condition } from "../../api-types/meta/object.js";
import { Node } from "../../api-types/node.js";
import { createHarness, type Harness } from "../testing/harness.js";
import { cordon, drain } from "./drain.js";

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  const spec = { rackName: "rack" } as Node["spec"]; // the server fills in the defaults
  await harness.client.create(Node, { metadata: { name: "n1" }, spec });
});

afterAll(() => harness.close());

const spec = async () => (await harness.client.get(Node, { name: "n1" })).spec;

function report(status: Condition["status"], message: string) {
  const drained = { type: "Drained", status, reason: "Test", message, lastTransitionTime: "2026-01-01T00:00:00Z" };
  const known = { drainingSince: "2026-01-01T00:00:00Z", conditions: [drained] };
  return harness.client.applyStatus(Node, { name: "n1" }, { status: known, fieldManager: "test" });
}

describe("rackctl drain, cordon and uncordon", () => {
  it("closes a node, and opens it again", async () => {
    await cordon(harness, "node/n1", true);
    await cordon(harness, "n1", true);
    expect(await spec()).toMatchObject({ unschedulable: true });
    await drain(harness, "rn/n1", { deadline: 90_000 });
    expect(await spec()).toMatchObject({ unschedulable: true, drain: { deadlineSeconds: 90 } });
    await drain(harness, "node/n1", {});
    expect((await spec()).drain).toEqual({});
    await cordon(harness, "node/n1", false);
    expect(await spec()).toMatchObject({ unschedulable: false });
    expect((await spec()).drain).toBeUndefined();
    expect(harness.printed()).toEqual([
      "node.rackwright.dev/n1 cordoned",
      "! Node n1 is cordoned already; nothing is changed",
      "node.rackwright.dev/n1 draining, deadline in 90 s",
      "node.rackwright.dev/n1 draining",
      "node.rackwright.dev/n1 uncordoned",
    ]);
  });

  it("waits until the node is empty", async () => {
    await report("False", "2 instances are left: a, b");
    const waiting = drain(harness, "node/n1", { wait: true, timeout: 60_000 });
    await harness.says("2 instances are left");
    await report("True", "no instance is left");
    expect(await waiting).toBe(0);
    expect(harness.printed()).toEqual([
      "node.rackwright.dev/n1 draining",
      "n1: 2 instances are left: a, b",
      "n1: no instance is left",
    ]);
  });

  it("ends with 1 when the drain is called off meanwhile", async () => {
    await report("False", "2 instances are left: a, b");
    const waiting = drain(harness, "node/n1", { wait: true });
    await harness.says("2 instances are left");
    await cordon(harness, "node/n1", false);
    expect(await waiting).toBe(1);
    expect(harness.printed().at(-1)).toBe("n1: the drain was called off");
  });
});
