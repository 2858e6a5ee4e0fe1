import { Instance } from "../../api-types/instance.js";
import { isStatus, StatusError } from "../../api-types/meta/status-error.js";
import { ServiceGroup } from "../../api-types/service-group.js";
import type { AgentApi } from "../../drivers/compute/agent-api.js";
import type { Session } from "../access/session.js";
import { parseTarget } from "../access/target.js";
import { type Agents, openAgents } from "./agents.js";
import { linePrefix } from "./line-prefix.js";
import { instancesOf, placeOf, type TaskPlace } from "./place.js";
import { previousPlace } from "./previous.js";
import { readLog } from "./sandbox-log.js";

export interface LogsFlags {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly attached?: string;
  readonly service?: string;
  readonly previous?: boolean;
}

type Stream = "stdout" | "stderr";
/** Writes what a task wrote to the stream of the same name. */
export type WriteBytes = (stream: Stream, bytes: Uint8Array) => void;

/** So many tasks may be followed at once. */
const FOLLOWED_MAX = 20;
/** Lines of each, where there are several and no number is given. */
const TAIL_OF_SEVERAL = 10;

/** `rackctl logs`: what tasks wrote to stdout and stderr, from their sandboxes. */
export async function logs(
  session: Session,
  target: string,
  { flags, write }: { readonly flags: LogsFlags; readonly write: WriteBytes },
): Promise<number> {
  const parsed = parseTarget(target, [Instance, ServiceGroup]);
  const instances = await instancesOf(session, parsed, flags.service);
  if (flags.follow && instances.length > FOLLOWED_MAX) {
    const hint = `name one, or a service with --service; at most ${FOLLOWED_MAX} are followed at once`;
    throw new StatusError("BadRequest", `${instances.length} instances of ${target} cannot be followed: ${hint}`);
  }
  const agents = openAgents(session);
  try {
    const isOne = parsed.kind === Instance;
    const tail = flags.tail ?? (instances.length > 1 ? TAIL_OF_SEVERAL : undefined);
    const show = (instance: Instance) =>
      showInstance({ session, agents, write }, instance, { ...flags, tail, isPrefixed: instances.length > 1 });
    if (isOne) {
      await show(instances[0] as Instance); // a target that is an instance is exactly one
      return 0;
    }
    const codes = flags.follow ? await Promise.all(instances.map((one) => shown(session, one, show))) : [];
    if (!flags.follow) for (const instance of instances) codes.push(await shown(session, instance, show));
    return Math.max(0, ...codes);
  } finally {
    agents.close();
  }
}

/** One of several: its failure is told, and the others are shown. */
async function shown(
  session: Session,
  instance: Instance,
  show: (instance: Instance) => Promise<void>,
): Promise<number> {
  try {
    await show(instance);
    return 0;
  } catch (error) {
    session.warn(`${instance.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

interface Output {
  readonly session: Session;
  readonly agents: Agents;
  readonly write: WriteBytes;
}

type Shown = LogsFlags & { readonly tail: number | undefined; readonly isPrefixed: boolean };

async function showInstance(output: Output, instance: Instance, flags: Shown): Promise<void> {
  const { session, agents } = output;
  const own = placeOf(instance, flags.attached);
  const place = flags.previous ? await previousPlace(session, agents, own) : own;
  const { api, frameworkId } = await agents.of(place);
  const task = { taskId: place.taskId, ...(frameworkId === undefined ? {} : { frameworkId }) };
  const { directory } = await sandboxOf(api, task, place);
  const isEnded = async () => !(await api.sandbox(task)).isRunning;
  const streams = (["stdout", "stderr"] as const).filter((stream) => flags[stream] || !(flags.stdout || flags.stderr));
  const prefix = flags.isPrefixed ? `[${place.title}] ` : "";
  const copy = (stream: Stream) =>
    copyLog(output, {
      api,
      file: `${directory}/${stream}`,
      stream,
      prefix,
      tail: flags.tail,
      isEnded: flags.follow ? isEnded : undefined,
    });
  if (flags.follow) await Promise.all(streams.map(copy));
  else for (const stream of streams) await copy(stream);
}

async function sandboxOf(api: AgentApi, task: { readonly taskId: string }, { title }: TaskPlace) {
  try {
    return await api.sandbox(task);
  } catch (cause) {
    if (!isStatus(cause, "NotFound")) throw cause;
    const why = "its agent knows no such task (it keeps sandboxes for a while after the end)";
    throw new StatusError("NotFound", `the sandbox of ${title} is not there: ${why}`, { cause });
  }
}

interface Copy {
  readonly api: AgentApi;
  readonly file: string;
  readonly stream: Stream;
  readonly prefix: string;
  readonly tail: number | undefined;
  readonly isEnded: (() => Promise<boolean>) | undefined;
}

async function copyLog({ session, write }: Output, { stream, prefix, ...reading }: Copy): Promise<void> {
  const lines = linePrefix(prefix, (bytes) => write(stream, bytes));
  try {
    for await (const bytes of readLog({ ...reading, clock: session.clock })) lines.push(bytes);
  } catch (error) {
    // a task that was not started yet, or a container without one of the two, has no such file
    if (!isStatus(error, "NotFound")) throw error;
  } finally {
    lines.end();
  }
}
