import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../platform/clock.js";
import { silentLogger } from "../../platform/log.js";
import type { RunnableTask, RunnerEvent } from "../mesos/task-runner.js";
import { processRunner } from "./runner.js";

const task = (taskId: string): RunnableTask => ({
  taskId,
  containerId: taskId,
  nodeName: "wedge",
  image: undefined,
  argv: ["sleep 60"],
  isShell: true,
  env: {},
  isRouted: false,
});

describe("a rack that ends", () => {
  it("takes every task along, and starts none that is asked for meanwhile", async () => {
    const directory = mkdtempSync(join(tmpdir(), "runner-"));
    const runner = processRunner({
      clock: systemClock(),
      log: silentLogger,
      directory,
      nextAddress: () => "127.0.0.1",
      nodeAddress: () => "127.0.0.1",
      env: { PATH: "/usr/bin:/bin" },
      stored: [],
      onChange: () => {},
    });
    const events: RunnerEvent[] = [];
    runner.events$.subscribe((event) => events.push(event));
    runner.launch(task("first"));
    const stopped = runner.stopAll();
    runner.launch(task("late"));
    await stopped;
    expect(runner.running()).toEqual([]);
    expect(events).toContainEqual({ type: "exited", taskId: "first", signal: "SIGKILL" });
    expect(events.filter((event) => event.taskId === "late").map((event) => event.type)).not.toContain("started");
    rmSync(directory, { recursive: true });
  });
});
