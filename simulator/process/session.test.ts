import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it, vi } from "vitest";
import type { SessionListener } from "../mesos/task-runner.js";
import { startSession } from "./session.js";

type SessionEnd = Parameters<SessionListener["end"]>[0];

/** Runs a program to its end, with what is typed. */
function run(argv: readonly string[], { isTerminal = false, input = "" } = {}) {
  const written = { stdout: "", stderr: "" };
  return new Promise<{ end: SessionEnd } & typeof written>((resolve) => {
    const place = { directory: tmpdir(), env: { PATH: "/usr/bin:/bin" } };
    const session = startSession(
      place,
      { argv, env: { COLOUR: "red" }, isTerminal },
      {
        output: (stream, bytes) => {
          written[stream] += Buffer.from(bytes).toString();
        },
        end: (end) => resolve({ end, ...written }),
      },
    );
    session.write(Buffer.from(input));
    session.endInput();
  });
}

describe("a program beside a task", () => {
  it("has pipes: streams apart, input, environment, exit code", async () => {
    const script = "read word; echo $COLOUR $word; echo bad >&2; exit 3";
    expect(await run(["sh", "-c", script], { input: "in\n" })).toEqual({
      end: { code: 3 },
      stdout: "red in\n",
      stderr: "bad\n",
    });
    expect((await run(["/no/such/program"])).end).toEqual({ code: 127 });
    expect((await run(["sh", "-c", "kill -9 $$"])).end).toEqual({ signal: "SIGKILL" });
  });

  it.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))(
    "has a terminal where `script` is there",
    async () => {
      const argv = ["sh", "-c", 'test -t 0 && test -t 1 && echo "it\'s $1"; exit 5', "sh", "a 'quoted' word"];
      const { end, stdout } = await run(argv, { isTerminal: true });
      expect(end).toEqual({ code: 5 });
      expect(stdout).toContain("it's a 'quoted' word\r\n");
    },
  );

  it.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))(
    "has a terminal of the size that is wanted, also when that changes",
    async () => {
      let heard = "";
      const hears = (text: string) => vi.waitFor(() => expect(heard).toContain(text), { timeout: 10_000 });
      const program = "stty size; trap 'stty size; exit' WINCH; while :; do sleep 0.1; done";
      const session = startSession(
        { directory: tmpdir(), env: { PATH: "/usr/bin:/bin" } },
        { argv: ["sh", "-c", program], env: {}, isTerminal: true, window: { rows: 30, columns: 100 } },
        {
          output: (_, bytes) => {
            heard += Buffer.from(bytes).toString();
          },
          end: () => {
            heard += "ended";
          },
        },
      );
      await hears("30 100");
      session.resize({ rows: 50, columns: 132 });
      await hears("50 132");
      await hears("ended");
      session.kill();
    },
  );
});
