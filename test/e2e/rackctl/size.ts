import { describe, expect, it } from "vitest";
import { script, type Workplace } from "./workplace.js";

/** Sizes, and groups that rest. */
export function testSize({ apply, available, instancesOf, ok, rackctl }: Workplace): void {
  describe("rackctl scale, suspend and resume", () => {
    it("sets absolute sizes, multiplies once, stops and starts", async () => {
      await apply("sized", { shell: script("sized") });
      expect(await ok("scale", "sg/sized", "web=2")).toBe("servicegroup.rackwright.dev/sized scaled: web 1 → 2\n");
      await available("sized", 2);
      expect(await ok("scale", "sg/sized", "--by", "1.5")).toBe(
        "servicegroup.rackwright.dev/sized scaled: web 2 → 3\n",
      );
      await available("sized", 3);
      await ok("suspend", "sg/sized");
      expect(await ok("rollout", "status", "sg/sized", "--timeout", "60s")).toContain("sized is suspended");
      expect(await instancesOf("sized")).toEqual([]);
      await ok("resume", "sg/sized");
      await available("sized", 3);
    });

    it("shows the server's warning that a policy decides the size", async () => {
      const { code, stderr } = await rackctl(["-n", "dns-example", "scale", "sg/dns", "--replicas", "2", "--dry-run"]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^Warning: the size of this group is decided by the Active ScalingPolicy "dns"/);
    });
  });
}
