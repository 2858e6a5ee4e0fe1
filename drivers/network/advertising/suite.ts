import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Observation } from "../../observation.js";
import type { Advertisement, AdvertisingDriver } from "../driver.js";

/** A driver beside the switch it talks to, for one test. The switch routes 192.168.2.3/32, 192.168.2.4/32 and 192.168.3.0/24. */
export interface AdvertisingHarness {
  readonly driver: AdvertisingDriver;
  /** The prefixes that the switch tells now. */
  told(): readonly string[];
  /** Lets time pass until `isDone` holds; rejects when it never does. */
  until(isDone: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

const [A, B, C] = ["192.168.2.3/32", "192.168.2.4/32", "192.168.3.0/24"] as const;

/** The promises of every AdvertisingDriver. */
export function advertisingDriverSuite(name: string, open: () => Promise<AdvertisingHarness>): void {
  describe(`AdvertisingDriver: ${name}`, () => {
    let harness: AdvertisingHarness;
    let latest: Observation<Advertisement> | undefined;
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

    const change = async (type: "advertise" | "withdraw", prefix: string) => {
      let outcome: "open" | "done" | Error = "open";
      harness.driver.apply({ type, prefix }).then(
        () => {
          outcome = "done";
        },
        (error: Error) => {
          outcome = error;
        },
      );
      await harness.until(() => outcome !== "open");
      expect(outcome).toBe("done");
    };
    const tells = (...prefixes: readonly string[]) =>
      harness.until(() => harness.told().toSorted().join() === prefixes.toSorted().join());
    const sees = (...prefixes: readonly string[]) =>
      harness.until(() => {
        if (latest?.type !== "Complete") return false;
        const whole = [...latest.items.values()].flatMap((item) =>
          item.type === "prefix" && item.isWhole ? [item.prefix] : [],
        );
        return latest.items.size === whole.length && whole.toSorted().join() === prefixes.toSorted().join();
      });
    const reads = (prefix: string, state: "present" | "absent") =>
      harness.until(async () => {
        const reading = await harness.driver.read(prefix);
        if (reading.type === "absent") return state === "absent";
        return reading.type === state && reading.item.type === "prefix" && reading.item.isWhole;
      });

    it("tells what it is asked to, and nothing else", async () => {
      await change("advertise", A);
      await tells(A);
      await reads(A, "present");
      await reads(B, "absent");
      await sees(A);
    });

    it("tells several, and withdraws each by itself", async () => {
      for (const prefix of [A, B, C]) await change("advertise", prefix);
      await tells(A, B, C);
      await sees(A, B, C);
      await change("withdraw", B);
      await tells(A, C);
      await change("withdraw", A);
      await change("withdraw", C);
      await tells();
      await sees();
      await reads(C, "absent");
    });

    it("tells what is told, and withdraws what is not", async () => {
      await change("advertise", A);
      await change("advertise", A);
      await change("withdraw", B);
      await tells(A);
      await change("withdraw", A);
      await change("withdraw", A);
      await tells();
    });

    it("tells again what was withdrawn", async () => {
      await change("advertise", A);
      await change("withdraw", A);
      await change("advertise", A);
      await tells(A);
    });

    it("replays the last observation to a late subscriber, and completes on close", async () => {
      await harness.until(() => latest?.type === "Complete");
      let replayed: Observation<Advertisement> | undefined;
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
