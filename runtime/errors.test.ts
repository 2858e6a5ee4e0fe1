import { describe, expect, it } from "vitest";
import { STATUS_CODES, StatusError, type StatusReason } from "../api-types/meta/status-error.js";
import { NEXT_STEPS, nextStepOf } from "./errors.js";

describe("nextStepOf", () => {
  it("has a row for every reason", () => {
    expect(Object.keys(NEXT_STEPS).sort()).toEqual(Object.keys(STATUS_CODES).sort());
  });

  it.each<[StatusReason, string]>([
    ["Conflict", "again"],
    ["NotFound", "done"],
    ["Invalid", "stalled"],
    ["ServiceUnavailable", "backOff"],
    ["Fenced", "stop"],
  ])("answers %s with %s", (reason, type) => {
    expect(nextStepOf(new StatusError(reason, "m")).type).toBe(type);
  });

  it("obeys the server's hint", () => {
    const error = new StatusError("TooManyRequests", "m", { details: { retryAfterSeconds: 3 } });
    expect(nextStepOf(error)).toEqual({ type: "backOff", afterMs: 3000 });
  });

  it("backs off from what is not a StatusError", () => {
    expect(nextStepOf(new TypeError("bug"))).toEqual({ type: "backOff", afterMs: 0 });
  });
});
