import { describe, expect, it } from "vitest";
import type { HttpHandler, HttpResponse } from "../../../platform/transport.js";
import { answerOf, rackWithTask } from "../testing/rack.js";
import { launchOn, offersIn, post, sleeper, statesOf } from "../testing/scheduler-client.js";

function get(handler: HttpHandler, url: string): Promise<HttpResponse> {
  return handler({ method: "GET", url, headers: {} });
}

function record(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  return Buffer.concat([Buffer.from(`${body.length}\n`), body]);
}

/** The ProcessIO records of a session's answer, read to its end. */
async function recordsOf(
  response: HttpResponse,
): Promise<readonly { readonly type: string; readonly data?: { readonly data: string } }[]> {
  const records = [];
  if (response.body instanceof Uint8Array) throw new Error(Buffer.from(response.body).toString());
  for await (const chunk of response.body) {
    const text = Buffer.from(chunk).toString("utf8");
    records.push(JSON.parse(text.slice(text.indexOf("\n") + 1)));
  }
  return records;
}

function textOf(records: Awaited<ReturnType<typeof recordsOf>>): string {
  return records.map(({ data }) => Buffer.from(data?.data ?? "", "base64").toString()).join("");
}

interface StateFrameworks {
  readonly frameworks: readonly {
    readonly executors: readonly { readonly directory: string; readonly container: string }[];
    readonly completed_executors: readonly { readonly id: string; readonly directory: string }[];
  }[];
}

describe("the sandbox of a task", () => {
  it("is named by /state, listed and read in parts; -1 asks for the size", async () => {
    const { master } = await rackWithTask();
    const agent = master.agentHandler("blade1");
    const state = (await answerOf(get(agent, "/state"))) as unknown as StateFrameworks;
    const directory = state.frameworks[0]?.executors[0]?.directory ?? "";
    expect(directory).toMatch(/^\/var\/lib\/mesos\/slaves\/m-S0\/frameworks\/m-0000\/executors\/t\/runs\/[\w-]+$/);
    const listed = await answerOf(get(agent, `/files/browse?path=${encodeURIComponent(directory)}`));
    expect(listed).toMatchObject([
      { path: `${directory}/stderr`, size: 0 },
      { path: `${directory}/stdout`, nlink: 1 },
    ]);
    const read = (query: string) =>
      answerOf(get(agent, `/files/read?path=${encodeURIComponent(`${directory}/stdout`)}&${query}`));
    const size = ((await read("offset=-1")) as unknown as { offset: number }).offset;
    expect(await read("offset=0&length=4")).toEqual({ data: "2026", offset: 0 });
    expect(await read(`offset=${size}`)).toEqual({ data: "", offset: size });
    expect((await get(agent, "/files/read?path=/etc/passwd&offset=0")).status).toBe(404);
    expect((await get(agent, `/files/browse?path=${encodeURIComponent(`${directory}/../..`)}`)).status).toBe(404);
  });

  it("can be read after the task has ended", async () => {
    const { master, runner, clock } = await rackWithTask();
    runner.exit("t", { code: 1 });
    await clock.advance(100);
    const agent = master.agentHandler("blade1");
    const state = (await answerOf(get(agent, "/state"))) as unknown as StateFrameworks;
    const ended = state.frameworks[0]?.completed_executors[0];
    expect(ended?.id).toBe("t");
    const path = `${ended?.directory}/stdout`;
    const part = await answerOf(post(agent, "/api/v1", { type: "READ_FILE", read_file: { path, offset: 0 } }));
    const { data } = (part as unknown as { read_file: { data: string } }).read_file;
    expect(Buffer.from(data, "base64").toString()).toContain("ended");
  });
});

