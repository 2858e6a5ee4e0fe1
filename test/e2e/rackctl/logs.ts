import { describe, expect, it } from "vitest";
import { script, type Workplace } from "./workplace.js";

/** What tasks write. */
export function testLogs({ apply, available, begin, ok, rackctl }: Workplace): void {
  describe("rackctl logs", () => {
    it("shows what tasks wrote, of one and of several, stdout and stderr apart", async () => {
      await apply("talking", { shell: script("hello"), instances: 2 });
      const [first, second] = await available("talking", 2);
      const one = await rackctl(["logs", `inst/${first?.metadata.name}`]);
      expect(one.stdout).toContain(`hello ${first?.spec.number}\n`);
      expect(one.stderr).toContain(`trouble ${first?.spec.number}\n`);
      const quiet = await rackctl(["logs", `inst/${first?.metadata.name}`, "--stdout", "--tail", "1"]);
      expect(quiet).toMatchObject({ code: 0, stdout: `hello ${first?.spec.number}\n`, stderr: "" });
      const both = await ok("logs", "sg/talking", "--stdout");
      for (const instance of [first, second])
        expect(both).toContain(`[${instance?.metadata.name}] hello ${instance?.spec.number}\n`);
    });

    it("shows the task that ran before a restart", async () => {
      await apply("again", { shell: `echo "begun at $(date +%s%N) on $NODE"; sleep 1000` });
      const [before] = await available("again", 1);
      const first = await ok("logs", `inst/${before?.metadata.name}`);
      expect(await ok("rollout", "restart", "sg/again")).toBe("servicegroup.rackwright.dev/again restarted\n");
      await ok("rollout", "status", "sg/again", "--timeout", "60s");
      const [after] = await available("again", 1);
      expect(after?.metadata.name).not.toBe(before?.metadata.name);
      expect(await ok("logs", `inst/${after?.metadata.name}`)).not.toBe(first);
      expect(await ok("logs", `inst/${after?.metadata.name}`, "--previous")).toBe(first);
    });

    it("follows a task until it ends", async () => {
      await apply("counting", { shell: "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.5; done; sleep 600" });
      const [counting] = await available("counting", 1);
      const following = begin(["logs", `inst/${counting?.metadata.name}`, "-f", "--stdout"]);
      await following.says(/^line 9$/m, 30_000);
      await ok("suspend", "sg/counting");
      expect((await following.ended).code).toBe(0);
      const lines = following
        .stdout()
        .split("\n")
        .filter((line) => line.startsWith("line "));
      expect(lines).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => `line ${number}`));
    });

    it("goes on where an output file was begun anew because it had grown long", async () => {
      const block = "head -c 3000000 /dev/zero | tr '\\0' x";
      const shell = `n=0; while :; do n=$((n+1)); ${block}; echo; echo "line $n"; sleep 1; done`;
      await apply("verbose", { shell });
      const [verbose] = await available("verbose", 1);
      const following = begin(["logs", `inst/${verbose?.metadata.name}`, "-f", "--stdout"]);
      // beyond 8 MB the simulated agent rotates, at most ten seconds later
      await following.says(/^line 25$/m, 60_000);
      following.signal("SIGINT");
      await following.ended;
      const numbers = [...following.stdout().matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
      expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1));
      const last = begin(["logs", `inst/${verbose?.metadata.name}`, "-f", "--stdout", "--tail", "1"]);
      await last.says(/^line \d+$/m, 30_000);
      last.signal("SIGINT");
      await last.ended;
      expect(Number(/^line (\d+)$/m.exec(last.stdout())?.[1])).toBeGreaterThanOrEqual(25);
      await ok("suspend", "sg/verbose");
    });
  });
}
