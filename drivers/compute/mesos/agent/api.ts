import { setMaxListeners } from "node:events";
import type { Clock } from "../../../../platform/clock.js";
import type { Random } from "../../../../platform/random.js";
import type { HttpHandler } from "../../../../platform/transport.js";
import type { AgentApi } from "../../agent-api.js";
import type { AgentConnection } from "./calls.js";
import { startProgram } from "./exec.js";
import { listDirectory, readFile } from "./files.js";
import { findSandbox } from "./sandbox.js";

/** Which agent, and how to reach it; credentials and TLS are the transport's (`withAccess`). */
export interface AgentApiOptions {
  readonly transport: HttpHandler;
  /** Base of its HTTP API: `Agent.url`. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** The API of one agent of a Mesos cluster. Opens nothing before it is asked. */
export function createAgentApi({ transport, url, clock, random }: AgentApiOptions): AgentApi {
  const agent: AgentConnection = { transport, clock, url: url.replace(/\/+$/, "") };
  const closing = new AbortController();
  // one listener per session, until it ends
  setMaxListeners(0, closing.signal);
  return {
    sandbox: (task) => findSandbox(agent, task),
    list: (directory) => listDirectory(agent, directory),
    read: (file, offset, length) => readFile(agent, file, { offset, length }),
    exec: (task, program) => startProgram(task, program, { agent, random, signal: closing.signal }),
    close: () => closing.abort(),
  };
}
