import { describe, expect, it } from "vitest";
import { isStatus } from "../../../../api-types/meta/status-error.js";
import { seededRandom } from "../../../../platform/random.js";
import type { HttpHandler, HttpRequest } from "../../../../platform/transport.js";
import { virtualClock } from "../../../../platform/virtual-clock.js";
import { type RecordedLine, recording } from "../replay/recording.js";
import { createAgentApi } from "./api.js";
import { sandboxIn } from "./sandbox.js";

const LINES = recording("17-legacy");
const STATE = answerTo((line) => line.to === "127.0.0.1:5051" && line.path === "/state").body;
const RUN = STATE.frameworks[0].executors[0];

/** The recorded answer to the first request that fits. */
function answerTo(isSought: (line: RecordedLine) => boolean): RecordedLine {
  const at = LINES.findIndex((line) => line.kind === "request" && isSought(line));
  return LINES[at + 1] ?? expect.fail("no such request was recorded");
}

/** Plays the recorded agent: a request is answered as the recorded one of the same method, path and body was. */
const recordedAgent: HttpHandler = async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  const answer = answerTo((line) => {
    const [path, query] = (line.path ?? "").split("?");
    const isSame = new URLSearchParams(query).toString() === searchParams.toString();
    return line.to === "127.0.0.1:5051" && path === pathname && isSame && isSameBody(line, request);
  });
  const headers = { "content-type": answer.headers?.["Content-Type"] ?? "" };
  return { status: answer.status ?? 0, headers, body: Buffer.from(answer.body_text ?? JSON.stringify(answer.body)) };
};

function isSameBody(line: RecordedLine, { method, body }: HttpRequest): boolean {
  if (method === "GET") return line.body === undefined;
  return JSON.stringify(line.body) === Buffer.from(body ?? []).toString("utf8");
}

function api(transport: HttpHandler = recordedAgent) {
  return createAgentApi({ transport, url: "http://127.0.0.1:5051/", clock: virtualClock(), random: seededRandom(1) });
}

describe("the recorded agent", () => {
  it("tells where a running task's files are", async () => {
    expect(await api().sandbox({ taskId: "op-run" })).toEqual({
      directory: RUN.directory,
      containerIds: ["f048feb8-d658-4744-bf7f-270bdcba1648"],
      isRunning: true,
    });
  });

  it("tells where those of a task that ended are", async () => {
    const sandbox = await api().sandbox({ taskId: "op-failed" });
    expect(sandbox).toMatchObject({ containerIds: [], isRunning: false });
    expect(sandbox.directory).toContain("/executors/op-failed/runs/e22633f1-838d-4918-a085-2932f30a907b");
  });

  it("does not know other tasks, nor those of other frameworks", async () => {
    for (const task of [{ taskId: "never" }, { taskId: "op-run", frameworkId: "other" }]) {
      const error = await api()
        .sandbox(task)
        .catch((reason: unknown) => reason);
      expect(isStatus(error, "NotFound")).toBe(true);
      expect(String(error)).toContain(`looking for task ${task.taskId} on its agent`);
    }
  });

  it("lists the files", async () => {
    expect(await api().list(RUN.directory)).toEqual([
      expect.objectContaining({ path: `${RUN.directory}/stderr`, sizeBytes: 875, isDirectory: false, user: "root" }),
      {
        path: `${RUN.directory}/stdout`,
        sizeBytes: 10,
        modifiedAt: 1795178122,
        mode: "-rw-r--r--",
        isDirectory: false,
        user: "root",
        group: "root",
      },
    ]);
  });

  it("reads a piece, and tells the size", async () => {
    const file = `${RUN.directory}/stdout`;
    const piece = await api().read(file, 0, 64);
    expect(piece.offset).toBe(0);
    expect(Buffer.from(piece.bytes).toString("utf8")).toBe("to-stdout\n");
    expect(await api().read(file, -1, 0)).toEqual({ offset: 10, bytes: new Uint8Array(0) });
  });

  it("says that a file is not there", async () => {
    const status = answerTo((line) => line.path?.startsWith("/files/read?path=/nope") === true).status ?? 0;
    const refusing: HttpHandler = async () => ({ status, headers: {}, body: new Uint8Array(0) });
    for (const question of [
      api(refusing).read("/nope", 0, 1),
      api(refusing).read("/nope", -1, 1),
      api(refusing).list("/nope"),
    ]) {
      const error = await question.catch((reason: unknown) => reason);
      expect(isStatus(error, "NotFound")).toBe(true);
      expect(String(error)).toContain("/nope: the agent answered 404");
    }
  });
});