describe("a program beside a task", () => {
  it("gets its input, sends its output and tells how it ended", async () => {
    const { master, clock } = await rackWithTask();
    const agent = master.agentHandler("blade1");
    const { get_containers }: Readonly<Record<string, unknown>> = await answerOf(
      post(agent, "/api/v1", { type: "GET_CONTAINERS" }),
    );
    const parent = (get_containers as { containers: { container_id: { value: string } }[] }).containers[0]
      ?.container_id;
    const container_id = { value: "shell", parent };
    const session = await post(agent, "/api/v1", {
      type: "LAUNCH_NESTED_CONTAINER_SESSION",
      launch_nested_container_session: { container_id, command: { shell: false, value: "cat", arguments: ["cat"] } },
    });
    const records = recordsOf(session);
    const waited = answerOf(
      post(agent, "/api/v1", { type: "WAIT_NESTED_CONTAINER", wait_nested_container: { container_id } }),
    );
    await clock.advance(10);
    const input = (part: unknown) => record({ type: "ATTACH_CONTAINER_INPUT", attach_container_input: part });
    const data = (text: string) => ({
      type: "PROCESS_IO",
      process_io: { type: "DATA", data: { type: "STDIN", data: Buffer.from(text).toString("base64") } },
    });
    async function* pieces() {
      const whole = Buffer.concat([
        input({ type: "CONTAINER_ID", container_id }),
        input(data("hello")),
        input(data("")),
      ]);
      for (let at = 0; at < whole.length; at += 7) yield whole.subarray(at, at + 7);
    }
    const headers = { "content-type": "application/recordio", "message-content-type": "application/json" };
    const attached = await agent({ method: "POST", url: "/api/v1", headers, bodyStream: pieces() });
    expect(attached.status).toBe(200);
    expect(textOf(await records)).toBe("pretended: cat\nhello");
    expect(await waited).toMatchObject({ wait_nested_container: { exit_status: 0 } });
  });

  it("is refused where no task runs", async () => {
    const { master } = await rackWithTask();
    const container_id = { value: "shell", parent: { value: "nobody" } };
    const answer = await post(master.agentHandler("blade1"), "/api/v1", {
      type: "LAUNCH_NESTED_CONTAINER_SESSION",
      launch_nested_container_session: { container_id, command: { value: "true" } },
    });
    expect(answer.status).toBe(404);
  });
});

describe("an executor of a framework's own", () => {
  it("runs its command for each task, holds its resources once, and ends with the last of them", async () => {
    const { master, clock, client, runner } = await rackWithTask();
    const agentId = { value: "m-S1" };
    const executor = {
      type: "CUSTOM" as const,
      executor_id: { value: "own" },
      framework_id: { value: client.frameworkId() },
      name: "own",
      command: { value: "./run" },
      resources: [
        { name: "cpus", type: "SCALAR", scalar: { value: 1 } },
        { name: "mem", type: "SCALAR", scalar: { value: 64 } },
      ],
    };
    const { command: _, ...bare } = sleeper("e1", agentId.value);
    const other = offersIn(client).find((offer) => offer.hostname === "blade2");
    const data = Buffer.from("job 7").toString("base64");
    await launchOn(client, other?.id.value ?? "", [
      { ...bare, executor, data },
      { ...bare, name: "e2", task_id: { value: "e2" }, executor },
    ]);
    await clock.advance(2000);
    const [first] = runner.running().filter(({ task }) => task.taskId === "e1");
    expect(first?.task.argv).toEqual(["./run"]);
    expect(first?.task.env).toMatchObject({ MESOS_EXECUTOR_ID: "own", TASK_DATA: "job 7", TASK_ID: "e1" });
    const rest = offersIn(client).findLast((offer) => offer.hostname === "blade2");
    expect(rest?.executor_ids).toEqual([{ value: "own" }]);
    expect(rest?.resources?.find(({ name }) => name === "cpus")?.scalar?.value).toBe(2.8);
    for (const id of ["e1", "e2"]) await client.call({ type: "KILL", kill: { task_id: { value: id } } });
    await clock.advance(3000);
    expect(statesOf(client, "e2").at(-1)).toBe("TASK_KILLED");
    expect(client.events).toContainEqual({
      type: "FAILURE",
      failure: { agent_id: agentId, executor_id: { value: "own" }, status: 0 },
    });
    expect(await answerOf(post(master.handler, "/api/v1", { type: "GET_EXECUTORS" }))).toMatchObject({
      get_executors: { executors: [] },
    });
  });
});
