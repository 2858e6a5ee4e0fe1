import { describe, expect, it, vi } from "vitest";
import { Instance } from "../../../api-types/instance.js";
import { conditionOf } from "../../../api-types/life.js";
import { Node } from "../../../api-types/node.js";
import { Rack } from "../../../api-types/rack.js";
import { expectRefusal, NAMESPACE, PATIENCE, script, type Workplace } from "./workplace.js";

/** Nodes that are emptied, and nodes that are lost. */
export function testNodes({ apply, available, begin, client, data, folder, ok, rackctl, tasks }: Workplace): void {
  /** A group's tasks that are processes, wherever they run. */
  const processesOf = async (group: string) => (await tasks()).filter(({ taskId }) => taskId.includes(`.${group}-`));

  describe("rackctl drain", () => {
    it("moves instances away, waits for it, and opens the node again", async () => {
      await apply("moving", { shell: script("moving"), placement: { nodeType: "worker" } });
      const [before] = await available("moving", 1);
      const from = before?.status?.placement?.node ?? "";
      const drained = await ok("drain", `node/${from}`, "--deadline", "45s", "--wait", "--timeout", "80s");
      expect(drained).toContain(`node.rackwright.dev/${from} draining, deadline in 45 s\n`);
      expect(drained).toMatch(new RegExp(`^${from}: no instance is left$`, "m"));
      const [after] = await available("moving", 1);
      expect(after?.status?.placement?.node).not.toBe(from);
      const node = await client().get(Node, { name: from });
      expect(conditionOf(node, "Drained")?.status).toBe("True");
      expect(node.status?.drainingSince).toBeDefined();
      await ok("uncordon", `node/${from}`);
      await vi.waitFor(async () => {
        const open = await client().get(Node, { name: from });
        expect(open.spec.unschedulable).toBe(false);
        expect(conditionOf(open, "Drained")).toBeUndefined();
        expect(open.status?.drainingSince).toBeUndefined();
      }, PATIENCE);
    });

    it("ends at the deadline what has no other place, and lets it come back", async () => {
      await apply("pinned", { shell: script("pinned"), placement: { nodeNames: ["bladerunner4"] } });
      const [before] = await available("pinned", 1);
      const waiting = begin(["drain", "node/bladerunner4", "--deadline", "6s", "--wait", "--timeout", "80s"]);
      await waiting.says(/^bladerunner4: .*verbs\/pinned-/m, 30_000);
      expect((await processesOf("pinned")).map(({ taskId }) => taskId)).toEqual([before?.status?.placement?.taskID]);
      expect((await waiting.ended).code).toBe(0);
      expect(waiting.stdout()).toMatch(/^bladerunner4: no instance is left\n$/m);
      expect((await tasks()).filter(({ node }) => node === "bladerunner4")).toEqual([]);
      await ok("uncordon", "node/bladerunner4");
      await vi.waitFor(async () => {
        const [after] = await available("pinned", 1);
        expect(after?.status?.placement?.node).toBe("bladerunner4");
      }, PATIENCE);
    });
  });

  describe("rackctl rehearse", () => {
    const rehearse = (...words: readonly string[]) => ok("rehearse", ...words, "--data", data);
    const running = (instance: Instance | undefined) => instance && conditionOf(instance, "Running");

    it("cuts a node off: its instance is replaced when it stays away, and when it is back exactly one stays", async () => {
      const unreachable = { replaceAfterSeconds: 2 };
      const dns = { publish: "WhenReady", name: "lost", perInstance: false };
      await apply("lost", { shell: script("lost"), placement: { nodeType: "worker" }, unreachable, dns });
      const [before] = await available("lost", 1);
      const from = before?.status?.placement?.node ?? "";
      expect(await rehearse("cut", `node/${from}`)).toBe(`node/${from} is cut off\n`);
      expect(await rehearse("show")).toMatch(new RegExp(`^node/${from} +cut$`, "m"));
      const key = { namespace: NAMESPACE, name: before?.metadata.name ?? "" };
      await vi.waitFor(async () => {
        expect(running(await client().get(Instance, key))).toMatchObject({
          status: "Unknown",
          reason: "TaskUnreachable",
        });
        expect(conditionOf(await client().get(Node, { name: from }), "Ready")?.status).toBe("False");
      }, PATIENCE);
      const [after] = await vi.waitFor(async () => {
        const all = await available("lost", 1);
        expect(all[0]?.metadata.name).not.toBe(before?.metadata.name);
        return all;
      }, PATIENCE);
      expect(after?.spec.number).toBe(before?.spec.number);
      expect(after?.status?.placement?.node).not.toBe(from);
      // the agent cannot be told: its task runs on
      expect(await processesOf("lost")).toHaveLength(2);

      expect(await rehearse("mend", `node/${from}`)).toBe(`node/${from} works again\n`);
      await vi.waitFor(async () => {
        const left = await processesOf("lost");
        expect(left.map(({ taskId }) => taskId)).toEqual([after?.status?.placement?.taskID]);
        await expect(client().get(Instance, key)).rejects.toMatchObject({ reason: "NotFound" });
      }, PATIENCE);
      expect((await available("lost", 1))[0]?.metadata.uid).toBe(after?.metadata.uid);
    });

    it("takes the power from a node: what ran there starts elsewhere", async () => {
      const unreachable = { replaceAfterSeconds: 2 };
      await apply("powerless", { shell: script("powerless"), placement: { nodeType: "worker" }, unreachable });
      const [before] = await available("powerless", 1);
      const from = before?.status?.placement?.node ?? "";
      await rehearse("crash", `node/${from}`);
      expect(await processesOf("powerless")).toEqual([]);
      await vi.waitFor(async () => {
        const [after] = await available("powerless", 1);
        expect(after?.status?.placement?.node).not.toBe(from);
      }, PATIENCE);
      await rehearse("mend");
      await vi.waitFor(async () => {
        expect(conditionOf(await client().get(Node, { name: from }), "Ready")?.status).toBe("True");
      }, PATIENCE);
    });

    it("stops the master for a while: tasks run on, and what was asked for meanwhile is done when it is back", async () => {
      await apply("patient", { shell: script("patient") });
      const [before] = await available("patient", 1);
      await rehearse("stop", "mesos");
      const ready = async () => (await client().get(Rack, { name: "torc" })).status?.conditions;
      await vi.waitFor(async () => {
        const compute = (await ready())?.find(({ type }) => type === "ComputeReady");
        expect(compute).toMatchObject({ status: "Unknown", reason: "NotSubscribed" });
      }, PATIENCE);
      await apply("patient", { shell: script("patient"), instances: 2 });
      expect((await processesOf("patient")).map(({ taskId }) => taskId)).toEqual([before?.status?.placement?.taskID]);
      await rehearse("mend", "mesos");
      const both = await available("patient", 2);
      expect(both.map(({ metadata }) => metadata.uid)).toContain(before?.metadata.uid);
    });

    it("refuses what there is not", async () => {
      const refusal = "breaking the simulated rack: it has no part node/nobody, only mesos, consul, switch, node/wedge";
      expectRefusal(await rackctl(["rehearse", "cut", "node/nobody", "--data", data]), refusal);
      const elsewhere = await rackctl(["rehearse", "show", "--data", folder]);
      expectRefusal(elsewhere, `no simulated rack runs on ${folder}/simulator; start one with rackctl up --simulate`);
    });
  });
}
