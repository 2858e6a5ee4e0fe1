import { describe, expect, it } from "vitest";
import { isStatus } from "../../../api-types/meta/status-error.js";
import type { TaskLaunch } from "../driver.js";
import { type ComputeSubject, firstOffer, itemsOf, type Ready, readyOf, running, smallTask } from "./subject.js";

/** What every compute driver promises of launches. */
export function launchSuite(name: string, make: () => ComputeSubject): void {
  const ready = () => readyOf(make);

  describe(`${name} launching`, () => {
    it("starts several tasks at once, an attached one among them, each with a life of its own", async () => {
      const subject = await ready();
      const small = { cpu: 0.1, memoryMiB: 32, diskMiB: 0, gpu: 0, ports: [] };
      const attached = { taskId: "t0.log", labels: { "rackwright.dev/attached": "log" }, resources: small };
      const ids = await launched(subject, [{ resources: small }, attached]);
      expect(ids).toEqual(["t0", "t0.log"]);
      const listed = () => itemsOf(subject.tasks()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
      await subject.until(() => subject.tasks()?.type === "Complete" && listed().length === 2, "both are listed");
      expect(new Set(listed().map(({ agentId }) => agentId)).size).toBe(1);
      expect(listed()[1]?.labels).toEqual(attached.labels);
      subject.end("t0.log", { exitCode: 0 });
      await subject.until(() => subject.statesOf("t0.log").includes("Finished"), "the attached one ended");
      await subject.until(() => subject.tasks()?.type === "Complete" && listed().length === 1, "one is left");
      expect(subject.statesOf("t0").at(-1)).toBe("Running");
      subject.driver.close();
    });

    it("starts all tasks of a call or none", async () => {
      const subject = await ready();
      const offer = firstOffer(subject.offers());
      const half = { ...offer.resources, cpu: offer.resources.cpu * 0.6, memoryMiB: 32, ports: [] };
      const tasks = ["a", "b"].map((taskId) => ({ ...smallTask(taskId, offer), resources: half }));
      const error = await subject.driver.launch([offer.id], tasks).catch((reason: unknown) => reason);
      expect(isStatus(error, "Invalid")).toBe(true);
      await subject.clock.advance(20_000);
      expect(subject.statuses).toEqual([]);
      expect(itemsOf(subject.tasks())).toEqual([]);
      subject.driver.close();
    });

    it("uses resources of the roles that are named only", async () => {
      const subject = await ready();
      const offer = firstOffer(subject.offers());
      expect(offer.pools.map(({ role }) => role)).toEqual(["*"]);
      const foreign = { ...smallTask("t", offer), roles: ["nobody"] };
      const error = await subject.driver.launch([offer.id], [foreign]).catch((reason: unknown) => reason);
      expect(isStatus(error, "Invalid")).toBe(true);
      expect(subject.offers().map(({ id }) => id)).toContain(offer.id);
      await launched(subject, [{ roles: ["nobody", "*"] }]);
      subject.driver.close();
    });

    it("takes what an executor of the task needs beside it", async () => {
      const subject = await ready();
      const offer = firstOffer(subject.offers());
      const all = { ...offer.resources, ports: [] };
      const executor = { id: "e", name: "e", script: "true", fetch: [], env: {}, data: undefined };
      const task = { ...smallTask("t", offer), executor: { ...executor, resources: { ...all, diskMiB: 0 } } };
      const error = await subject.driver.launch([offer.id], [task]).catch((reason: unknown) => reason);
      expect(isStatus(error, "Invalid")).toBe(true);
      subject.driver.close();
    });
  });
}

/** What every compute driver promises of the end of tasks, and of its own. */
export function endSuite(name: string, make: () => ComputeSubject): void {
  const ready = () => readyOf(make);

  describe(`${name} ending`, () => {
    it.each([
      [{ exitCode: 0 }, "Finished"],
      [{ exitCode: 3 }, "Failed"],
      [{ signal: "Killed" }, "Failed"],
    ] as const)("tells that a task ended with %o", async (how, state) => {
      const subject = await ready();
      const { taskId } = await running(subject);
      subject.end(taskId, how);
      await subject.until(() => subject.statesOf(taskId).includes(state), state);
      const { exitCode, signal } = subject.statuses.findLast((status) => status.taskId === taskId) ?? {};
      expect({ exitCode, signal }).toEqual({ exitCode: undefined, signal: undefined, ...how });
      subject.driver.close();
    });

    it("stops for good, with all of its tasks, when it is torn down", async () => {
      const subject = await ready();
      await running(subject);
      await subject.driver.teardown();
      await subject.until(() => subject.connection()?.type === "stopped", "stopped");
      expect(subject.connection()).toMatchObject({ reason: expect.stringContaining("Framework has been removed") });
      expect(subject.offers()).toEqual([]);
      expect(subject.tasks()?.type).toBe("Unknown");
      await subject.clock.advance(60_000);
      expect(subject.connection()?.type).toBe("stopped");
      subject.driver.close();
    });
  });
}

/** Launches on the first offer, and waits until all run. */
async function launched(subject: Ready, changes: readonly Partial<TaskLaunch>[]): Promise<readonly string[]> {
  const offer = firstOffer(subject.offers());
  const tasks = changes.map((change, index) => ({ ...smallTask(`t${index}`, offer), ...change }));
  await subject.driver.launch([offer.id], tasks);
  const ids = tasks.map(({ taskId }) => taskId);
  await subject.until(() => ids.every((id) => subject.statesOf(id).includes("Running")), "all run");
  return ids;
}
