import { describe, expect, it } from "vitest";
import { recording } from "../replay/recording.js";
import { exitOf } from "./exit.js";

describe("how a program ended", () => {
  it.each([
    ["Command exited with status 3", { exitCode: 3 }],
    ["Command exited with status 0", { exitCode: 0 }],
    ["Container exited with status 7", { exitCode: 7 }],
    ["Container exited with status 137", { exitCode: 137 }],
    ["Command terminated with signal Killed", { signal: "Killed" }],
    ["Command terminated with signal Terminated", { signal: "Terminated" }],
    ["Failed to launch container: Command exited with status 3", {}],
    ["Executor terminated", {}],
    ["", {}],
    [undefined, {}],
  ])("of %s", (message, exit) => {
    expect(exitOf(message)).toEqual(exit);
  });

  it("is told for every recorded task that says so, and for no other", () => {
    const messages = ["02-launch-command", "20-docker", "21-mesos-images-cni"].flatMap((name) =>
      recording(name).flatMap(({ event }) => (event?.type === "UPDATE" ? [event.update.status.message ?? ""] : [])),
    );
    const told = messages.filter((message) => Object.keys(exitOf(message)).length > 0);
    expect(new Set(told)).toEqual(
      new Set([
        "Command exited with status 0",
        "Command exited with status 1",
        "Command exited with status 3",
        "Command terminated with signal Killed",
        "Command terminated with signal Terminated",
        "Container exited with status 0",
        "Container exited with status 125",
        "Container exited with status 127",
        "Container exited with status 137",
        "Container exited with status 7",
      ]),
    );
    expect(messages.filter((message) => /status \d+$|with signal \w+$/.test(message)).length).toBeGreaterThanOrEqual(
      told.length,
    );
  });
});
