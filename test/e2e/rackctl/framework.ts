import { describe, expect, it, vi } from "vitest";
import { Rack } from "../../../api-types/rack.js";
import { expectRefusal, PATIENCE, script, type Workplace } from "./workplace.js";

/** The end of everything that a rack runs. */
export function testFramework({ apply, available, client, ok, rackctl, tasks }: Workplace): void {
  const frameworkId = async () => (await client().get(Rack, { name: "torc" })).status?.frameworkID;

  describe("rackctl framework teardown", () => {
    it("tells what would end, and refuses without the exact name and while groups are meant to run", async () => {
      const loss = /^framework \S+ \(\S+\) of Rack torc: \d+ running tasks would end at once/m;
      expect(await ok("framework", "teardown", "rack/torc", "--dry-run")).toMatch(loss);
      const refusal = "the framework of Rack torc is not torn down:";
      const confirm = `${refusal} confirm with --yes-i-know torc-scheduler`;
      expectRefusal(await rackctl(["framework", "teardown", "rack/torc"]), confirm);
      const other = await rackctl(["framework", "teardown", "rack/torc", "--yes-i-know", "torc"]);
      expectRefusal(other, `${confirm} (not torc)`);
      const early = await rackctl(["framework", "teardown", "rack/torc", "--yes-i-know", "torc-scheduler"]);
      expectRefusal(early, refusal);
      expect(early.stderr).toMatch(/are meant to run; suspend or delete them first, or add --force\n$/);
    });

    it("ends every task at once; a new framework is registered, and what was not suspended starts again", async () => {
      await apply("again-after", { shell: script("again") });
      await apply("resting", { shell: script("resting") });
      const [before] = await available("again-after", 1);
      await available("resting", 1);
      await ok("suspend", "sg/resting");
      await ok("rollout", "status", "sg/resting", "--timeout", "60s");
      const [framework, processes] = [await frameworkId(), await tasks()];
      const torn = await ok("framework", "teardown", "rack/torc", "--yes-i-know", "torc-scheduler", "--force");
      expect(torn).toContain(`framework torc-scheduler (${framework}) is torn down\n`);
      await vi.waitFor(async () => {
        const pids = new Set((await tasks()).map(({ pid }) => pid));
        expect(processes.filter(({ pid }) => pids.has(pid))).toEqual([]);
        expect(await frameworkId()).not.toBe(framework);
      }, PATIENCE);
      await vi.waitFor(async () => {
        const [after] = await available("again-after", 1);
        expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
      }, PATIENCE);
      expect((await tasks()).filter(({ taskId }) => taskId.includes(".resting-"))).toEqual([]);
    });
  });
}
