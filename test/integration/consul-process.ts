import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../platform/clock.js";

/** Where set-up puts the real Consul. */
export const CONSUL_BINARY = fileURLToPath(new URL("../../.tools/bin/consul", import.meta.url));

/** Whether the real Consul can be started here; with CI=true a missing one is an error, otherwise it is said out loud. */
export function hasConsul(): boolean {
  if (existsSync(CONSUL_BINARY)) return true;
  const message = `the tests against a real Consul cannot run: ${CONSUL_BINARY} is missing (make set it up first)`;
  if (process.env.CI === "true") throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
  return false;
}

/** A real Consul in development mode on loopback. */
export interface ConsulProcess {
  readonly address: string;
  readonly dnsPort: number;
  /** Ends the process and starts a new one, which knows nothing, on the same ports. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Consul with domain `torc` and waits until it leads itself. */
export async function startConsulProcess(): Promise<ConsulProcess> {
  const [http = 0, dns = 0, lan = 0, wan = 0, server = 0] = await freePorts(5);
  const flags = { http, dns, "serf-lan": lan, "serf-wan": wan, server };
  const address = `http://127.0.0.1:${http}`;
  let child = launch(flags);
  await untilLed(address, child);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return {
    address,
    dnsPort: dns,
    stop,
    async restart() {
      await stop();
      child = launch(flags);
      await untilLed(address, child);
    },
  };
}

function launch(ports: Readonly<Record<string, number>>): ChildProcess {
  const portFlags = Object.entries(ports).flatMap(([name, port]) => [`-${name}-port`, String(port)]);
  const fixed = ["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-grpc-port", "-1"];
  const named = ["-domain", "torc", "-node", "consul", "-log-level", "err"];
  return spawn(CONSUL_BINARY, [...fixed, ...named, ...portFlags], { stdio: "ignore" });
}

async function untilLed(address: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`consul ended with code ${child.exitCode}`);
    const leader = await fetch(`${address}/v1/status/leader`).then(
      (response) => response.text(),
      () => "",
    );
    if (leader.includes(":")) return;
    await sleep(systemClock(), 100);
  }
  throw new Error("consul found no leader within 30 s");
}

/** Ports that were free a moment ago. All are held at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address !== null) ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
