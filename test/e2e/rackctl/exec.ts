import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { start } from "../product/rackctl.js";
import { script, type Workplace } from "./workplace.js";

/** Programs beside tasks. */
export function testExec({ access, apply, available, entry, folder, rackctl }: Workplace): void {
  describe("rackctl exec", () => {
    it("runs a program beside a task: output, input and exit code", async () => {
      await apply("open", { shell: script("open"), env: [{ name: "COLOUR", value: "red" }] });
      const [instance] = await available("open", 1);
      const exec = (argv: readonly string[], flags: readonly string[] = [], input = "") =>
        rackctl(["exec", `inst/${instance?.metadata.name}`, ...flags, "--", ...argv], { input });
      expect(await exec(["echo", "-n", "hello"])).toMatchObject({ code: 0, stdout: "hello", stderr: "" });
      expect(await exec(["sh", "-c", "echo out; echo err >&2; exit 3"])).toMatchObject({
        code: 3,
        stdout: "out\n",
        stderr: "err\n",
      });
      expect(await exec(["cat"], ["-i"], "through and back\n")).toMatchObject({
        code: 0,
        stdout: "through and back\n",
      });
      expect((await exec(["sh", "-c", "kill -9 $$"])).code).toBe(137);
    });

    it("answers each line of input before the input ends", async () => {
      await apply("echoing", { shell: script("echoing") });
      const [instance] = await available("echoing", 1);
      const words = ["exec", `inst/${instance?.metadata.name}`, "-i", "--", "cat"];
      const cat = start(process.execPath, [entry(), ...access(), ...words], { isInputOpen: true, timeoutMs: 100_000 });
      let heard = "";
      for (const line of ["first\n", "second\n", "third\n"]) {
        cat.write(line);
        heard += line;
        await cat.says(new RegExp(`^${heard}$`), 30_000);
      }
      cat.write();
      expect(await cat.ended).toMatchObject({ code: 0, stdout: heard, stderr: "" });
    });

    // elsewhere `script` has other flags
    it.runIf(process.platform === "linux")("gives a program a terminal where it has one itself", async () => {
      await apply("typing", { shell: script("typing") });
      const [instance] = await available("typing", 1);
      const program = "'test -t 0 && echo ready; read line; echo \"heard $line\"; exit 4'";
      const words = [...access(), "exec", `inst/${instance?.metadata.name}`, "-it", "--", "sh", "-c", program];
      // a terminal for what it runs
      const inTerminal = ["-qefc", [process.execPath, entry(), ...words].join(" "), "/dev/null"];
      const typing = start("script", inTerminal, { isInputOpen: true, timeoutMs: 100_000 });
      await typing.says(/^ready\r$/m, 30_000);
      typing.write("some words\r");
      await typing.says(/^heard some words\r$/m, 30_000);
      typing.write();
      expect((await typing.ended).code).toBe(4);
    });

    it.runIf(process.platform === "linux")("passes on the size of the terminal, also when that changes", async () => {
      await apply("sized-window", { shell: script("sized") });
      const [instance] = await available("sized-window", 1);
      const program = "'stty size; trap \"stty size; exit 0\" WINCH; while :; do sleep 0.1; done'";
      const words = [...access(), "exec", `inst/${instance?.metadata.name}`, "-it", "--", "sh", "-c", program];
      const verb = [process.execPath, entry(), ...words].join(" ");
      const resized = "(while ! test -e resize; do sleep 0.1; done; stty -F /dev/tty rows 50 cols 132) &";
      const command = `cd ${folder}; stty rows 30 cols 100; ${resized} ${verb}`;
      const terminal = start("script", ["-qefc", command, "/dev/null"], { isInputOpen: true, timeoutMs: 100_000 });
      await terminal.says(/^30 100\r$/m, 30_000);
      writeFileSync(join(folder, "resize"), "");
      await terminal.says(/^50 132\r$/m, 30_000);
      terminal.write();
      expect((await terminal.ended).code).toBe(0);
    });
  });
}
