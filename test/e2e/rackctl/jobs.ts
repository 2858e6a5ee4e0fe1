import { describe, expect, it } from "vitest";
import type { Workplace } from "./workplace.js";

/** Services that end. */
export function testJobs({ apply, instancesOf, ok, rackctl }: Workplace): void {
  const exitCodes = async (group: string) =>
    (await instancesOf(group)).map(({ status }) => status?.lastStatus?.exitCode);

  describe("jobs", () => {
    it("are followed until so many have succeeded, whose exit codes and output stay", async () => {
      const job = { completions: 3, backoffLimit: 1 };
      await apply("done", { mode: "Job", instances: 2, job, image: "job", args: ["--seconds", "0.2"] });
      expect(await ok("rollout", "status", "sg/done", "--timeout", "60s")).toContain("web: 3 of 3 done, 0 failed\n");
      expect(await exitCodes("done")).toEqual([0, 0, 0]);
      expect((await ok("logs", "sg/done", "--stdout")).match(/0\.2 of 0\.2 s$/gm)).toHaveLength(3);
    });

    it("give up after too many failures, and the exit code tells why", async () => {
      const job = { completions: 1, backoffLimit: 1 };
      await apply("broken", { mode: "Job", job, shell: "echo trying; exit 7" });
      const followed = await rackctl(["rollout", "status", "sg/broken", "--timeout", "60s"]);
      expect(followed.code).toBe(1);
      expect(`${followed.stdout}${followed.stderr}`).toContain("web: 0 of 1 done, 2 failed; the job gave up");
      expect(new Set(await exitCodes("broken"))).toEqual(new Set([7]));
      expect(await ok("logs", "sg/broken", "--stdout")).toContain("trying\n");
    });
  });
}
