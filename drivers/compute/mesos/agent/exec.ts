import { Observable } from "rxjs";
import { StatusError } from "../../../../api-types/meta/status-error.js";
import { isRecord } from "../../../../platform/is-record.js";
import type { Random } from "../../../../platform/random.js";
import { type HttpResponse, readBody, TransportError } from "../../../../platform/transport.js";
import type { AgentTask, ExecEnd, ExecOutput, ExecProgram, ExecSession } from "../../agent-api.js";
import { recordDecoder } from "../recordio.js";
import { type AgentConnection, apiUrl, call, jsonBody, refusal } from "./calls.js";
import { type InputStream, inputStream } from "./input.js";
import { findSandbox } from "./sandbox.js";
import type { WireContainerId, WireExecCall } from "./wire.js";

/** What a session needs. */
export interface ExecOptions {
  readonly agent: AgentConnection;
  readonly random: Random;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/** Starting a container takes the agent this long at most. */
const START_TIMEOUT_MS = 30_000;

/** Runs a program in a container of its own inside the task's, which ends with the session. */
export async function startProgram(task: AgentTask, program: ExecProgram, options: ExecOptions): Promise<ExecSession> {
  const { agent, random } = options;
  const operation = `running ${program.argv[0] ?? "a program"} in task ${task.taskId}`;
  if (program.argv.length === 0) throw new StatusError("Invalid", `${operation}: no program is named`);
  const { containerIds, isRunning } = await findSandbox(agent, task);
  const parent = nested(containerIds);
  if (!isRunning || parent === undefined) throw new StatusError("Conflict", `${operation}: the task does not run`);
  const containerId: WireContainerId = { value: random.uuid(), parent };
  const abort = new AbortController();
  const onAbort = () => abort.abort();
  options.signal.addEventListener("abort", onAbort, { once: true });
  abort.signal.addEventListener("abort", () => options.signal.removeEventListener("abort", onAbort), { once: true });
  if (options.signal.aborted) abort.abort();
  const run: Run = { agent, operation, program, containerId, abort };
  try {
    return sessionOf(run, await launch(run));
  } catch (error) {
    abort.abort();
    throw error;
  }
}

interface Run {
  readonly agent: AgentConnection;
  readonly operation: string;
  readonly program: ExecProgram;
  readonly containerId: WireContainerId;
  readonly abort: AbortController;
}

/** From the outermost id to the innermost. */
function nested(ids: readonly string[]): WireContainerId | undefined {
  return ids.reduce<WireContainerId | undefined>(
    (parent, value) => (parent === undefined ? { value } : { value, parent }),
    undefined,
  );
}

async function launch({ agent, operation, program, containerId, abort }: Run): Promise<HttpResponse> {
  const timer = agent.clock.schedule(START_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await agent.transport({
      method: "POST",
      url: apiUrl(agent),
      headers: {
        "content-type": "application/json",
        accept: "application/recordio",
        "message-accept": "application/json",
      },
      body: jsonBody(launchCall(program, containerId)),
      signal: abort.signal,
    });
    if (response.status === 200) return response;
    const text = Buffer.from(await readBody(response, REFUSAL_BYTES_MAX)).toString("utf8");
    throw refusal(operation, response.status, text);
  } finally {
    timer.cancel();
  }
}

const REFUSAL_BYTES_MAX = 64 * 1024;

function launchCall({ argv, tty, user }: ExecProgram, containerId: WireContainerId): WireExecCall {
  const [value = ""] = argv;
  const container = tty && { type: "MESOS" as const, tty_info: { window_size: { ...tty } } };
  return {
    type: "LAUNCH_NESTED_CONTAINER_SESSION",
    launch_nested_container_session: {
      container_id: containerId,
      // as with tasks of the Mesos containerizer: the first argument is the program's own name
      command: { shell: false, value, arguments: argv, ...(user === undefined ? {} : { user }) },
      ...(container === undefined ? {} : { container }),
    },
  };
}

function sessionOf(run: Run, response: HttpResponse): ExecSession {
  const { agent, program, containerId, abort } = run;
  const input = inputStream({ clock: agent.clock, containerId, hasTty: program.tty !== undefined });
  abort.signal.addEventListener("abort", input.stop, { once: true });
  let isAttached = false;
  let resolveEnd: (end: ExecEnd) => void = () => {};
  const ended = new Promise<ExecEnd>((resolve) => {
    resolveEnd = resolve;
  });
  // a program that needs no input gets no connection for it
  const attached = (): InputStream => {
    if (!isAttached) void attach(run, input);
    isAttached = true;
    return input;
  };
  return {
    output$: new Observable<ExecOutput>((subscriber) => {
      void readOutput(response, (output) => subscriber.next(output)).then(
        async () => {
          resolveEnd(await endOf(run));
          abort.abort();
          subscriber.complete();
        },
        (error: unknown) => {
          resolveEnd({ type: "unknown", reason: abort.signal.aborted ? "closed" : messageOf(error) });
          abort.abort();
          subscriber.error(error);
        },
      );
      return () => abort.abort();
    }),
    ended,
    write: (bytes) => attached().data(bytes),
    endInput: () => attached().end(),
    resize: (size) => attached().resize(size),
    close() {
      resolveEnd({ type: "unknown", reason: "closed" });
      abort.abort();
    },
  };
}

/** Feeds the program until it ends; what goes wrong shows in its output, which ends too. Never rejects. */
async function attach({ agent, abort }: Run, input: InputStream): Promise<void> {
  try {
    const response = await agent.transport({
      method: "POST",
      url: apiUrl(agent),
      headers: {
        "content-type": "application/recordio",
        "message-content-type": "application/json",
        accept: "application/json",
      },
      bodyStream: input.body,
      signal: abort.signal,
    });
    await readBody(response, REFUSAL_BYTES_MAX);
    // without its input the program would wait for ever
    if (response.status !== 200) abort.abort();
  } catch {
    // the program ended first, or the connection broke: its output says which
  }
}

async function readOutput({ body }: HttpResponse, onOutput: (output: ExecOutput) => void): Promise<void> {
  const decoder = recordDecoder(RECORD_BYTES_MAX);
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    for (const record of decoder.push(chunk)) {
      const output = outputOf(JSON.parse(Buffer.from(record).toString("utf8")));
      if (output !== undefined) onOutput(output);
    }
  }
  if (decoder.isInsideRecord()) throw new TransportError("the output ended inside a record", { isSent: true });
}

