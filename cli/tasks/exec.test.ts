import { Subject } from "rxjs";
import { describe, expect, it } from "vitest";
import type { AgentApi, ExecEnd, ExecOutput, ExecProgram } from "../../drivers/compute/agent-api.js";
import { exitCodeOf, type Program, runProgram, type Terminal } from "./exec.js";

/** A program that ends when its input does, and says back what it got; everything that happened, in order. */
function stage(end: ExecEnd) {
  const seen: string[] = [];
  const listeners: { type(bytes: Uint8Array): void; end(): void; resize(): void }[] = [];
  const api: Pick<AgentApi, "exec"> = {
    async exec({ taskId }, program: ExecProgram) {
      seen.push(`run ${program.argv.join(" ")} in ${taskId} tty ${JSON.stringify(program.tty)}`);
      const output$ = new Subject<ExecOutput>();
      let finish: (end: ExecEnd) => void = () => {};
      const ended = new Promise<ExecEnd>((resolve) => {
        finish = resolve;
      });
      return {
        output$,
        ended,
        write: async (bytes) => output$.next({ stream: "stdout", bytes }),
        endInput() {
          seen.push("end of input");
          output$.complete();
          finish(end);
        },
        resize: (size) => seen.push(`resize ${size.rows}`),
        close: () => seen.push("close"),
      };
    },
  };
  const stopped = (what: string) => ({ stop: () => void seen.push(`${what} off`) });
  const terminal: Terminal = {
    isTerminal: true,
    size: () => ({ rows: 30, columns: 90 }),
    input(listen, over) {
      listeners.push({ type: listen, end: over, resize() {} });
      return stopped("input");
    },
    raw: () => stopped("raw"),
    resized(listen) {
      listeners.push({ type() {}, end() {}, resize: () => listen({ rows: 40, columns: 90 }) });
      return stopped("resize");
    },
    write: ({ stream, bytes }) => void seen.push(`${stream}: ${Buffer.from(bytes)}`),
  };
  const run = (fields: Partial<Program>) =>
    runProgram(
      api,
      { taskId: "t" },
      { argv: ["sh"], terminal, isTty: false, isInput: false, user: undefined, ...fields },
    );
  return { run, seen, listeners };
}

describe("a program beside a task", () => {
  it("has no input unless it is asked for", async () => {
    const { run, seen } = stage({ type: "exited", exitCode: 0 });
    expect(await run({})).toEqual({ type: "exited", exitCode: 0 });
    expect(seen).toEqual(["run sh in t tty undefined", "end of input", "close"]);
  });

  it("gets keys and sizes of the terminal, which is as before in the end", async () => {
    const { run, seen, listeners } = stage({ type: "exited", exitCode: 3 });
    const ended = run({ isTty: true, isInput: true });
    await Promise.resolve();
    for (const { resize } of listeners) resize();
    for (const { type } of listeners) type(Buffer.from("ls\r"));
    for (const { end } of listeners) end();
    expect(await ended).toEqual({ type: "exited", exitCode: 3 });
    expect(seen).toEqual([
      'run sh in t tty {"rows":30,"columns":90}',
      "resize 40",
      "stdout: ls\r",
      "end of input",
      "raw off",
      "resize off",
      "input off",
      "close",
    ]);
  });

  it.each<[ExecEnd, number]>([
    [{ type: "exited", exitCode: 0 }, 0],
    [{ type: "exited", exitCode: 42 }, 42],
    [{ type: "signalled", signal: 9 }, 137],
    [{ type: "unknown", reason: "the agent is gone" }, 1],
  ])("%o is exit code %d", (end, code) => expect(exitCodeOf(end)).toBe(code));
});
