import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHaproxyDriver } from "../../drivers/load-balancer/haproxy/haproxy.js";
import { sleep, systemClock } from "../../platform/clock.js";
import { lineSocket } from "../../platform/line-socket.js";
import { silentLogger } from "../../platform/log.js";
import { seededRandom } from "../../platform/random.js";
import { textFiles } from "../../platform/text-file.js";
import { programOf } from "./servers.js";

const clock = systemClock();
export const ask = lineSocket({ clock, timeoutMs: 2000, bytesMax: 10_000_000 });

/** A real HAProxy in master-worker mode, with an operator's own file before ours. */
export interface RunningHaproxy {
  readonly adminSocket: string;
  readonly masterSocket: string;
  readonly configFile: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Empties our file. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

export async function startHaproxy(): Promise<RunningHaproxy> {
  const folder = await mkdtemp(join(tmpdir(), "haproxy-"));
  const [adminSocket, masterSocket, configFile] = ["admin.sock", "master.sock", "rackwright.cfg"].map((name) =>
    join(folder, name),
  ) as [string, string, string]; // as many as names
  const own = join(folder, "haproxy.cfg");
  const global = `global\n  stats socket ${adminSocket} mode 600 level admin expose-fd listeners\n  hard-stop-after 30s\n`;
  await writeFile(
    own,
    `${global}\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n`,
  );
  await writeFile(configFile, "");
  let child: ChildProcess | undefined;
  const kill = async () => {
    const running = child;
    child = undefined;
    if (running?.pid === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    // the whole group: a killed master leaves its worker behind for a moment
    process.kill(-running.pid, "SIGKILL");
    await gone;
  };
  const answers = async () => {
    const told = [ask(adminSocket, "show info"), ask(masterSocket, "show proc")];
    return Promise.all(told).then(
      ([info, processes]) => info?.includes("Pid:") && processes?.includes("worker"),
      () => false,
    );
  };
  const start = async () => {
    await rm(adminSocket, { force: true });
    await rm(masterSocket, { force: true });
    const flags = ["-W", "-S", `${masterSocket},mode,600`, "-f", own, "-f", configFile];
    child = spawn(programOf("haproxy") ?? "haproxy", flags, { stdio: "ignore", detached: true });
    const end = clock.monotonic() + 10_000;
    while (!(await answers())) {
      if (clock.monotonic() > end) throw new Error("HAProxy does not answer");
      await sleep(clock, 20);
    }
  };
  await start();
  return {
    adminSocket,
    masterSocket,
    configFile,
    start,
    kill,
    forget: () => writeFile(configFile, ""),
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function driverOf({ adminSocket, masterSocket, configFile }: RunningHaproxy, identity = "demo") {
  return createHaproxyDriver({
    ...{ ask, files: textFiles, adminSocket, masterSocket, configFile, identity },
    ...{ bindAddress: "127.0.0.1", balance: "leastconn", periodMs: 300 },
    ...{ clock, random: seededRandom(1), log: silentLogger },
  });
}

/** A web server that says its name, a little later; a connection that was accepted is served. */
export async function startWeb(
  name: string,
): Promise<{ readonly port: number; readonly server: Server; close(): Promise<void> }> {
  const server = createServer((_request, response) => setTimeout(() => response.end(name), 5));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { port, server, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** One request over a connection of its own; rejects when it gets no whole answer. */
export function fetchOnce(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let text = "";
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer in time")));
    socket.on("connect", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", reject);
    socket.on("close", () =>
      text.startsWith("HTTP/1.1 200")
        ? resolve(text.split("\r\n\r\n")[1] ?? "")
        : reject(new Error(`cut off: ${text}`)),
    );
  });
}

/** Requests without a pause, until it is stopped. */
export function startLoad(port: number, lanes = 4) {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let isOver = false;
  const lane = async () => {
    while (!isOver) {
      try {
        const name = await fetchOnce(port);
        answers.set(name, (answers.get(name) ?? 0) + 1);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  return {
    answers,
    failures,
    async stop() {
      isOver = true;
      await all;
    },
  };
}
