import type { Observable } from "rxjs";
import { describe, expect, it } from "vitest";
import { isStatus } from "../../api-types/meta/status-error.js";
import { endSuite, launchSuite } from "./testing/launches.js";
import {
  type ComputeSubject,
  firstOffer,
  itemsOf,
  readyOf,
  running,
  SUITE_PERIOD_MS,
  smallTask,
  watch,
} from "./testing/subject.js";

/** The promises of every compute driver. */
export function computeDriverSuite(name: string, make: () => ComputeSubject): void {
  const ready = (isAcknowledging = true) => readyOf(make, isAcknowledging);
  launchSuite(name, make);
  endSuite(name, make);

  describe(`${name} as a compute driver`, () => {
    it("replays connection, offers, tasks and agents to whoever comes late", async () => {
      const subject = await ready();
      await subject.until(() => subject.tasks()?.type === "Complete", "complete tasks");
      const late = watch(subject.driver, false);
      expect(late.isSettled()).toBe(true);
      expect(late.offers()).toEqual(subject.offers());
      expect(late.tasks()).toMatchObject({ type: "Complete", items: new Map() });
      expect(late.agents()).toMatchObject({ type: "Complete" });
      expect(itemsOf(late.agents()).length).toBeGreaterThan(0);
      subject.driver.close();
    });

    it("takes a launched task to Running, in order", async () => {
      const subject = await ready();
      const { taskId } = await running(subject);
      const order = ["Staging", "Starting", "Running"];
      const states = subject.statesOf(taskId).map((state) => order.indexOf(state));
      expect(states).toEqual(states.toSorted((a, b) => a - b));
      subject.driver.close();
    });

    it("lists the task with its name, agent and labels", async () => {
      const subject = await ready();
      const { taskId, agentId } = await running(subject);
      const listed = () => itemsOf(subject.tasks()).find(({ id }) => id === taskId);
      await subject.until(() => subject.tasks()?.type === "Complete" && listed()?.status.state === "Running", "listed");
      expect(listed()).toMatchObject({ name: "web", agentId, labels: { "rackwright.dev/stamp": "a/b" } });
      subject.driver.close();
    });

    it("takes what a task uses out of the offers", async () => {
      const subject = await ready();
      const before = firstOffer(subject.offers());
      await running(subject);
      const rest = () => subject.offers().find(({ agentId }) => agentId === before.agentId);
      await subject.until(() => rest() !== undefined, "what is left is offered");
      expect(rest()?.id).not.toBe(before.id);
      expect(rest()?.resources.cpu).toBeLessThanOrEqual(before.resources.cpu - 0.5);
      subject.driver.close();
    });

    it("repeats a status until it is acknowledged, and not after", async () => {
      const subject = await ready(false);
      const offer = firstOffer(subject.offers());
      await subject.driver.launch([offer.id], [smallTask("t", offer)]);
      await subject.until(() => subject.statuses.length > 0, "a status");
      const [first] = subject.statuses;
      const copies = () => subject.statuses.filter(({ acknowledgement }) => acknowledgement === first?.acknowledgement);
      await subject.until(() => copies().length > 1, "told again");
      if (first !== undefined) await subject.driver.acknowledge(first);
      await subject.until(() => subject.statuses.at(-1)?.acknowledgement !== first?.acknowledgement, "the next status");
      const count = copies().length;
      await subject.clock.advance(60_000);
      expect(copies().length).toBe(count);
      subject.driver.close();
    });

    it("kills, and tells the end", async () => {
      const subject = await ready();
      const { taskId, agentId } = await running(subject);
      await subject.driver.kill({ taskId, agentId, graceSeconds: 1 });
      await subject.until(() => subject.statesOf(taskId).includes("Killed"), "killed");
      await subject.until(() => subject.tasks()?.type === "Complete" && itemsOf(subject.tasks()).length === 0, "gone");
      subject.driver.close();
    });

    it("states that a task it is to kill is not there", async () => {
      const subject = await ready();
      const { agentId } = firstOffer(subject.offers());
      await subject.driver.kill({ taskId: "never", agentId, graceSeconds: 1 });
      await subject.until(() => subject.statuses.length > 0, "an answer");
      expect(subject.statuses[0]).toMatchObject({ taskId: "never", acknowledgement: undefined });
      expect(["Gone", "Unknown"]).toContain(subject.statuses[0]?.state);
      subject.driver.close();
    });

    it("answers for each task that is asked for", async () => {
      const subject = await ready();
      const { taskId, agentId } = await running(subject);
      const before = subject.statuses.length;
      await subject.driver.reconcile([
        { taskId, agentId },
        { taskId: "never", agentId },
        { taskId: "nowhere", agentId: undefined },
      ]);
      const answers = () => subject.statuses.slice(before).filter((status) => status.isReconciliation);
      await subject.until(() => answers().length >= 3, "three answers");
      const stateOf = (id: string) => answers().find((status) => status.taskId === id)?.state;
      expect(stateOf(taskId)).toBe("Running");
      expect(stateOf("never")).toBe("Gone");
      expect(stateOf("nowhere")).toBe("Unknown");
      expect(answers().every(({ acknowledgement }) => acknowledgement === undefined)).toBe(true);
      subject.driver.close();
    });

    it("reads one task, and tells absence from not knowing", async () => {
      const subject = await ready();
      const { taskId, agentId } = await running(subject);
      /** What came of it, in virtual time. */
      const read = async (id: string) => {
        const asked = subject.driver.read({ taskId: id, agentId });
        await subject.clock.advance(10_000);
        return asked;
      };
      expect(await read(taskId)).toMatchObject({ type: "present", item: { taskId, state: "Running" } });
      expect(await read("never")).toEqual({ type: "absent" });
      subject.end(taskId, { exitCode: 0 });
      await subject.until(() => subject.statesOf(taskId).includes("Finished"), "the end");
      expect(await read(taskId)).toEqual({ type: "absent" });
      subject.disconnect();
      await subject.until(() => subject.connection()?.type === "connecting", "connecting");
      expect(await read(taskId)).toMatchObject({ type: "unknown" });
      subject.driver.close();
    });

    it("holds no declined offer, and brings it again later", async () => {
      const subject = await ready();
      const ids = subject.offers().map(({ id }) => id);
      await subject.driver.decline(ids, 5);
      expect(subject.offers()).toEqual([]);
      await subject.until(() => subject.offers().length === ids.length, "offered again");
      expect(subject.offers().some(({ id }) => ids.includes(id))).toBe(false);
      subject.driver.close();
    });

    it("gets no offers while suppressed, and all after revive", async () => {
      const subject = await ready();
      const ids = subject.offers().map(({ id }) => id);
      await subject.driver.suppress();
      await subject.driver.decline(ids, 1);
      await subject.clock.advance(60_000);
      expect(subject.offers()).toEqual([]);
      await subject.driver.revive();
      await subject.until(() => subject.offers().length === ids.length, "offered again");
      subject.driver.close();
    });

    it("refuses to launch on an offer that is not held, and launches nothing", async () => {
      const subject = await ready();
      const offer = firstOffer(subject.offers());
      await subject.driver.decline([offer.id], 1);
      const error = await subject.driver.launch([offer.id], [smallTask("t", offer)]).catch((reason: unknown) => reason);
      expect(isStatus(error, "Conflict")).toBe(true);
      await subject.clock.advance(20_000);
      expect(subject.statuses).toEqual([]);
      subject.driver.close();
    });

    it("refuses to launch what the offer does not hold, and keeps the offer", async () => {
      const subject = await ready();
      const offer = firstOffer(subject.offers());
      const tooBig = { ...smallTask("t", offer), resources: { ...offer.resources, cpu: offer.resources.cpu + 1 } };
      const error = await subject.driver.launch([offer.id], [tooBig]).catch((reason: unknown) => reason);
      expect(isStatus(error, "Invalid")).toBe(true);
      expect(subject.offers().map(({ id }) => id)).toContain(offer.id);
      subject.driver.close();
    });

    it("R1 knows nothing once disconnected: no offers, calls refused unsent, tasks Unknown within three periods", async () => {
      const subject = await ready();
      const launch = await running(subject);
      subject.disconnect();
      await subject.until(() => subject.connection()?.type === "connecting", "connecting");
      expect(subject.offers()).toEqual([]);
      const kill = subject.driver.kill({ taskId: launch.taskId, agentId: launch.agentId, graceSeconds: 1 });
      expect(await kill.catch((reason: unknown) => reason)).toMatchObject({ name: "TransportError", isSent: false });
      await subject.clock.advance(3 * SUITE_PERIOD_MS);
      expect(subject.tasks()?.type).toBe("Unknown");
      expect(subject.agents()?.type).toBe("Unknown");
      subject.driver.close();
    });

    it("finds its tasks again after a disconnect, never calling an emptier list complete", async () => {
      const subject = await ready();
      const { taskId } = await running(subject);
      await subject.until(
        () => subject.tasks()?.type === "Complete" && itemsOf(subject.tasks()).length === 1,
        "listed",
      );
      const complete: number[] = [];
      subject.driver.tasks$.subscribe((seen) => {
        if (seen.type === "Complete") complete.push(seen.items.size);
      });
      subject.disconnect();
      await subject.clock.advance(3 * SUITE_PERIOD_MS);
      subject.reconnect();
      await subject.until(() => subject.isSettled() && subject.tasks()?.type === "Complete", "complete again");
      expect(itemsOf(subject.tasks()).map(({ id }) => id)).toEqual([taskId]);
      expect(complete).not.toContain(0);
      await subject.until(() => subject.offers().length > 0, "offers again");
      subject.driver.close();
    });

    it("stops for good when another process takes over", async () => {
      const subject = await ready();
      subject.takeOver();
      await subject.until(() => subject.connection()?.type === "stopped", "stopped");
      await subject.clock.advance(60_000);
      expect(subject.connection()?.type).toBe("stopped");
      expect(subject.offers()).toEqual([]);
      expect(subject.tasks()?.type).toBe("Unknown");
      subject.driver.close();
    });

    it("completes every stream when closed", async () => {
      const subject = await ready();
      subject.driver.close();
      const { connection$, tasks$, agents$, statuses$, offers$ } = subject.driver;
      const streams: readonly Observable<unknown>[] = [connection$, tasks$, agents$, statuses$, offers$];
      let completed = 0;
      for (const stream of streams) {
        stream.subscribe({ complete: () => completed++ });
      }
      expect(completed).toBe(5);
    });
  });
}
