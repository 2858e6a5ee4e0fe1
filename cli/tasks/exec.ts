import { Instance } from "../../api-types/instance.js";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { AgentApi, AgentTask, ExecEnd, ExecOutput, WindowSize } from "../../drivers/compute/agent-api.js";
import type { Session } from "../access/session.js";
import { parseTarget, readTarget } from "../access/target.js";
import { openAgents } from "./agents.js";
import { placeOf } from "./place.js";

export interface ExecFlags {
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly attached?: string;
  readonly user?: string;
}

/** The terminal, or the pipes, of the user. */
export interface Terminal {
  readonly isTerminal: boolean;
  size(): WindowSize;
  /** Calls of `listen` until `stop`, each after the one before has resolved; `end` is the end of the input. */
  input(listen: (bytes: Uint8Array) => Promise<void>, end: () => void): { stop(): void };
  /** Keys are passed on one by one, Ctrl-C among them, until it is called off. */
  raw(): { stop(): void };
  resized(listen: (size: WindowSize) => void): { stop(): void };
  write(output: ExecOutput): void;
}

/** `rackctl exec`: a program beside the task of an instance; resolves with its exit code. */
export async function exec(
  session: Session,
  {
    target,
    argv,
    terminal,
  }: { readonly target: string; readonly argv: readonly string[]; readonly terminal: Terminal },
  flags: ExecFlags,
): Promise<number> {
  const { name } = parseTarget(target, [Instance]);
  if (argv.length === 0)
    throw new StatusError("BadRequest", `nothing to run: rackctl exec inst/${name} -- COMMAND [ARGUMENT...]`);
  const place = placeOf(await readTarget(session, Instance, name), flags.attached);
  const agents = openAgents(session);
  try {
    const { api, frameworkId } = await agents.of(place);
    const task = { taskId: place.taskId, ...(frameworkId === undefined ? {} : { frameworkId }) };
    if (flags.tty && !terminal.isTerminal) session.warn("the input is no terminal: -t is left out");
    const isTty = flags.tty === true && terminal.isTerminal;
    const end = await runProgram(api, task, { argv, terminal, isTty, isInput: flags.stdin === true, user: flags.user });
    if (end.type === "unknown") session.warn(`the program's end is not known: ${end.reason}`);
    return exitCodeOf(end);
  } finally {
    agents.close();
  }
}

export interface Program {
  readonly argv: readonly string[];
  readonly terminal: Terminal;
  readonly isTty: boolean;
  readonly isInput: boolean;
  readonly user: string | undefined;
}

/** Connects a program beside a task with the user's terminal until it ends. */
export async function runProgram(
  api: Pick<AgentApi, "exec">,
  task: AgentTask,
  { argv, terminal, isTty, isInput, user }: Program,
): Promise<ExecEnd> {
  const program = { argv, tty: isTty ? terminal.size() : undefined, ...(user === undefined ? {} : { user }) };
  const running = await api.exec(task, program);
  const written = new Promise<string | undefined>((resolve) => {
    running.output$.subscribe({
      next: (output) => terminal.write(output),
      complete: () => resolve(undefined),
      error: (error: unknown) => resolve(error instanceof Error ? error.message : String(error)),
    });
  });
  const stops: { stop(): void }[] = [];
  if (isTty)
    stops.push(
      terminal.raw(),
      terminal.resized((size) => running.resize(size)),
    );
  if (isInput)
    stops.push(
      terminal.input(
        (bytes) => running.write(bytes),
        () => running.endInput(),
      ),
    );
  else running.endInput();
  try {
    const [end, fault] = await Promise.all([running.ended, written]);
    return end.type === "unknown" && fault !== undefined ? { type: "unknown", reason: fault } : end;
  } finally {
    for (const { stop } of stops) stop();
    running.close();
  }
}

/** As shells have it: 128 and the signal for a program that was killed. */
export function exitCodeOf(end: ExecEnd): number {
  switch (end.type) {
    case "exited":
      return end.exitCode;
    case "signalled":
      return 128 + end.signal;
    case "unknown":
      return 1;
    default:
      return end satisfies never;
  }
}
