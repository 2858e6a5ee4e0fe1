import { describe, expect, it } from "vitest";
import { pinoLogger } from "./log-pino.js";

function start(level: "debug" | "info") {
  const lines: unknown[] = [];
  const log = pinoLogger({ level, destination: { write: (line) => lines.push(JSON.parse(line)) } });
  return { lines, log };
}

describe("pinoLogger", () => {
  it("writes one JSON line with level, time, message and fields", () => {
    const { lines, log } = start("info");
    log.child({ controller: "route" }).info("reconciled", { key: "a" });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(lines).toEqual([{ level: "info", time, controller: "route", key: "a", message: "reconciled" }]);
  });

  it("leaves out what is below its level", () => {
    const { lines, log } = start("info");
    log.debug("quiet");
    log.warn("loud");
    log.error("louder");
    expect(lines).toMatchObject([{ level: "warn" }, { level: "error" }]);
  });

  it("keeps an error's message and cause", () => {
    const { lines, log } = start("debug");
    log.error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
    expect(lines).toMatchObject([{ error: { message: "outer", cause: { message: "inner" } } }]);
  });
});
