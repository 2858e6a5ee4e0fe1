import { describe, expect, it } from "vitest";
import { virtualClock } from "../platform/virtual-clock.js";
import { createSteadyTimes } from "./steady-times.js";

const START = Date.parse("2026-01-01T12:00:00Z");

function open() {
  const clock = virtualClock(START);
  let stepMs = 0;
  const now = () => clock.now() + stepMs;
  const step = (seconds: number) => {
    stepMs += seconds * 1000;
  };
  return { clock, now, step, times: createSteadyTimes({ now, monotonic: clock.monotonic }) };
}

describe("R30 times of the wall clock", () => {
  it.each([3600, -3600, 1.5, -1.5])("stay as long ago as they are when the clock steps by %d s", async (seconds) => {
    const { clock, now, step, times } = open();
    const at = START - 5000;
    expect(times.of("a", at)).toBe(at);
    await clock.advance(2000);
    expect(times.of("a", at)).toBe(at);
    step(seconds);
    expect(now() - times.of("a", at)).toBe(7000);
    await clock.advance(1000);
    expect(now() - times.of("a", at)).toBe(8000);
    expect(times.of("b", now() - 10)).toBe(now() - 10);
  });

  it("are never to come", () => {
    const { now, times } = open();
    expect(times.of("a", START + 3_600_000)).toBe(now());
  });

  it("begin anew when something happens again, and when nobody asked for a while", async () => {
    const { clock, now, step, times } = open();
    times.of("a", START);
    await clock.advance(5000);
    expect(times.of("a", START + 4000)).toBe(START + 4000);
    times.sweep();
    step(-3600);
    expect(now() - times.of("a", START + 4000)).toBe(1000);
    times.sweep();
    times.sweep();
    // forgotten: it lies in what is the future now
    expect(times.of("a", START + 4000)).toBe(now());
  });
});
