import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isStatus } from "../../api-types/meta/status-error.js";
import type { Observation } from "../observation.js";
import type { BalancerDriver, BalancerItem, LayoutPort, ServerTarget } from "./driver.js";

/** A driver beside the proxy it talks to, for one test. */
export interface BalancerHarness {
  readonly driver: BalancerDriver;
  /** Two free ports of the proxy. */
  readonly ports: readonly [number, number];
  /** Where servers listen that are there to be reached. */
  readonly targets: readonly [ServerTarget, ServerTarget];
  /** Something else listens on the port. */
  occupy(servicePort: number): Promise<void>;
  /** How often the process was reloaded. */
  reloads(): Promise<number>;
  /** The process starts anew and reads what is stored. */
  restart(): Promise<void>;
  until(isDone: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** The promises of every BalancerDriver. */
export function balancerDriverSuite(name: string, open: () => Promise<BalancerHarness>): void {
  describe(`BalancerDriver: ${name}`, () => {
    let harness: BalancerHarness;
    let latest: Observation<BalancerItem> | undefined;

    beforeEach(async () => {
      harness = await open();
      latest = undefined;
      harness.driver.observe$.subscribe((observation) => {
        latest = observation;
      });
    });
    afterEach(() => harness.close());

    const layout = (...ports: LayoutPort[]) => harness.driver.apply({ type: "layout", ports });
    const read = (key: string) => harness.driver.read(key);
    const items = () => (latest?.type === "Complete" ? [...latest.items.keys()].sort() : undefined);
    const state = async (key: string) => {
      const reading = await read(key);
      return reading.type === "present" && reading.item.type === "server" ? reading.item.state : reading.type;
    };

    it("opens a port with its servers, and observes both completely", async () => {
      const [servicePort] = harness.ports;
      const [server] = harness.targets;
      await layout({ servicePort, servers: [server] });
      expect(await read(`${servicePort}`)).toEqual({
        type: "present",
        item: { type: "port", servicePort, isOpen: true, isStored: true },
      });
      expect(await read(`${servicePort}/${server.id}`)).toEqual({
        type: "present",
        item: { type: "server", servicePort, ...server, state: "Ready", sessions: 0, isStored: true },
      });
      await harness.until(() => items()?.length === 2);
      expect(items()).toEqual([`${servicePort}`, `${servicePort}/${server.id}`]);
    });

    it("adds, drains and removes a server without a reload", async () => {
      const [servicePort] = harness.ports;
      const [server] = harness.targets;
      await layout({ servicePort, servers: [] });
      const before = await harness.reloads();
      const key = `${servicePort}/${server.id}`;
      await harness.driver.apply({ type: "ready", servicePort, server });
      expect(await state(key)).toBe("Ready");
      await harness.driver.apply({ type: "drain", servicePort, id: server.id });
      expect(await state(key)).toBe("Drain");
      await harness.driver.apply({ type: "ready", servicePort, server });
      expect(await state(key)).toBe("Ready");
      await harness.driver.apply({ type: "remove", servicePort, id: server.id });
      expect(await state(key)).toBe("absent");
      expect(await harness.reloads()).toBe(before);
    });

    it("does everything twice", async () => {
      const [servicePort] = harness.ports;
      const [server] = harness.targets;
      for (const _ of [1, 2]) await layout({ servicePort, servers: [] });
      for (const _ of [1, 2]) await harness.driver.apply({ type: "ready", servicePort, server });
      expect(await state(`${servicePort}/${server.id}`)).toBe("Ready");
      for (const _ of [1, 2]) await harness.driver.apply({ type: "drain", servicePort, id: server.id });
      for (const _ of [1, 2]) await harness.driver.apply({ type: "remove", servicePort, id: server.id });
      await harness.driver.apply({ type: "drain", servicePort, id: server.id });
      expect(await state(`${servicePort}/${server.id}`)).toBe("absent");
    });

    it("moves a server that is elsewhere", async () => {
      const [servicePort] = harness.ports;
      const [server, other] = harness.targets;
      await layout({ servicePort, servers: [server] });
      const moved = { ...other, id: server.id };
      await harness.driver.apply({ type: "ready", servicePort, server: moved });
      const reading = await read(`${servicePort}/${server.id}`);
      expect(reading).toMatchObject({ item: { port: other.port, state: "Ready", isStored: false } });
    });

    it("R8 a layout that changes nothing reloads nothing, and one of other servers only writes the file", async () => {
      const [servicePort] = harness.ports;
      const [server, other] = harness.targets;
      await layout({ servicePort, servers: [server] });
      const before = await harness.reloads();
      await layout({ servicePort, servers: [server] });
      await layout({ servicePort, servers: [server, other] });
      expect(await harness.reloads()).toBe(before);
      expect(await read(`${servicePort}/${other.id}`)).toMatchObject({ item: { isStored: true } });
      expect(await state(`${servicePort}/${other.id}`)).toBeUndefined();
    });

    it("has after a restart what was stored", async () => {
      const [servicePort] = harness.ports;
      const [server, other] = harness.targets;
      await layout({ servicePort, servers: [server] });
      await harness.driver.apply({ type: "ready", servicePort, server: other });
      await layout({ servicePort, servers: [server, other] });
      await harness.restart();
      expect(await state(`${servicePort}/${server.id}`)).toBe("Ready");
      expect(await state(`${servicePort}/${other.id}`)).toBe("Ready");
    });

    it("refuses a layout with a port that is taken, and goes on with the one before", async () => {
      const [servicePort, taken] = harness.ports;
      const [server] = harness.targets;
      await layout({ servicePort, servers: [server] });
      await harness.occupy(taken);
      const error = await layout({ servicePort, servers: [server] }, { servicePort: taken, servers: [] }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(isStatus(error, "Conflict")).toBe(true);
      expect(await state(`${servicePort}/${server.id}`)).toBe("Ready");
      expect(await read(`${taken}`)).toEqual({ type: "absent" });
    });

    it("closes a port that the layout leaves out", async () => {
      const [servicePort, other] = harness.ports;
      await layout({ servicePort, servers: [] }, { servicePort: other, servers: [] });
      await layout({ servicePort, servers: [] });
      await harness.until(() => items()?.join() === `${servicePort}`);
      expect(await read(`${other}`)).toEqual({ type: "absent" });
    });
  });
}
