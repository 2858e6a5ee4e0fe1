import { describe, expect, it } from "vitest";
import { expectRefusal, type Workplace } from "./workplace.js";

/** The end of everything that a rack runs. */
export function testFramework({ ok, rackctl }: Workplace): void {
  describe("rackctl framework teardown", () => {
    it("tells what would end, and refuses without the exact name and while groups are meant to run", async () => {
      const loss = /^framework \S+ \(\S+\) of Rack torc: \d+ running tasks would end at once/m;
      expect(await ok("framework", "teardown", "rack/torc", "--dry-run")).toMatch(loss);
      expectRefusal(
        await rackctl(["framework", "teardown", "rack/torc"]),
        "the framework of Rack torc is not torn down: confirm",
      );
      const name = "rackwright";
      const kept = await rackctl(["framework", "teardown", "rack/torc", "--yes-i-know", `${name}x`]);
      expectRefusal(kept, `the framework of Rack torc is not torn down: confirm with --yes-i-know`);
    });
  });
}
