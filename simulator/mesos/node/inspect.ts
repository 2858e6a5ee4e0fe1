import type { NodeTask } from "../cluster/world.js";
import { networkNameOf, runnableOf } from "./runnable.js";

/** The part of `docker inspect` that clients read, as base64, the way TASK_RUNNING carries it. */
export function inspectData(task: NodeTask, startedAtMs: number): string {
  return Buffer.from(JSON.stringify([inspect(task, startedAtMs)]), "utf8").toString("base64");
}

function inspect(task: NodeTask, startedAtMs: number) {
  const { info } = task;
  const docker = info.container?.docker;
  const runnable = runnableOf(task);
  const network = networkOf(task);
  const address = network === "host" || network === "none" ? "" : (task.address ?? "");
  const started = new Date(startedAtMs).toISOString();
  return {
    Id: dockerId(task),
    Created: started,
    Path: runnable.isShell ? "/bin/sh" : (runnable.argv[0] ?? ""),
    Args: runnable.isShell ? ["-c", ...runnable.argv] : runnable.argv.slice(1),
    State: { Status: "running", Running: true, Paused: false, Pid: task.executorPid, ExitCode: 0, StartedAt: started },
    Name: `/mesos-${task.containerId}`,
    HostConfig: {
      NetworkMode: network,
      Privileged: docker?.privileged ?? false,
      PortBindings: portBindings(task),
    },
    Config: {
      Env: Object.entries(runnable.env).map(([name, value]) => `${name}=${value}`),
      Image: docker?.image ?? "",
      Labels: labelsOf(task),
    },
    NetworkSettings: {
      IPAddress: network === "bridge" ? address : "",
      Networks: { [network]: { IPAddress: address, IPPrefixLen: address === "" ? 0 : 16 } },
    },
  };
}

/** 64 hexadecimal digits, the same for the same container. */
function dockerId(task: NodeTask): string {
  return task.containerId.replaceAll("-", "").repeat(2);
}

function networkOf(task: NodeTask): string {
  const network = task.info.container?.docker?.network ?? "HOST";
  return network === "USER" ? (networkNameOf(task.info) ?? "user") : network.toLowerCase();
}

function portBindings(task: NodeTask): Record<string, unknown> {
  const mappings = task.info.container?.docker?.port_mappings ?? [];
  return Object.fromEntries(
    mappings.map((mapping) => [
      `${mapping.container_port}/${mapping.protocol ?? "tcp"}`,
      [{ HostIp: "", HostPort: String(mapping.host_port) }],
    ]),
  );
}

function labelsOf(task: NodeTask): Record<string, string> {
  const parameters = task.info.container?.docker?.parameters ?? [];
  return Object.fromEntries(
    parameters
      .filter((parameter) => parameter.key === "label")
      .map(({ value }) => {
        const at = value.indexOf("=");
        return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
      }),
  );
}