describe("an agent that answers badly", () => {
  it.each([
    { name: "wants credentials", status: 401, text: "401 Unauthorized.", error: "StatusError" },
    { name: "forbids it", status: 403, text: "", error: "StatusError" },
    { name: "recovers", status: 503, text: "Agent has not finished recovery", error: "StatusError" },
    { name: "fails", status: 500, text: "oops", error: "TransportError" },
    { name: "sends no JSON", status: 200, text: "<html>", error: "StatusError" },
    { name: "sends other JSON", status: 200, text: "[]", error: "StatusError" },
  ])("$name", async ({ status, text, error: errorName }) => {
    const agent = api(async () => ({ status, headers: {}, body: Buffer.from(text) }));
    const errors = await Promise.all(
      [agent.sandbox({ taskId: "t" }), agent.read("/f", 0, 1), agent.read("/f", -1, 1)].map((question) =>
        question.catch((reason: unknown) => reason),
      ),
    );
    for (const error of errors) expect(error).toMatchObject({ name: errorName });
  });

  it("asks for no more than an agent gives at once", async () => {
    const lengths: number[] = [];
    const agent = api(async ({ body }) => {
      lengths.push(JSON.parse(Buffer.from(body ?? []).toString("utf8")).read_file.length);
      return { status: 200, headers: {}, body: Buffer.from('{"type":"READ_FILE","read_file":{"size":0}}') };
    });
    expect((await agent.read("/f", 5, 10_000_000)).bytes.length).toBe(0);
    expect(lengths).toEqual([65536]);
  });
});

describe("a sandbox", () => {
  const status = (value: string, parent?: string) => ({
    container_status: { container_id: { value, ...(parent === undefined ? {} : { parent: { value: parent } }) } },
  });
  const executor = (changes: object) => ({ id: "e", directory: "/d", container: "c", tasks: [], ...changes });
  const state = (executors: readonly object[], completed: readonly object[] = []) => ({
    frameworks: [{ id: "f", executors, completed_executors: completed }],
  });
  const task = (changes: object = {}) => ({ id: "t", state: "TASK_RUNNING", statuses: [], ...changes });

  it.each([
    ["of a command", state([executor({ tasks: [task()] })]), { directory: "/d", containerIds: ["c"], isRunning: true }],
    [
      "of a task of a pod",
      state([executor({ tasks: [task({ statuses: [status("x", "c")] })] })]),
      { directory: "/d/containers/x", containerIds: ["c", "x"], isRunning: true },
    ],
    [
      "of a queued task",
      state([executor({ queued_tasks: [task({ state: undefined })] })]),
      { directory: "/d", containerIds: ["c"], isRunning: false },
    ],
    [
      "of a task that ended while its executor goes on",
      state([executor({ completed_tasks: [task({ state: "TASK_FINISHED" })] })]),
      { directory: "/d", containerIds: ["c"], isRunning: false },
    ],
    [
      "of the running one of two",
      state(
        [executor({ directory: "/new", tasks: [task()] })],
        [executor({ directory: "/old", completed_tasks: [task()] })],
      ),
      { directory: "/new", containerIds: ["c"], isRunning: true },
    ],
    ["of none", state([]), undefined],
    ["of an answer that is none", 5, undefined],
    ["of an executor without a directory", state([{ id: "e", tasks: [task()] }]), undefined],
  ])("%s", (_name, answer, expected) => {
    expect(sandboxIn(answer, { taskId: "t" })).toEqual(expected);
  });
});
