import { spawn } from "node:child_process";
import { request } from "node:http";
import { connect } from "node:net";
import type { AgentCheck } from "../../drivers/compute/driver.js";

export interface ProbeTarget {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Runs one check as an agent does; false when it fails or does not answer in time. Never rejects. */
export function runProbe(check: AgentCheck["probe"], target: ProbeTarget): Promise<boolean> {
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

function probeTcp(port: number, { address, timeoutMs }: ProbeTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const finish = (isGood: boolean) => {
      socket.destroy();
      resolve(isGood);
    };
    socket.on("connect", () => finish(true));
    socket.on("timeout", () => finish(false));
    socket.on("error", () => finish(false));
  });
}

function probeHttp(
  check: Extract<AgentCheck["probe"], { type: "http" }>,
  { address, timeoutMs }: ProbeTarget,
): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ host: address, port: check.port, path: check.path, timeout: timeoutMs }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(false));
    sent.end();
  });
}

function probeCommand(command: readonly string[] | string, { env, timeoutMs }: ProbeTarget): Promise<boolean> {
  const [program = "", ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: "ignore", timeout: timeoutMs, killSignal: "SIGKILL" });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}
