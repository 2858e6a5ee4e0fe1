import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Observation, Stamp } from "../observation.js";
import type { NetworkDriver, NextHop, SwitchRoute } from "./driver.js";

/** A driver beside the switch it talks to, for one test. The networks 10.250.3.0/24 and 10.250.4.0/24 are connected. */
export interface NetworkHarness {
  readonly driver: NetworkDriver;
  /** Adds `count` static routes of somebody else inside 172.16.0.0/12. */
  addForeign(count: number): Promise<void>;
  /** Routes by prefix as the switch holds them now. */
  table(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Lets time pass until `isDone` holds; rejects when it never does. */
  until(isDone: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** The promises of every NetworkDriver. */
export function networkDriverSuite(name: string, open: () => Promise<NetworkHarness>): void {
  describe(`NetworkDriver: ${name}`, () => {
    let harness: NetworkHarness;
    let latest: Observation<SwitchRoute> | undefined;
    let isCompleted = false;

    beforeEach(async () => {
      harness = await open();
      latest = undefined;
      isCompleted = false;
      harness.driver.observe$.subscribe({
        next: (observation) => {
          latest = observation;
        },
        complete: () => {
          isCompleted = true;
        },
      });
    });
    afterEach(() => harness.close());

    const set = (prefix: string, ...nextHops: NextHop[]) =>
      harness.driver.apply({ type: "set", prefix, nextHops, stamp: STAMP });
    const remove = (prefix: string) => harness.driver.apply({ type: "remove", prefix });
    const reads = (prefix: string, nextHops: readonly string[] | undefined) =>
      harness.until(async () => {
        const reading = await harness.driver.read(prefix);
        if (nextHops === undefined) return reading.type === "absent";
        return reading.type === "present" && isSame(addressesOf(reading.item), nextHops);
      });
    const sees = (prefix: string, nextHops: readonly string[] | undefined) =>
      harness.until(() => {
        if (latest?.type !== "Complete") return false;
        const item = latest.items.get(prefix);
        return nextHops === undefined ? item === undefined : item !== undefined && isSame(addressesOf(item), nextHops);
      });

    it("reads back the route it set", async () => {
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await reads("192.168.2.3/32", ["10.250.3.21"]);
      const reading = await harness.driver.read("192.168.2.3/32");
      expect(reading).toMatchObject({ type: "present", item: { prefix: "192.168.2.3/32", protocol: "STATIC" } });
    });

    it.each(["10.0.0.0/8", "192.168.128.0/17", "192.168.2.0/24", "192.168.2.8/29", "192.168.2.9/32", "0.0.0.0/0"])(
      "sets, observes and removes %s",
      async (prefix) => {
        await set(prefix, { address: "10.250.3.21" });
        await reads(prefix, ["10.250.3.21"]);
        await sees(prefix, ["10.250.3.21"]);
        await remove(prefix);
        await reads(prefix, undefined);
        await sees(prefix, undefined);
      },
    );

    it("sets the same route twice", async () => {
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await reads("192.168.2.3/32", ["10.250.3.21"]);
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await reads("192.168.2.3/32", ["10.250.3.21"]);
    });

    it("replaces the next hops, in any number, and lists them by address", async () => {
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await set("192.168.2.3/32", { address: "10.250.4.23" }, { address: "10.250.3.22" });
      await reads("192.168.2.3/32", ["10.250.3.22", "10.250.4.23"]);
      await set("192.168.2.3/32", { address: "10.250.3.24" });
      await reads("192.168.2.3/32", ["10.250.3.24"]);
    });

    it("keeps the prefix in the table while next hops change (R6)", async () => {
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await reads("192.168.2.3/32", ["10.250.3.21"]);
      let isMissing = false;
      const change = set("192.168.2.3/32", { address: "10.250.3.22" });
      await harness.until(async () => {
        const table = await harness.table();
        isMissing ||= !table.has("192.168.2.3/32");
        return isSame(table.get("192.168.2.3/32") ?? [], ["10.250.3.22"]);
      });
      await change;
      expect(isMissing).toBe(false);
    });

    it("sets a null route and turns it into a real one and back", async () => {
      await set("192.168.2.3/32");
      await reads("192.168.2.3/32", []);
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await reads("192.168.2.3/32", ["10.250.3.21"]);
      await set("192.168.2.3/32");
      await reads("192.168.2.3/32", []);
    });

    it("keeps weights", async () => {
      await set("192.168.2.3/32", { address: "10.250.3.21", weight: 3 }, { address: "10.250.3.22", weight: 1 });
      await reads("192.168.2.3/32", ["10.250.3.21", "10.250.3.22"]);
      const reading = await harness.driver.read("192.168.2.3/32");
      expect(reading.type === "present" && reading.item.nextHops.map((hop) => hop.weight)).toEqual([3, 1]);
    });

    it("removes what is gone", async () => {
      await expect(remove("192.168.9.9/32")).resolves.toBeUndefined();
    });

    it("says absent of what was never set", async () => {
      expect(await harness.driver.read("192.168.9.9/32")).toEqual({ type: "absent" });
    });

    it("never takes a connected route away (R18)", async () => {
      await remove("10.250.3.0/24").catch(() => undefined);
      const reading = await harness.driver.read("10.250.3.0/24");
      expect(reading).toMatchObject({ type: "present", item: { protocol: "CONNECTED" } });
    });

    it("observes a table of more than one page, and leaves 2500 foreign routes untouched (R18)", async () => {
      await harness.addForeign(2500);
      await set("192.168.2.3/32", { address: "10.250.3.21" });
      await sees("192.168.2.3/32", ["10.250.3.21"]);
      await remove("192.168.2.3/32");
      await sees("192.168.2.3/32", undefined);
      const prefixes = [...(await harness.table()).keys()];
      expect(prefixes.filter((prefix) => prefix.startsWith("172."))).toHaveLength(2500);
      expect(latest?.type === "Complete" && latest.items.size).toBe(prefixes.length);
    });

    it("confirms an unchanged view again and again", async () => {
      await harness.until(() => latest?.type === "Complete");
      const first = latest;
      await harness.until(() => latest !== first && latest?.type === "Complete");
      const [before, after] = [first, latest].map((seen) => (seen?.type === "Complete" ? seen.origin : undefined));
      expect(after?.epoch).toBe(before?.epoch);
      expect(after?.takenAt).toBeGreaterThan(before?.takenAt ?? Number.POSITIVE_INFINITY);
    });

    it("replays the last observation to a late subscriber, and completes on close", async () => {
      await harness.until(() => latest?.type === "Complete");
      let replayed: Observation<SwitchRoute> | undefined;
      const subscription = harness.driver.observe$.subscribe((observation) => {
        replayed ??= observation;
      });
      expect(replayed?.type).toBe("Complete");
      subscription.unsubscribe();
      harness.driver.close();
      await harness.until(() => isCompleted);
    });
  });
}

const STAMP: Stamp = { identity: "torc", kind: "Route", namespace: "demo", name: "r", uid: "u-1", term: 7 };

function addressesOf(route: SwitchRoute): readonly string[] {
  return route.nextHops.map((hop) => hop.address);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