/** The agent reads its programs in pieces of some kilobytes. */
const RECORD_BYTES_MAX = 1024 * 1024;

/** Undefined: a heartbeat. */
function outputOf(io: unknown): ExecOutput | undefined {
  const data = isRecord(io) && io.type === "DATA" && isRecord(io.data) ? io.data : undefined;
  if (data === undefined || typeof data.data !== "string") return undefined;
  const stream = data.type === "STDERR" ? "stderr" : "stdout";
  return { stream, bytes: Buffer.from(data.data, "base64") };
}

/** Asked after the output has ended; never rejects. */
async function endOf({ agent, operation, containerId }: Run): Promise<ExecEnd> {
  const wait: WireExecCall = { type: "WAIT_NESTED_CONTAINER", wait_nested_container: { container_id: containerId } };
  try {
    const { exit_status } = await call(agent, operation, wait);
    return endFrom(exit_status);
  } catch (error) {
    return { type: "unknown", reason: messageOf(error) };
  }
}

/** As wait(2) packs it: a signal in the low seven bits, else the exit code above them. */
export function endFrom(status: unknown): ExecEnd {
  if (typeof status !== "number") return { type: "unknown", reason: "the agent did not tell" };
  const signal = status & 0x7f;
  return signal === 0 ? { type: "exited", exitCode: (status >> 8) & 0xff } : { type: "signalled", signal };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
