import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScalingPolicy } from "../../api-types/scaling-policy.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import { createHarness, type Harness } from "../testing/harness.js";
import { scale, suspend } from "./scale.js";
import { times } from "./sizes.js";

let harness: Harness;
const key = { namespace: "shop", name: "shop" };

beforeAll(async () => {
  harness = await createHarness();
  const services = [
    { name: "web", image: "web", instances: 10 },
    { name: "db", image: "db" },
    { name: "agent", image: "agent", mode: "EachNode" },
  ];
  const spec = { rackName: "rack", services } as unknown as ServiceGroup["spec"]; // the server fills in the defaults
  await harness.client.create(ServiceGroup, { metadata: key, spec });
});

afterAll(() => harness.close());

const sizes = async () => {
  const { spec } = await harness.client.get(ServiceGroup, key);
  return { replicas: spec.replicas, ...spec.scale };
};

describe("a size multiplied", () => {
  it.each([
    [10, "1.1", 11],
    [10, "1.5", 15],
    [3, "1.5", 5],
    [1, "0.1", 1],
    [7, "0", 0],
    [0, "3", 0],
    [3, "0.3333", 1],
    [100_000, "2", 200_000],
  ])("%d times %s is %d", (size, factor, expected) => expect(times(size, factor)).toBe(expected));

  it("is rounded up, and exact", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(99), fc.nat(99), (size, whole, hundredths) => {
        const exact = BigInt(size) * BigInt(whole * 100 + hundredths);
        const result = BigInt(times(size, `${whole}.${String(hundredths).padStart(2, "0")}`));
        expect(result * 100n >= exact && (result - 1n) * 100n < exact).toBe(true);
      }),
    );
  });
});

describe("rackctl scale", () => {
  it("writes sizes of services and of the group, and says what they were", async () => {
    expect(await scale(harness, ["sg/shop", "web=3"], { replicas: 2 })).toBe(0);
    expect(harness.printed()).toEqual(["servicegroup.rackwright.dev/shop scaled: copies 1 → 2, web 10 → 3"]);
    expect(await sizes()).toEqual({ replicas: 2, web: 3 });
    await scale(harness, ["sg/shop", "db=4"], { dryRun: true });
    expect(harness.printed()).toEqual(["servicegroup.rackwright.dev/shop scaled: db 1 → 4 in each copy (dry run)"]);
    expect(await sizes()).toEqual({ replicas: 2, web: 3 });
  });

  it("multiplies what there is, and writes absolute numbers", async () => {
    await scale(harness, ["sg/shop"], { by: "1.5" });
    expect(await sizes()).toEqual({ replicas: 2, web: 5, db: 2 });
    await scale(harness, ["sg/shop", "web"], { by: "2" });
    expect(await sizes()).toEqual({ replicas: 2, web: 10, db: 2 });
    harness.printed();
  });

  it("shows that a policy owns the size", async () => {
    const spec = {
      scaleTargetRef: { name: "shop", service: "web" },
      maxReplicas: 3,
    } as unknown as ScalingPolicy["spec"];
    await harness.client.create(ScalingPolicy, { metadata: { ...key, name: "load" }, spec });
    await scale(harness, ["sg/shop", "web=1"], {});
    expect(harness.printed()[0]).toMatch(
      /^! Warning: the size of service "web" is decided by the Active ScalingPolicy "load"/,
    );
  });

  it.each([
    [["sg/shop"], {}, "no size is named: give service=N, --replicas N or --by X"],
    [["sg/shop", "web"], { replicas: 1 }, "no size is named for web: give web=N"],
    [["sg/shop", "web=x"], {}, '"web=x": the size of a service is a whole number, such as web=3'],
    [["sg/shop", "cache=1"], {}, "ServiceGroup shop has no service cache; it has web, db, agent"],
    [["sg/shop", "agent=1"], {}, "service agent of shop runs once on each node: it has no size"],
    [["sg/shop", "web=1"], { by: "2" }, "--by multiplies the sizes that there are: it cannot stand beside other sizes"],
    [["sg/shop"], { by: "-1" }, "--by -1: must be a decimal number such as 1.5"],
  ])("refuses %o %o", async (words, flags, message) => {
    await expect(scale(harness, words, flags)).rejects.toThrow(message);
  });
});

describe("rackctl suspend and resume", () => {
  it("says when there is nothing to do", async () => {
    for (const isSuspended of [true, true, false, false]) await suspend(harness, "sg/shop", isSuspended);
    expect(harness.printed()).toEqual([
      "servicegroup.rackwright.dev/shop suspended",
      "! shop is suspended already; nothing is changed",
      "servicegroup.rackwright.dev/shop resumed",
      "! shop is not suspended; nothing is changed",
    ]);
  });
});
