import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Build, buildProduct } from "./product/build.js";
import { type Ended, freePorts, type Running, run, start } from "./product/rackctl.js";

// What `rackctl up` says when it cannot start: a sentence that helps, an exit code, no stack.

const folder = mkdtempSync(join(tmpdir(), "rackwright-start-"));
let build: Build;

beforeAll(() => {
  build = buildProduct();
});

afterAll(() => {
  build.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function flags(data: string): Promise<string[]> {
  const [api, dns, metrics] = await freePorts(3);
  const addresses = ["--listen", `127.0.0.1:${api}`, "--dns", `127.0.0.1:${dns}`, "--metrics", `127.0.0.1:${metrics}`];
  return ["up", "--data", join(folder, data), ...addresses];
}

/** Starts `up` with flags that override the usual ones, and waits for its end. */
async function up(data: string, ...more: string[]): Promise<Ended> {
  return run(process.execPath, [build.entry, ...(await flags(data)), ...more]);
}

async function startUp(data: string, ...more: string[]): Promise<Running> {
  const running = start(process.execPath, [build.entry, ...(await flags(data)), ...more]);
  await running.says(/^ready$/m, 60_000);
  return running;
}

async function stop(running: Running, signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
  running.signal(signal);
  return running.ended;
}

/** It ended with one sentence for people. */
function expectRefusal({ code, stderr }: Ended, ...says: readonly string[]): void {
  for (const text of says) expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(code).toBeGreaterThan(0);
}

describe("rackctl up refuses to start", () => {
  it("on a data directory that another process uses, and names that process", async () => {
    const first = await startUp("shared");
    try {
      expectRefusal(await up("shared"), "rackctl: opening the store", `process ${first.pid} holds it`);
    } finally {
      expect((await stop(first)).code).toBe(0);
    }
    const next = await startUp("shared");
    expect((await stop(next, "SIGTERM")).code).toBe(0);
  });

  it.each([
    { flag: "--listen", says: "rackctl: serving the API (--listen): listening on 127.0.0.1:PORT" },
    { flag: "--metrics", says: "rackctl: serving metrics on 127.0.0.1:PORT" },
    { flag: "--dns", says: "127.0.0.1:PORT is in use by another program" },
  ])("on a port in use ($flag)", async ({ flag, says }) => {
    const holder = createServer();
    const port = await new Promise<number>((resolve) =>
      holder.listen(0, "127.0.0.1", () => {
        const address = holder.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      }),
    );
    try {
      const ended = await up("ports", flag, `127.0.0.1:${port}`, ...(flag === "--dns" ? ["--simulate"] : []));
      expectRefusal(ended, says.replace("PORT", String(port)), "in use");
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it("where it cannot write", async () => {
    writeFileSync(join(folder, "file"), "");
    for (const data of ["file", join("file", "below")]) {
      expectRefusal(await up(data), `writing to ${join(folder, data)}`, "--data");
    }
  });

  it("on a store whose file is damaged, and leaves that file alone", async () => {
    await stop(await startUp("sound"));
    cpSync(join(folder, "sound"), join(folder, "damaged"), { recursive: true });
    const file = join(folder, "damaged", "store", "data.mdb");
    const noise = Buffer.alloc(200_000, "noise");
    writeFileSync(file, noise);
    expectRefusal(await up("damaged"), "rackctl: opening the store", join(folder, "damaged", "store"), "backup");
    expect(readFileSync(file).equals(noise)).toBe(true);
  });

  it("without etcd", async () => {
    const [nowhere] = await freePorts(1);
    const ended = await up("etcd", "--store", "etcd", "--etcd-endpoints", `http://127.0.0.1:${nowhere}`);
    expectRefusal(ended, `http://127.0.0.1:${nowhere}`, "ECONNREFUSED", "--etcd-endpoints");
  });

  it.each([
    { args: ["--listen", "nonsense"], says: "must be HOST:PORT" },
    { args: ["--store", "papyrus"], says: "Allowed choices are embedded, etcd, memory" },
    { args: ["--log-level", "loud"], says: "must be debug, info, warn or error" },
    { args: ["--colour"], says: "unknown option '--colour'" },
  ])("on a wrong flag: $args", async ({ args, says }) => expectRefusal(await up("flags", ...args), says));
});

describe("rackctl up --simulate", () => {
  it("takes the simulated rack and its tasks along when it is told to end", async () => {
    mkdirSync(join(folder, "end"));
    const running = await startUp("end", "--simulate");
    await running.says(/Running=True/, 60_000);
    const simulator = Number(/rack +simulated, process (\d+)/.exec(running.stdout())?.[1]);
    const tasks = readFileSync(join(folder, "end", "simulator", "simulator.log"), "utf8").matchAll(/"pid":(\d+)/g);
    const pids = [simulator, ...[...tasks].map((match) => Number(match[1]))];
    expect(pids.length).toBeGreaterThan(1);
    expect(pids.filter(isAlive)).toContain(simulator);
    expect((await stop(running)).code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

/** Whether the process runs; one that ended, but was not collected yet, does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync("/proc/self/stat") || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
