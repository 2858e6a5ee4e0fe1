import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStatus } from "../../../../api-types/meta/status-error.js";
import { seededRandom } from "../../../../platform/random.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import type { ExecOutput, ExecProgram } from "../../agent-api.js";
import { encodeRecord } from "../recordio.js";
import { createAgentApi } from "./api.js";
import { endFrom } from "./exec.js";
import { scriptedAgent } from "./harness.js";
import type { WireProcessIo } from "./wire.js";

const STATE = {
  frameworks: [
    { id: "f", executors: [{ id: "t", directory: "/d", container: "c", tasks: [{ id: "t", state: "TASK_RUNNING" }] }] },
  ],
};

function start() {
  const clock = virtualClock();
  const agent = scriptedAgent();
  agent.gets.set("http://a:5051/state", STATE);
  const api = createAgentApi({ transport: agent.handler, url: "http://a:5051", clock, random: seededRandom(1) });
  return { clock, agent, api };
}

/** A session whose output is kept. */
async function session(program: Partial<ExecProgram> = {}) {
  const world = start();
  const running = await world.api.exec({ taskId: "t" }, { argv: ["/bin/cat", "-u"], tty: undefined, ...program });
  const output: ExecOutput[] = [];
  const ending: { how?: string } = {};
  running.output$.subscribe({
    next: (piece) => output.push(piece),
    error: (error: unknown) => (ending.how = String(error)),
    complete: () => (ending.how = "complete"),
  });
  const text = (stream: string) =>
    Buffer.concat(output.filter((piece) => piece.stream === stream).map(({ bytes }) => bytes)).toString("utf8");
  return { ...world, running, output, ending, text, settle: () => world.clock.advance(0) };
}

const out = (text: string, type: "STDOUT" | "STDERR" = "STDOUT"): WireProcessIo => ({
  type: "DATA",
  data: { type, data: Buffer.from(text).toString("base64") },
});

const CONTAINER = { value: expect.stringMatching(/^[0-9a-f-]{36}$/), parent: { value: "c" } };

describe("a program beside a task", () => {
  it("is started in a container inside the task's", async () => {
    const { agent } = await session();
    expect(agent.calls[0]).toEqual({
      type: "LAUNCH_NESTED_CONTAINER_SESSION",
      launch_nested_container_session: {
        container_id: CONTAINER,
        command: { shell: false, value: "/bin/cat", arguments: ["/bin/cat", "-u"] },
      },
    });
  });

  it("gets a terminal and a user when asked", async () => {
    const { agent } = await session({ tty: { rows: 24, columns: 80 }, user: "nobody" });
    expect(agent.calls[0]).toMatchObject({
      launch_nested_container_session: {
        command: { user: "nobody" },
        container: { type: "MESOS", tty_info: { window_size: { rows: 24, columns: 80 } } },
      },
    });
  });

  it("is heard, and its end told", async () => {
    const { agent, running, ending, text, settle } = await session();
    agent.say({ type: "CONTROL", control: { type: "HEARTBEAT" } });
    agent.say(out("hello "));
    agent.say(out("oops", "STDERR"));
    agent.say(out("world"));
    await settle();
    expect([text("stdout"), text("stderr")]).toEqual(["hello world", "oops"]);
    agent.exit(3 << 8);
    expect(await running.ended).toEqual({ type: "exited", exitCode: 3 });
    expect(ending.how).toBe("complete");
    expect(agent.calls.at(-1)).toEqual({
      type: "WAIT_NESTED_CONTAINER",
      wait_nested_container: { container_id: CONTAINER },
    });
  });

  it("is heard whole however its output is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        async (texts, size) => {
          const { agent, running, text } = await session();
          const bytes = Buffer.concat(texts.map((piece) => encodeRecord(out(piece))));
          for (let at = 0; at < bytes.length; at += size) agent.sayBytes(bytes.subarray(at, at + size));
          agent.exit(0);
          expect(await running.ended).toEqual({ type: "exited", exitCode: 0 });
          expect(text("stdout")).toBe(texts.join(""));
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });

  it("is fed in order, with heartbeats while nothing comes, and the end of its input", async () => {
    const { agent, running, clock, settle } = await session();
    void running.write(Buffer.from("ab"));
    void running.write(Buffer.alloc(40_000, "x"));
    await settle();
    await clock.advance(31_000);
    running.endInput();
    void running.write(Buffer.from("too late"));
    await settle();
    const inputs = agent.calls.flatMap((call) =>
      call.type === "ATTACH_CONTAINER_INPUT" ? [call.attach_container_input] : [],
    );
    expect(inputs[0]).toEqual({ type: "CONTAINER_ID", container_id: CONTAINER });
    const io = inputs.flatMap((input) => (input.type === "PROCESS_IO" ? [input.process_io] : []));
    const told = io.map((each) =>
      each.type === "DATA" ? Buffer.from(each.data.data ?? "", "base64").length : each.control.type,
    );
    expect(told).toEqual([2, 32_768, 7_232, "HEARTBEAT", 0]);
  });

  it("with a terminal is told its size, and its end by a character", async () => {
    const { agent, running, settle } = await session({ tty: { rows: 24, columns: 80 } });
    running.resize({ rows: 50, columns: 132 });
    running.endInput();
    await settle();
    expect(agent.calls.slice(2)).toMatchObject([
      {
        attach_container_input: {
          process_io: {
            type: "CONTROL",
            control: { type: "TTY_INFO", tty_info: { window_size: { rows: 50, columns: 132 } } },
          },
        },
      },
      { attach_container_input: { process_io: { type: "DATA", data: { type: "STDIN", data: "BA==" } } } },
    ]);
  });

  it("gets no connection for input that never comes", async () => {
    const { agent, running } = await session();
    agent.exit(0);
    await running.ended;
    expect(agent.calls.map(({ type }) => type)).toEqual(["LAUNCH_NESTED_CONTAINER_SESSION", "WAIT_NESTED_CONTAINER"]);
  });

  it("ends with the session", async () => {
    const { agent, running, settle } = await session();
    void running.write(Buffer.from("x"));
    running.close();
    expect(await running.ended).toEqual({ type: "unknown", reason: "closed" });
    await settle();
    expect(agent.isAbandoned()).toBe(true);
  });

  it("ends with the api", async () => {
    const { agent, api, settle } = await session();
    api.close();
    await settle();
    expect(agent.isAbandoned()).toBe(true);
  });

  it("is given up when the agent is lost", async () => {
    const { agent, running, ending } = await session();
    agent.say(out("a"));
    agent.cut();
    expect(await running.ended).toEqual({ type: "unknown", reason: "socket hang up" });
    expect(ending.how).toContain("socket hang up");
  });

  it.each([
    ["a damaged record", Buffer.from("x")],
    ["an oversized record", Buffer.from("99999999\n")],
    ["a record that is not JSON", Buffer.from("3\nabc")],
    ["an end inside a record", Buffer.from("9\nabc")],
  ])("is given up after %s", async (_name, bytes) => {
    const { agent, running, ending } = await session();
    agent.sayBytes(bytes);
    agent.exit(0);
    expect(await running.ended).toMatchObject({ type: "unknown" });
    expect(ending.how).not.toBe("complete");
  });

  it("is given up when its input is refused", async () => {
    const { agent, running, settle } = await session();
    agent.intercept = (type) =>
      type === "ATTACH_CONTAINER_INPUT"
        ? { status: 409, headers: {}, body: Buffer.from("attached already") }
        : undefined;
    void running.write(Buffer.from("x"));
    await settle();
    expect(await running.ended).toMatchObject({ type: "unknown" });
  });

  it("ends unknown when the agent does not tell how", async () => {
    const { agent, running, ending } = await session();
    agent.intercept = (type) =>
      type === "WAIT_NESTED_CONTAINER" ? { status: 404, headers: {}, body: new Uint8Array(0) } : undefined;
    agent.exit(0);
    expect(await running.ended).toMatchObject({ type: "unknown", reason: expect.stringContaining("404") });
    expect(ending.how).toBe("complete");
  });
});

