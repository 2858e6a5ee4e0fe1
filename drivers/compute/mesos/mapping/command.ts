import type { FetchedFile, TaskExecutor, TaskLaunch } from "../../driver.js";
import type { WireCommandInfo, WireUri } from "../wire.js";

/** What Mesos' own executor runs for a task. */
export function commandOf(task: TaskLaunch): WireCommandInfo {
  return { ...programOf(task), ...surroundingsOf(task.user, task.env, task.fetch ?? []) };
}

/** What starts an executor of one's own. The files of the task come with it: nothing else fetches them. */
export function executorCommandOf(executor: TaskExecutor, task: TaskLaunch): WireCommandInfo {
  const fetch = [...executor.fetch, ...(task.fetch ?? [])];
  return { shell: true, value: executor.script, ...surroundingsOf(task.user, executor.env, fetch) };
}

function surroundingsOf(
  user: string | undefined,
  env: Readonly<Record<string, string>>,
  fetch: readonly FetchedFile[],
): WireCommandInfo {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  return {
    ...(user === undefined ? {} : { user }),
    ...(variables.length === 0 ? {} : { environment: { variables } }),
    ...(fetch.length === 0 ? {} : { uris: fetch.map(uriOf) }),
  };
}

function uriOf({ uri, isExtracted, isExecutable, isCached, destination }: FetchedFile): WireUri {
  return {
    value: uri,
    extract: isExtracted,
    executable: isExecutable,
    cache: isCached,
    ...(destination === undefined ? {} : { output_file: destination }),
  };
}

/**
 * | command    | Docker                           | Mesos                          |
 * |------------|----------------------------------|--------------------------------|
 * | shell      | /bin/sh -c value                 | /bin/sh -c value               |
 * | exec       | value and arguments follow image | value; arguments[0] is argv[0] |
 * | entrypoint | arguments follow image           | arguments follow entry point   |
 */
function programOf({ command, containerizer }: TaskLaunch): WireCommandInfo {
  switch (command.type) {
    case "shell":
      return { shell: true, value: command.script };
    case "exec":
      return programOfArgv(command.argv, containerizer);
    case "entrypoint":
      return command.args.length === 0 ? { shell: false } : { shell: false, arguments: command.args };
    default:
      return command satisfies never;
  }
}

/** A program and its arguments, as the containerizer counts them. */
export function programOfArgv(argv: readonly string[], containerizer: TaskLaunch["containerizer"]): WireCommandInfo {
  const [program, ...rest] = argv;
  if (program === undefined) return { shell: false };
  return { shell: false, value: program, arguments: containerizer === "Docker" ? rest : argv };
}
