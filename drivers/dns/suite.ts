import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isStatus } from "../../api-types/meta/status-error.js";
import type { Observation } from "../observation.js";
import { type DnsChange, type DnsDriver, type DnsEntry, dnsKey } from "./driver.js";

/** A driver beside the back end it talks to, for one test. */
export interface DnsHarness {
  readonly driver: DnsDriver;
  /** The identity the driver stamps with. */
  readonly identity: string;
  /** Puts an entry without our stamp exactly where the driver would put (name, id). */
  occupy(entry: DnsEntry): Promise<void>;
  /** Adds `count` entries of other owners, among them some under the name `shared`. */
  addForeign(count: number): Promise<void>;
  /** How many of those are still there, unchanged. */
  countForeign(): Promise<number>;
  /** Lets time pass until `isDone` holds; rejects when it never does. */
  until(isDone: () => boolean): Promise<void>;
  close(): Promise<void>;
}

type OurEntry = Extract<DnsChange, { type: "register" }>["entry"];

/** The promises of every DnsDriver. */
export function dnsDriverSuite(name: string, open: () => Promise<DnsHarness>): void {
  describe(`DnsDriver: ${name}`, () => {
    let harness: DnsHarness;
    let latest: Observation<DnsEntry> | undefined;
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

    const entry = (parts: Partial<Omit<DnsEntry, "stamp">> = {}): OurEntry => ({
      name: "dns-sl1",
      id: "dns-sl1-0-x7k2p",
      address: "192.168.2.3",
      port: 10053,
      tags: ["a", "b"],
      stamp: { identity: harness.identity, kind: "DnsRecord", namespace: "demo", name: "r", uid: "u-1", term: 7 },
      ...parts,
    });
    const register = (item: OurEntry) => harness.driver.apply({ type: "register", entry: item });
    const deregister = (item: { name: string; id: string }) =>
      harness.driver.apply({ type: "deregister", name: item.name, id: item.id });
    const seesComplete = (isRight: (items: ReadonlyMap<string, DnsEntry>) => boolean) =>
      harness.until(() => latest?.type === "Complete" && isRight(latest.items));

    it("reads back what it registered, stamp included", async () => {
      await register(entry());
      expect(await harness.driver.read(dnsKey(entry()))).toEqual({ type: "present", item: entry() });
    });

    it("registers an entry without a port or tags", async () => {
      const { port: _port, ...bare } = entry({ tags: [] });
      await register(bare);
      expect(await harness.driver.read(dnsKey(bare))).toEqual({ type: "present", item: bare });
    });

    it("says absent of what was never registered", async () => {
      expect(await harness.driver.read("nobody/nothing")).toEqual({ type: "absent" });
    });

    it("registers the same entry twice", async () => {
      await register(entry());
      await register(entry());
      expect(await harness.driver.read(dnsKey(entry()))).toEqual({ type: "present", item: entry() });
    });

    it("changes an entry in place, and takes over one of the same identity with another uid", async () => {
      await register(entry());
      const moved = { ...entry(), address: "192.168.2.9", stamp: { ...entry().stamp, uid: "u-2" } };
      await register(moved);
      expect(await harness.driver.read(dnsKey(moved))).toEqual({ type: "present", item: moved });
    });

    it("observes what was registered, completely", async () => {
      const second = entry({ id: "dns-sl1-1-abcde", address: "192.168.2.4" });
      await register(entry());
      await register(second);
      await seesComplete((items) => items.size === 2);
      expect(new Map(latest?.type === "Complete" ? latest.items : [])).toEqual(
        new Map([
          [dnsKey(entry()), entry()],
          [dnsKey(second), second],
        ]),
      );
    });

    it("confirms an unchanged view again and again", async () => {
      await register(entry());
      await seesComplete((items) => items.size === 1);
      const first = latest;
      await harness.until(() => latest !== first && latest?.type === "Complete");
      const [before, after] = [first, latest].map((seen) => (seen?.type === "Complete" ? seen.origin : undefined));
      expect(after?.epoch).toBe(before?.epoch);
      expect(after?.takenAt).toBeGreaterThan(before?.takenAt ?? Number.POSITIVE_INFINITY);
    });

    it("removes one of two entries of a name and keeps the other", async () => {
      const second = entry({ id: "dns-sl1-1-abcde", address: "192.168.2.4" });
      await register(entry());
      await register(second);
      await deregister(entry());
      expect(await harness.driver.read(dnsKey(entry()))).toEqual({ type: "absent" });
      expect((await harness.driver.read(dnsKey(second))).type).toBe("present");
      await seesComplete((items) => items.size === 1);
    });

    it("sees the last entry go when it removed it itself", async () => {
      await register(entry());
      await seesComplete((items) => items.size === 1);
      await deregister(entry());
      await seesComplete((items) => items.size === 0);
    });

    it("deregisters what is gone", async () => {
      await expect(deregister({ name: "nobody", id: "nothing" })).resolves.toBeUndefined();
    });

    it("keeps entries apart whose names and ids only look alike", async () => {
      const pairs = [
        ["a", "b:c"],
        ["a:b", "c"],
        ["a", "b%3Ac"],
        ["a.b", "c"],
        ["a", "b.c"],
      ] as const;
      for (const [name, id] of pairs) await register(entry({ name, id, address: "10.0.0.1" }));
      await deregister({ name: "a", id: "b:c" });
      const readings = await Promise.all(pairs.map(([name, id]) => harness.driver.read(dnsKey({ name, id }))));
      expect(readings.map((reading) => reading.type)).toEqual(["absent", "present", "present", "present", "present"]);
    });

    it("refuses to overwrite or remove an entry that is not ours (R18)", async () => {
      await harness.occupy({ ...entry({ address: "10.9.9.9" }), stamp: undefined });
      const changes: DnsChange[] = [
        { type: "register", entry: entry() },
        { type: "deregister", name: entry().name, id: entry().id },
      ];
      for (const change of changes) {
        const error = await harness.driver.apply(change).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(isStatus(error, "Conflict")).toBe(true);
      }
      const reading = await harness.driver.read(dnsKey(entry()));
      expect(reading.type === "present" && [reading.item.address, reading.item.stamp]).toEqual(["10.9.9.9", undefined]);
    });

    it("leaves 1000 foreign entries untouched (R18)", async () => {
      await harness.addForeign(1000);
      await register(entry({ name: "shared" }));
      await register(entry());
      await deregister(entry({ name: "shared" }));
      await deregister(entry());
      expect(await harness.countForeign()).toBe(1000);
    });

    it("replays the last observation to a late subscriber, and completes on close", async () => {
      await register(entry());
      await seesComplete((items) => items.size === 1);
      let replayed: Observation<DnsEntry> | undefined;
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