describe("starting a program is refused", () => {
  it.each([
    { name: "in a task that is not there", taskId: "never", argv: ["sh"], reason: "NotFound" },
    { name: "without a program", taskId: "t", argv: [], reason: "Invalid" },
  ] as const)("$name", async ({ taskId, argv, reason }) => {
    const error = await start()
      .api.exec({ taskId }, { argv, tty: undefined })
      .catch((caught: unknown) => caught);
    expect(isStatus(error, reason)).toBe(true);
  });

  it("in a task that does not run", async () => {
    const { agent, api } = start();
    const ended = { id: "t", directory: "/d", container: "c", completed_tasks: [{ id: "t", state: "TASK_FINISHED" }] };
    agent.gets.set("http://a:5051/state", { frameworks: [{ id: "f", completed_executors: [ended] }] });
    const error = await api.exec({ taskId: "t" }, { argv: ["sh"], tty: undefined }).catch((caught: unknown) => caught);
    expect(isStatus(error, "Conflict")).toBe(true);
  });

  it.each([
    [400, "unsupported", "Invalid"],
    [403, "", "Forbidden"],
    [404, "Container not found", "NotFound"],
  ] as const)("by the agent with %i", async (status, text, reason) => {
    const { agent, api } = start();
    agent.intercept = () => ({ status, headers: {}, body: Buffer.from(text) });
    const error = await api.exec({ taskId: "t" }, { argv: ["sh"], tty: undefined }).catch((caught: unknown) => caught);
    expect(isStatus(error, reason)).toBe(true);
    expect(String(error)).toContain(`running sh in task t: the agent answered ${status}`);
  });
});

describe("the end of a program", () => {
  it.each([
    [0, { type: "exited", exitCode: 0 }],
    [7 << 8, { type: "exited", exitCode: 7 }],
    [9, { type: "signalled", signal: 9 }],
    [0x80 | 11, { type: "signalled", signal: 11 }],
    [undefined, { type: "unknown", reason: "the agent did not tell" }],
  ])("%s", (status, end) => {
    expect(endFrom(status)).toEqual(end);
  });
});
