import { spawn } from "node:child_process";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { connect } from "node:net";
import type { AgentCheck } from "../../drivers/compute/driver.js";
import type { CheckResult } from "../mesos/task-runner.js";

export interface ProbeTarget {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Runs one check as an agent does; false when it fails or does not answer in time. Never rejects. */
export async function runProbe(check: AgentCheck["probe"], target: ProbeTarget): Promise<boolean> {
  const { exitCode, statusCode = 0, isConnected } = await runCheck(check, target);
  if (check.type === "tcp") return isConnected ?? false;
  return check.type === "http" ? statusCode >= 200 && statusCode < 400 : exitCode === 0;
}

/** The same, told in detail. Never rejects. */
export function runCheck(check: AgentCheck["probe"], target: ProbeTarget): Promise<CheckResult> {
  switch (check.type) {
    case "tcp":
      return probeTcp(check.port, target);
    case "http":
      return probeHttp(check, target);
    case "command":
      return probeCommand(check.command, target);
    default:
      return check satisfies never;
  }
}

function probeTcp(port: number, { address, timeoutMs }: ProbeTarget): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const finish = (isConnected: boolean) => {
      socket.destroy();
      resolve({ isConnected });
    };
    socket.on("connect", () => finish(true));
    socket.on("timeout", () => finish(false));
    socket.on("error", () => finish(false));
  });
}

function probeHttp(
  check: Extract<AgentCheck["probe"], { type: "http" }>,
  { address, timeoutMs }: ProbeTarget,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    const target = { host: address, port: check.port, path: check.path, timeout: timeoutMs };
    const sent = check.scheme === "https" ? requestTls({ ...target, rejectUnauthorized: false }) : request(target);
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === undefined ? {} : { statusCode: response.statusCode });
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve({}));
    sent.end();
  });
}

function probeCommand(command: readonly string[] | string, { env, timeoutMs }: ProbeTarget): Promise<CheckResult> {
  const [program = "", ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: "ignore", timeout: timeoutMs, killSignal: "SIGKILL" });
    child.on("error", () => resolve({}));
    child.on("exit", (code) => resolve(code === null ? {} : { exitCode: code }));
  });
}
