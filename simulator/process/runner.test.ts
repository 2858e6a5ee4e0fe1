import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import type { FetchOrder, RunnableTask, RunnerEvent } from "../mesos/task-runner.js";
import { type ProcessRunner, processRunner } from "./runner.js";

const task = (taskId: string, more: Partial<RunnableTask> = {}): RunnableTask => ({
  taskId,
  containerId: taskId,
  nodeName: "wedge",
  image: undefined,
  argv: ["sleep 60"],
  isShell: true,
  env: {},
  isRouted: false,
  ...more,
});

const opened: { readonly runner: ProcessRunner; readonly directory: string }[] = [];

afterEach(async () => {
  for (const { runner, directory } of opened.splice(0)) {
    await runner.stopAll();
    rmSync(directory, { recursive: true, force: true });
  }
});

function open() {
  const directory = mkdtempSync(join(tmpdir(), "runner-"));
  const runner = processRunner({
    clock: systemClock(),
    log: silentLogger,
    directory,
    isGivable: (address) => address.startsWith("127.0.0."),
    nextAddress: () => "127.0.0.1",
    nodeAddress: () => "127.0.0.1",
    env: { PATH: "/usr/bin:/bin" },
    stored: [],
    onChange: () => {},
  });
  opened.push({ runner, directory });
  const events: RunnerEvent[] = [];
  runner.events$.subscribe((event) => events.push(event));
  const ended = (taskId: string) =>
    new Promise<RunnerEvent>((resolve) => {
      runner.events$.subscribe((event) => {
        if (event.taskId === taskId && event.type !== "started") resolve(event);
      });
    });
  return { runner, directory, events, ended };
}

const fetched = (uri: string, more: Partial<FetchOrder> = {}): FetchOrder => ({
  uri,
  isExtracted: false,
  isExecutable: false,
  destination: undefined,
  ...more,
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("files that a task wants", () => {
  it("are copied from this machine and from loopback servers; others are refused", async () => {
    const { runner, directory } = open();
    const source = join(directory, "source.txt");
    writeFileSync(source, "from a file");
    const server = createServer((_, response) => response.end("from a server")).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo; // a listening TCP server has one
    const fetch = [
      fetched(`file://${source}`),
      fetched(`http://127.0.0.1:${port}/tool`, { isExecutable: true, destination: "renamed" }),
    ];
    expect(await runner.prepare?.(task("f", { fetch }))).toBeUndefined();
    expect(readFileSync(join(directory, "f", "source.txt"), "utf8")).toBe("from a file");
    expect(readFileSync(join(directory, "f", "renamed"), "utf8")).toBe("from a server");
    expect(statSync(join(directory, "f", "renamed")).mode & 0o111).not.toBe(0);
    server.close();
    expect(await runner.prepare?.(task("g", { fetch: [fetched("http://192.0.2.1/x")] }))).toMatch(/loopback/);
    expect(await runner.prepare?.(task("g", { fetch: [fetched("/no/such/file")] }))).toMatch(/ENOENT/);
    const { bytes } = runner.sandboxes?.read("g", "stderr", { offset: 0, length: 1000 }) ?? {};
    expect(Buffer.from(bytes ?? []).toString()).toMatch(/\nFailed to fetch: ENOENT.*\n$/);
  });
});

describe("what a task leaves", () => {
  it("is its exit code, and its output in its sandbox", async () => {
    const { runner, ended } = open();
    const end = ended("job");
    runner.launch(task("job", { argv: ["echo done; echo bad >&2; exit 3"] }));
    expect(await end).toEqual({ type: "exited", taskId: "job", code: 3 });
    const { sandboxes } = runner;
    expect(sandboxes?.list("job", "")?.map(({ path }) => path)).toEqual(["stderr", "stdout"]);
    const part = sandboxes?.read("job", "stdout", { offset: 2, length: 100 });
    expect({ ...part, bytes: Buffer.from(part?.bytes ?? []).toString() }).toEqual({ size: 5, bytes: "ne\n" });
    expect(sandboxes?.read("job", "../../../etc/passwd", { offset: 0, length: 1 })).toBeUndefined();
  });
});

describe("a task behind a bridge", () => {
  it("listens on the node's port; its check names the port inside", async () => {
    const { runner } = open();
    const hostPort = await freePort();
    const mappings = [{ hostPort, containerPort: 8080 }];
    runner.launch(task("web", { image: "web:1", argv: [], isShell: false, mappings, env: { VERSION: "7" } }));
    const check = { type: "http", port: 8080, path: "/health", scheme: "http" } as const;
    await expect.poll(() => runner.probe("web", check, 1), { timeout: 10_000 }).toBe(true);
    const url = `http://127.0.0.1:${hostPort}`;
    expect(await (await fetch(url)).text()).toContain("version 7");
    await fetch(`${url}/health?ok=0`, { method: "PUT" });
    expect(await runner.check?.("web", check, 1)).toEqual({ statusCode: 503 });
  });
});

describe("a task that asks for an address", () => {
  it("gets it, or fails where it is taken or not of the rack", async () => {
    const { runner, ended } = open();
    const wants = (taskId: string, wantedAddress: string) => task(taskId, { isRouted: true, wantedAddress });
    runner.launch(wants("first", "127.0.0.7"));
    expect(runner.running().map(({ address }) => address)).toEqual(["127.0.0.7"]);
    const taken = ended("second");
    runner.launch(wants("second", "127.0.0.7"));
    expect(await taken).toMatchObject({ type: "failed", message: "address 127.0.0.7 is in use" });
    const foreign = ended("third");
    runner.launch(wants("third", "10.0.0.1"));
    expect(await foreign).toMatchObject({ type: "failed" });
    expect(runner.running().map(({ task: { taskId } }) => taskId)).toEqual(["first"]);
  });
});

describe("a rack that ends", () => {
  it("takes every task along, and starts none that is asked for meanwhile", async () => {
    const { runner, events } = open();
    runner.launch(task("first"));
    const stopped = runner.stopAll();
    runner.launch(task("late"));
    await stopped;
    expect(runner.running()).toEqual([]);
    expect(events).toContainEqual({ type: "exited", taskId: "first", signal: "SIGKILL" });
    expect(events.filter((event) => event.taskId === "late").map((event) => event.type)).not.toContain("started");
  });
});
