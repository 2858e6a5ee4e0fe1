import { isArchive } from "../../../api-types/service/fetched.js";
import type { AttachedTask, ServiceFetch } from "../../../api-types/service-group.js";
import type { FetchedFile, TaskLaunch } from "../../../drivers/compute/driver.js";
import { limitsOf } from "./need.js";

/** What a service and what is attached to it have in common. */
type Process = Pick<
  AttachedTask,
  "command" | "shell" | "args" | "image" | "privileged" | "dockerParameters" | "fetch" | "volumes" | "resources"
>;

/** What runs, and in what. */
export function processFields(process: Process) {
  const limits = limitsOf(process.resources);
  return {
    image: process.image,
    command: commandOf(process),
    volumes: volumesOf(process),
    isPrivileged: process.privileged ?? false,
    dockerParameters: process.dockerParameters ?? [],
    ...(limits === undefined ? {} : { limits }),
    ...(process.fetch === undefined ? {} : { fetch: fetchedFiles(process.fetch) }),
  };
}

/** Files to be fetched; archives are unpacked unless told otherwise. */
export function fetchedFiles(files: readonly ServiceFetch[]): readonly FetchedFile[] {
  return files.map(({ uri, extract, executable, cache, destination }) => ({
    uri,
    isExtracted: extract ?? isArchive(uri),
    isExecutable: executable,
    isCached: cache,
    destination,
  }));
}

function commandOf({ command, shell, args = [] }: Process): TaskLaunch["command"] {
  if (shell !== undefined) return { type: "shell", script: shell };
  if (command !== undefined) return { type: "exec", argv: [...command, ...args] };
  return { type: "entrypoint", args };
}

function volumesOf({ volumes = [] }: Process): TaskLaunch["volumes"] {
  return volumes.map(({ hostPath, containerPath, readOnly }) => ({ hostPath, containerPath, isReadOnly: readOnly }));
}
